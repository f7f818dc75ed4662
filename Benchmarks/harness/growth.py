# SPDX-License-Identifier: Apache-2.0
"""How time and memory grow with the size of a stream and with the number of files: definitions/growth.json."""
import hashlib
import os
import random
import shutil
import subprocess
import threading

from . import processes


def shown(size):
    """1000000 as 1 MB."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size} B"


def packed(work, size, tool, path):
    """Generated data through a codec into a file."""
    source = subprocess.Popen([processes.program("sample-data"), str(size)], stdout=subprocess.PIPE)
    with open(path, "wb") as out:
        sample = processes.run([tool, *work["pack"]], feed=source.stdout, target=out)
    source.stdout.close()
    if source.wait() != 0:
        raise processes.Failed("the sample data could not be written")
    return sample


def same(size, tool, work, path):
    """Whether what comes back is what the generator writes."""
    digests = []

    def digest(command):
        result, process = hashlib.blake2b(), subprocess.Popen(command, stdout=subprocess.PIPE)
        while piece := process.stdout.read(1 << 20):
            result.update(piece)
        process.stdout.close()
        digests.append((process.wait(), result.hexdigest()))

    commands = [[processes.program("sample-data"), str(size)], [tool, *work["open"], path]]
    threads = [threading.Thread(target=digest, args=(command,)) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return digests[0] == digests[1] and digests[0][0] == 0


def size_rows(definitions, context, keep):
    """Each codec at each size: small ones several times, because their time is mostly that of a start.

    What there is is kept after each size, so that a run that is stopped has not been for nothing.
    """
    rows = []
    path = os.path.join(context.folder, "stream")
    for size in definitions["sizes"]:
        if size > context.largest:
            continue
        runs = 5 if size <= 10**7 else 3 if size <= 10**8 else 1
        for work in definitions["works"]:
            packs = [packed(work, size, context.tool, path) for _ in range(runs)]
            opens = [processes.run([context.tool, *work["open"], path]) for _ in range(runs)]
            # The largest is read a second time only where somebody looks for more than speed.
            if size <= 10**9 and not same(size, context.tool, work, path):
                raise processes.Failed(f"{work['name']}: {shown(size)} do not come back as they were")
            row = {"work": work["name"], "bytes": size, "packed": os.path.getsize(path), "runs": runs}
            for key, samples in (("pack", packs), ("open", opens)):
                best = min(samples, key=lambda sample: sample.cpu)
                row[key] = {
                    "wall": round(min(sample.wall for sample in samples), 4), "cpu": round(best.cpu, 4),
                    "memory": max(sample.memory for sample in samples),
                }
            rows.append(row)
            context.note(f"{shown(size):>7} {work['name']:30} {size / 1e6 / row['pack']['wall']:7.0f} MB/s and "
                         f"{size / 1e6 / row['open']['wall']:7.0f} MB/s, memory {row['pack']['memory'] / 2**20:.0f} and "
                         f"{row['open']['memory'] / 2**20:.0f} MiB, ratio {size / row['packed']:.2f}")
            os.remove(path)
        keep(rows)
    return rows


def make_files(top, count):
    """So many files, a thousand in a folder, with contents of their own of 60 bytes on the average."""
    rng = random.Random(5)
    for start in range(0, count, 1000):
        folder = os.path.join(top, f"d{start // 1000:05}")
        os.makedirs(folder)
        for number in range(min(1000, count - start)):
            with open(os.path.join(folder, f"f{number:03}"), "wb") as file:
                file.write(b"%d %s" % (start + number, rng.randbytes(30 + number % 60)))


def file_rows(definitions, context, keep):
    """Each step at each number of files; kept after each."""
    rows = []
    for count in definitions["files"]:
        if count > context.most:
            continue
        places = {key: os.path.join(context.folder, key) for key in ("folder", "archive", "next", "out")}
        make_files(places["folder"], count)
        processes.run(["sleep", "2.1"])
        row = {"files": count, "steps": {}}
        for step in definitions["steps"]:
            shutil.rmtree(places["out"], ignore_errors=True)
            os.makedirs(places["out"])
            command = [context.tool]
            for word in step["command"]:
                for key, value in places.items():
                    word = word.replace("{" + key + "}", value)
                command.append(word)
            sample = processes.run(command)
            row["steps"][step["name"]] = {
                "wall": round(sample.wall, 4), "cpu": round(sample.cpu, 4), "memory": sample.memory}
            context.note(f"{count:>8} files, {step['name']:9} {sample.wall:7.2f} s, CPU {sample.cpu:7.2f} s, "
                         f"{sample.memory / 2**20:.0f} MiB")
        row["archive_bytes"] = os.path.getsize(places["archive"])
        row["increment_bytes"] = os.path.getsize(places["next"])
        rows.append(row)
        keep(rows)
        for place in places.values():
            if os.path.isdir(place):
                shutil.rmtree(place)
            else:
                os.remove(place)
    return rows


def size_table(rows):
    """Speeds and memory, a row for each codec and a column for each size."""
    sizes = sorted({row["bytes"] for row in rows})
    works = list(dict.fromkeys(row["work"] for row in rows))
    lines = []
    for key, title in (("pack", "compress"), ("open", "decompress")):
        lines += [f"| {title}: MB/s by the clock; memory in MiB | " + " | ".join(map(shown, sizes)) + " |",
                  "|---|" + "--:|" * len(sizes)]
        for work in works:
            cells = []
            for size in sizes:
                row = next((row for row in rows if row["work"] == work and row["bytes"] == size), None)
                cells.append("" if row is None else
                             f"{size / 1e6 / row[key]['wall']:.0f}; {row[key]['memory'] / 2**20:.0f}")
            ratio = [row["bytes"] / row["packed"] for row in rows if row["work"] == work][-1]
            lines.append(f"| {work}, ratio {ratio:.2f} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def file_table(rows):
    """Seconds and memory, a row for each step and a column for each number of files."""
    lines = ["| seconds by the clock; memory in MiB | " + " | ".join(f"{row['files']:,} files" for row in rows) + " |",
             "|---|" + "--:|" * len(rows)]
    for step in rows[0]["steps"]:
        cells = [f"{row['steps'][step]['wall']:.2f}; {row['steps'][step]['memory'] / 2**20:.0f}" for row in rows]
        lines.append(f"| {step} | " + " | ".join(cells) + " |")
    lines.append("| bytes of the archive | " + " | ".join(f"{row['archive_bytes']:,}" for row in rows) + " |")
    lines.append("| bytes of the increment | " + " | ".join(f"{row['increment_bytes']:,}" for row in rows) + " |")
    return "\n".join(lines) + "\n"
