# SPDX-License-Identifier: Apache-2.0
"""Tables and pictures of results, put into the pages that show them.

A page shows a figure between the lines <!-- figure NAME --> and <!-- end of figure -->.
"""
import os
import re

from . import chart

WORDS = {"reached": "reached", "tie": "a tie", "missed": "**missed**", "not measured": "not measured"}


def place(page, name, block):
    """Puts a block between the lines of a page that are there for it."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    pattern = re.compile(rf"(<!-- figure {re.escape(name)} -->\n).*?(<!-- end of figure -->)", re.DOTALL)
    replaced, count = pattern.subn(lambda match: match.group(1) + block + match.group(2), text)
    if count != 1:
        raise SystemExit(f"{page} has {count} places for the figure {name}")
    with open(page, "w", encoding="utf-8") as file:
        file.write(replaced)


def circumstances(report):
    """Machine, corpus, versions, date and whether the machine was busy, in a few lines."""
    machine, corpus = report["machine"], report["corpus"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report["versions"].items()))
    lines = []
    if report["busy_reasons"]:
        lines.append("**The machine was busy: " + "; ".join(report["busy_reasons"]) +
                     ". Take these figures as a first impression.**")
    lines.append(
        f"{report['date'][:10]}; {machine['processor']}, {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB; "
        f"{machine['system']}, kernel {machine['kernel']}.")
    if corpus:
        lines.append(f"Data: {corpus['name']}, {corpus['files']} files, of which {corpus['bytes'] / 1e6:.0f} MB were taken "
                     f"(digest {corpus['digest']}).")
    lines.append(f"Versions: {versions}; revision {report['revision']}.")
    lines.append(f"Again: `{report['command']}`.")
    return "\n".join(lines) + "\n"


def tree_line(report):
    """What the archives are of."""
    tree = report["tree"]
    return (f"A generated tree of {tree['entries']:,} entries and {tree['bytes'] / 1e6:.0f} MB; for the increment "
            f"{tree['changed_share']:.0%} of its 16 KiB pages change, ".replace("%", " %") +
            f"{tree['changed_bytes'] / 1e6:.1f} MB. Seconds by the clock, of the processors in brackets; medians of "
            "rounds in which all tools take turns; bold is the best of a column.\n")


def verdicts(rows, suites):
    """In words: how many bars are reached, which are not, and where a peer is ahead."""
    measured = [row for row in rows if "figure" in row]
    count = {word: sum(row["verdict"] == word for row in rows) for word in WORDS}
    text = (f"Of {len(rows)} bars that the project holds itself to, reached: {count['reached']}, "
            f"a tie: {count['tie']}, missed: {count['missed']}")
    if count["not measured"]:
        text += f", not measured here: {count['not measured']}"
    missed = [f"{row['work']} beside {row['against']} ({row['figure']:.2f}, bar {row.get('at_most', row.get('at_least')):.4g})"
              for row in measured if row["verdict"] == "missed"]
    text += ". Missed are " + "; ".join(missed) + ".\n" if missed else ".\n"
    beside = [result for result in suites.get("tool", []) if "peer" in result and " to 1" not in result["name"]]
    ahead = []
    for result in beside:
        # By the clock where threads are the point, by CPU time otherwise.
        key, word = ("wall", "time by the clock") if "threads" in result["name"] else ("cpu", "CPU time")
        if result[key]["ratio"] > 1.01:
            ahead.append(f"`{result['peer'].split()[0]}` at {result['name']} (we take {result[key]['ratio']:.2f} of its {word})")
    for key, word in STEPS:
        values = {result["name"]: result["steps"][key]["wall"] for result in suites.get("archives", [])
                  if key in result.get("steps", {})}
        if values and not (best := min(values, key=values.get)).startswith("archivetool"):
            ahead.append(f"{best} at {word} ({values[best]:.2f} s beside {values['archivetool create']:.2f})")
    more = [result for result in beside if result["memory"]["ratio"] > 1.01]
    if more:
        largest = max(result["memory"]["ours"] for result in more) / 2**20
        ahead.append(f"memory, in {len(more)} of {len(beside)} rows beside other tools, where we take up to {largest:.0f} MiB")
    if ahead:
        text += "\n**Where a peer wins:** " + "; ".join(ahead) + ".\n"
    return text.replace("|", "\\|")


def subtitle(report):
    busy = " Busy machine!" if report["busy_reasons"] else ""
    return f"{report['date'][:10]}, {report['machine']['processor'][:44].strip()}.{busy}"


def target_table(rows):
    lines = ["| work | beside | bar | figure | distance | |", "|---|---|--:|--:|--:|---|"]
    for row in rows:
        bar = f"≤ {row['at_most']:.4g}" if "at_most" in row else f"≥ {row['at_least']:.4g}"
        digits = 4 if row["unit"] == "size" and abs(row.get("figure", 0) - 1) < 0.1 else 2
        figure = f"{row['figure']:.{digits}f}" if "figure" in row else "-"
        distance = f"{row['distance']:+.1%}".replace("%", " %") if "distance" in row else "-"
        against = row["against"].replace("|", "\\|")
        lines.append(f"| {row['work']} | {against} | {bar} | {figure} | {distance} | {WORDS[row['verdict']]} |")
    return "\n".join(lines) + "\n"


def target_chart(rows, report):
    """All rows of time, memory and large differences of size, as multiples of the peer: less is better."""
    shown = []
    for row in rows:
        # Sizes are as good as equal everywhere but of increments, and the slowest files are for the table.
        if "figure" not in row or (row["unit"] == "size" and "bytes" not in row["work"]) or "slowest" in row["work"]:
            continue
        peer = row["against"].split(": ")[-1].split(",")[0].replace(" -3 -T2", "")
        turned = "at_least" in row
        shown.append({
            "name": row["work"].replace(": speed", ": CPU").replace("two", "2"), "peer": peer.replace("one", "1"), "verdict": row["verdict"],
            "value": 1 / row["figure"] if turned else row["figure"],
            "bar": 1 / row["at_least"] if turned else row["at_most"],
        })
    return chart.beside("Time, memory and bytes: ours as a multiple of the peer's", subtitle(report), shown)


def tool_table(results):
    lines = ["| work | beside | CPU | wall | size | memory |", "|---|---|--:|--:|--:|--:|"]

    def cell(result, key, digits=2):
        ratio = result.get(key, {}).get("ratio")
        if ratio is None:
            return ""
        return f"**{ratio:.{digits}f}**" if ratio > 1.01 else f"{ratio:.{digits}f}"

    for result in results:
        if "skipped" in result:
            lines.append(f"| {result['name']} | {result['skipped']} | | | | |")
            continue
        peer = result["peer"].replace("|", "\\|")
        lines.append(
            f"| {result['name']} | `{peer}` | {cell(result, 'cpu')} | {cell(result, 'wall')} | "
            f"{cell(result, 'size', 4)} | {cell(result, 'memory')} |")
    return "\n".join(lines) + "\n"


def library_table(results):
    lines = ["| codec | beside | compress | decompress | size |", "|---|---|--:|--:|--:|"]
    for result in results:
        lines.append(
            f"| {result['ours']} | {result['peer']} | {result['compress']['ratio']:.2f} | "
            f"{result['decompress']['ratio']:.2f} | {result['size']['ratio']:.4f} |")
    return "\n".join(lines) + "\n"


STEPS = (("full", "create"), ("increment", "increment"), ("restore", "restore"), ("one", "one file"), ("list", "list"),
         ("test", "test"))


def archive_table(results):
    measured = [result for result in results if "steps" in result]
    heads = ["tool", "full, MB", "increment, MB"] + [f"{word}, s" for _, word in STEPS] + ["memory, MiB"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    columns = {key: [result["steps"][key]["wall"] for result in measured if key in result["steps"]] for key, _ in STEPS}
    sizes = {key: [result["bytes"][key] for result in measured if key in result["bytes"]] for key in ("full", "increment")}
    for result in results:
        name = result["name"].replace("|", "\\|")
        if "skipped" in result:
            lines.append(f"| {name} | {result['skipped']} |" + " |" * (len(heads) - 2))
            continue
        cells = [name]
        for key in ("full", "increment"):
            value = result["bytes"].get(key)
            best = value is not None and value <= min(sizes[key])
            cells.append("" if value is None else f"**{value / 1e6:.1f}**" if best else f"{value / 1e6:.1f}")
        for key, _ in STEPS:
            step = result["steps"].get(key)
            best = step and step["wall"] <= min(columns[key])
            text = "" if step is None else f"{step['wall']:.2f} ({step['cpu']:.2f})"
            cells.append(f"**{text}**" if best else text)
        cells.append(f"{max(step['memory'] for step in result['steps'].values()) / 2**20:.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def archive_chart(results, report):
    measured = [result for result in results if "steps" in result]
    groups = []
    for key, word in (("full", "Create, seconds"), ("restore", "Restore, seconds"), ("one", "One file out of it, seconds")):
        lines = [(result["name"], result["steps"][key]["wall"], f"{result['steps'][key]['wall']:.2f}",
                  result["name"].startswith("archivetool")) for result in measured if key in result["steps"]]
        groups.append((word, sorted(lines, key=lambda line: line[1])))
    lines = [(result["name"], result["bytes"]["increment"], f"{result['bytes']['increment'] / 1e6:.1f}",
              result["name"].startswith("archivetool")) for result in measured if "increment" in result["bytes"]]
    groups.append(("Increment, MB added", sorted(lines, key=lambda line: line[1])))
    return chart.bars("Archives and backups of a tree", subtitle(report), groups, "s")


def command_list(suites):
    """All command lines, so that anybody can repeat one."""
    lines = []
    for result in suites.get("tool", []):
        if "ours" in result:
            packed = f"{result['packed_by']} >PACKED; " if "packed_by" in result else ""
            lines.append(f"{result['name']}: {packed}{result['ours']}; {result['peer']}")
    for result in suites.get("archives", []):
        lines += [f"{result['name']}, {step}: {value['command']}" for step, value in result.get("steps", {}).items()]
    return "\n".join(lines) + "\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
