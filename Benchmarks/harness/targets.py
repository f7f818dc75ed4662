# SPDX-License-Identifier: Apache-2.0
"""How far each figure is from the speed that the project holds itself to: thresholds/targets.json."""


def follow(value, path):
    """A figure within a result; None when it is not there."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def of_archives(path, peer, results):
    """A ratio of archivetool create to another tool, or to the best of all others."""
    figures = {}
    for result in results:
        step, name = path.split(".")
        holder = result.get("bytes", {}) if step == "bytes" else result.get("steps", {}).get(step, {})
        if holder.get(name):
            figures[result["name"]] = holder[name]
    ours = figures.pop("archivetool create", None)
    figures = {name: value for name, value in figures.items() if not name.startswith("archivetool")}
    name = min(figures, key=figures.get) if peer == "best" and figures else peer
    if ours is None or name not in figures:
        return None, None
    return ours / figures[name], name if peer == "best" else None


def value(row, suites):
    """The figure of a row, and which peer it is beside where the row leaves that open."""
    name, path = row["value"].rsplit("/", 1)
    if name == "archives":
        path, peer = path.split(":", 1)
        return of_archives(path, peer, suites.get("archives", []))
    for results in suites.values():
        for result in results:
            if result["name"] == name:
                return follow(result, path), None
    return None, None


def judge(row, figure, tie):
    """In words: reached, tie or missed, and the distance to the bar in per cent of it, above zero when reached."""
    bar = row.get("at_most", row.get("at_least"))
    distance = (bar - figure) / bar if "at_most" in row else (figure - bar) / bar
    if (figure <= bar) if "at_most" in row else (figure >= bar):
        return "reached", distance
    # A size has no noise: there a tie would be an excuse.
    return "tie" if abs(figure - bar) <= tie and row["unit"] != "size" else "missed", distance


def rows(targets, suites):
    """Each row with its figure and its distance."""
    result = []
    for row in targets["rows"]:
        figure, peer = value(row, suites)
        line = dict(row)
        if peer:
            line["against"] = f"{row['against']}: {peer}"
        if figure is None:
            line["verdict"] = "not measured"
        else:
            verdict, distance = judge(row, figure, targets["tie"])
            line |= {"figure": round(figure, 4), "verdict": verdict, "distance": round(distance, 4)}
        result.append(line)
    return result
