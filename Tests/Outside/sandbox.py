# SPDX-License-Identifier: Apache-2.0

"""The commands that are disturbed, a fresh folder for each run, and what must be true afterwards."""

import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess

OLD = b"the old file\n"
DOCUMENTED = set(range(0, 12))
TEMPORARY = re.compile(r"^\.codeckit-[a-z2-7]{20}\.partial$")
# Where progress of an extraction is marked, and what --resume keeps.
MARKS = {".archivetool-incomplete"}


class Command:
    """One way to run the tool, with what it reads and writes."""

    def __init__(self, name, words, target=None, kind="file", stdin=None, removes=None, keeps_partial=False):
        self.name, self.words, self.target, self.kind = name, words, target, kind
        self.stdin, self.removes, self.keeps_partial = stdin, removes, keeps_partial


COMMANDS = [
    Command("compress", ["compress", "-f", "--sync", "-o", "out.zst", "plain"], "out.zst"),
    Command("compress-gzip", ["compress", "-f", "--codec", "gzip", "-o", "out.gz", "plain"], "out.gz"),
    Command("compress-verify", ["compress", "-f", "--sync", "--verify", "-o", "out.lz4", "--codec", "lz4", "plain"],
            "out.lz4"),
    Command("compress-rm", ["compress", "-f", "--rm", "source"], "source.zst", removes="source"),
    Command("compress-pipe", ["compress", "-c"], kind="stdout", stdin="plain"),
    Command("decompress", ["decompress", "-f", "--sync", "-o", "out", "plain.zst"], "out"),
    Command("decompress-sparse", ["decompress", "-f", "--sparse", "always", "-o", "out", "zeros.zst"], "out"),
    Command("decompress-qpress", ["extract", "-f", "-C", "tree", "files.qp"], "tree", kind="tree"),
    Command("cat", ["cat", "plain.gz"], kind="stdout"),
    Command("cat-member", ["cat", "-m", "t/d1/f11", "full.cka"], kind="stdout"),
    Command("test", ["test", "plain.zst", "plain.gz"], kind="stdout"),
    Command("test-archive", ["test", "--deep", "--chain", "child.cka"], kind="stdout"),
    Command("info", ["info", "plain.gz", "full.cka"], kind="stdout"),
    Command("list", ["list", "child.cka"], kind="stdout"),
    Command("diff", ["diff", "full.cka", "child.cka"], kind="stdout"),
    Command("create", ["create", "-f", "--sync", "--reproducible", "-o", "out.cka", "t"], "out.cka", kind="archive"),
    Command("create-parent", ["create", "-f", "--sync", "--parent", "full.cka", "-o", "out.cka", "t"], "out.cka",
            kind="archive"),
    Command("create-verify", ["create", "-f", "--verify", "--reproducible", "-o", "out.cka", "t"], "out.cka",
            kind="archive"),
    Command("create-resume", ["create", "-f", "--resume", "-o", "out.cka", "t"], "out.cka",
            kind="archive", keeps_partial=True),
    Command("create-stdin", ["create", "-f", "--stdin", "stream", "--reproducible", "-o", "out.cka"], "out.cka",
            kind="archive", stdin="plain"),
    Command("extract", ["extract", "-f", "--sync", "-C", "tree", "full.cka"], "tree", kind="tree"),
    Command("extract-chain", ["extract", "-f", "-C", "tree", "child.cka"], "tree", kind="tree"),
    Command("extract-pipe", ["extract", "-f", "-C", "tree", "-"], "tree", kind="tree", stdin="full.cka"),
    Command("extract-tar", ["extract", "-f", "--to-tar", "out.tar", "full.cka"], "out.tar"),
    Command("merge", ["merge", "-f", "--sync", "-o", "out.cka", "child.cka"], "out.cka", kind="archive"),
    Command("recover", ["recover", "-f", "-o", "out.cka", "cut.cka"], "out.cka", kind="archive"),
    Command("recompress", ["recompress", "-f", "-o", "out.zst", "plain.gz"], "out.zst"),
    Command("recompress-archive", ["recompress", "-f", "-1", "-o", "out.cka", "full.cka"], "out.cka", kind="archive"),
    Command("train", ["train", "-f", "-o", "out.dict", "-r", "samples"], "out.dict"),
]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


class World:
    """The inputs, made once by the tool itself, and what each command does when nothing disturbs it."""

    def __init__(self, tool, top):
        self.tool, self.top = os.path.abspath(tool), top
        self.inputs = os.path.join(top, "inputs")
        self.environment = {
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": os.path.join(top, "home"),
            # The backtracer of the runtime would be started for a trap, and hide it for seconds.
            "SWIFT_BACKTRACE": "enable=no",
            # A tool that counts what it runs must not leave that where it works.
            "LLVM_PROFILE_FILE": os.environ.get("LLVM_PROFILE_FILE", os.devnull),
        }
        self.make_inputs()
        self.seal = self.digest(self.inputs)
        self.expected = {}

    def run(self, words, folder, stdin=None, prefix=(), timeout=60, **options):
        """Runs the tool; the status is negative for a signal, and None when it hung."""
        with open(os.path.join(folder, stdin) if stdin else os.devnull, "rb") as file:
            process = subprocess.Popen(
                [*prefix, self.tool, *words], cwd=folder, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=self.environment, **options)
            try:
                output, errors = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                output, errors = process.communicate()
                return None, output, errors
        return process.returncode, output, errors

    def must(self, *words):
        status, _, errors = self.run(words, self.inputs)
        if status not in (0, 1):
            raise SystemExit(f"set-up failed: {' '.join(words)}: {status} {errors.decode(errors='replace')}")

    def make_inputs(self):
        source = random.Random(20)
        folder = self.inputs
        os.makedirs(folder)
        os.makedirs(self.environment["HOME"], exist_ok=True)
        words = [bytes(source.choices(b"abcdefghij", k=source.randrange(2, 9))) for _ in range(400)]
        text = b" ".join(source.choices(words, k=30_000))
        write(f"{folder}/plain", text + source.randbytes(150_000))
        write(f"{folder}/zeros", b"a" * 5000 + bytes(300_000) + b"b" * 5000)
        for number in range(20):
            size = 90_000 if number == 7 else number * 300
            write(f"{folder}/t/d{number // 7}/f{10 + number}", source.randbytes(size // 2) + text[:size - size // 2])
        os.symlink("d0/f10", f"{folder}/t/link")
        os.link(f"{folder}/t/d0/f12", f"{folder}/t/d2/same")
        os.mkfifo(f"{folder}/t/pipe")
        os.setxattr(f"{folder}/t/d0/f13", "user.a", b"1")
        for number in range(24):
            write(f"{folder}/samples/s{number}", text[number * 400:number * 400 + 4000])
        self.must("compress", "-k", "plain", "zeros")
        self.must("compress", "-k", "--codec", "gzip", "plain")
        self.must("create", "-o", "full.cka", "--reproducible", "t")
        write(f"{folder}/t/d1/f11b", text[5000:25_000])
        write(f"{folder}/t/d0/f14", source.randbytes(4000))
        os.remove(f"{folder}/t/d2/f27")
        self.must("create", "-o", "child.cka", "--parent", "full.cka", "t")
        self.must("create", "-o", "big.cka", "--codec", "none", "--reproducible", "t", "plain")
        write(f"{folder}/cut.cka", read(f"{folder}/big.cka")[:-3000])
        fixture = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/vectors/quicklz/archives")
        shutil.copy(os.path.join(fixture, "multi-files.qp"), f"{folder}/files.qp")

    @staticmethod
    def digest(folder):
        total = hashlib.sha256()
        for top, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(top, name)
                total.update(path.encode())
                if stat.S_ISREG(os.lstat(path).st_mode):
                    total.update(read(path))
        return total.hexdigest()

    def stage(self, command, folder):
        """A fresh folder: inputs by link, so that a run costs little; what is removed or replaced by copy."""
        os.makedirs(folder)
        for name in os.listdir(self.inputs):
            os.symlink(os.path.join(self.inputs, name), os.path.join(folder, name))
        # Sources are read with their links followed or as trees: those that are walked must be what they are.
        if "t" in command.words:
            os.remove(f"{folder}/t")
            subprocess.run(["cp", "-a", f"{self.inputs}/t", f"{folder}/t"], check=True, stderr=subprocess.DEVNULL)
        if "samples" in command.words:
            os.remove(f"{folder}/samples")
            subprocess.run(["cp", "-a", f"{self.inputs}/samples", f"{folder}/samples"], check=True,
                           stderr=subprocess.DEVNULL)
        if command.removes:
            shutil.copy(f"{self.inputs}/plain", f"{folder}/{command.removes}")
        if command.kind in ("file", "archive"):
            write(f"{folder}/{command.target}", OLD)
        if command.kind == "tree":
            write(f"{folder}/tree/t/d0/f15", OLD)
        return folder

    def baseline(self, command):
        """What the command brings undisturbed."""
        if command.name in self.expected:
            return self.expected[command.name]
        folder = self.stage(command, os.path.join(self.top, "baseline-" + command.name))
        status, output, errors = self.run([*command.words, "-T1"], folder, command.stdin)
        if status not in (0, 1):
            raise SystemExit(f"{command.name}: the undisturbed run: {status} {errors.decode(errors='replace')}")
        result = {"status": status, "output": output}
        if command.kind == "tree":
            result["tree"] = self.tree(os.path.join(folder, "tree"))
        elif command.target:
            result["bytes"] = read(os.path.join(folder, command.target))
            if command.kind == "archive":
                result["content"] = self.content(folder, command.target, bool(command.stdin))
        self.expected[command.name] = result
        shutil.rmtree(folder)
        return result

    @staticmethod
    def tree(folder):
        found = {}
        for top, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(top, name)
                mode = os.lstat(path).st_mode
                content = read(path) if stat.S_ISREG(mode) else stat.S_IFMT(mode)
                found[os.path.relpath(path, folder)] = content
        return found

    def content(self, folder, name, is_stream=False):
        """What an archive holds; None when it is not sound."""
        status, _, _ = self.run(["test", "--deep", "--chain", name], folder)
        if status != 0:
            return None
        status, output, _ = self.run(["list", "--json", name], folder)
        if status not in (0, 1):
            return None
        # What depends on the run is no part of it, nor are names of users, which a system may not know.
        entries = [json.loads(line) for line in output.splitlines() if b'"entry"' in line]
        # What was read from a pipe has the time of its coming.
        passing = {"archive", "user", "group", "stored"} | ({"mtime"} if is_stream else set())
        return [{key: value for key, value in entry.items() if key not in passing} for entry in entries]

    def is_new(self, command, folder, data):
        expected = self.baseline(command)
        if data == expected["bytes"]:
            return True
        if command.kind != "archive":
            return False
        return self.content(folder, command.target, bool(command.stdin)) == expected["content"]

    def judge(self, command, folder, status, output, errors, excuses=()):
        """What is wrong after a run; nothing when all is well."""
        wrong = []
        expected = self.baseline(command)
        text = errors.decode(errors="replace")
        if status is None:
            return ["it hung"]
        killed = "killed" in excuses
        if not killed and status not in DOCUMENTED and not (status == -13 and "pipe" in excuses):
            wrong.append(f"status {status}: {text[-300:]}")
        succeeded = status == expected["status"] and (status == 0 or not text.strip() or "cannot" not in text)
        if command.kind == "stdout":
            if status == 0 and output != expected["output"] and "no output" not in excuses:
                wrong.append("success with other output")
            if not expected["output"].startswith(output) and command.name.startswith(("cat", "compress")):
                wrong.append("other output before the error")
        elif command.kind == "tree":
            found = self.tree(os.path.join(folder, "tree"))
            # New files grow under their own names while the mark stands; what was there before is replaced when its
            # successor is complete.
            is_marked = any(path in MARKS for path in found)
            for path, content in found.items():
                if os.path.basename(path) in MARKS:
                    if status == 0:
                        wrong.append("success, and the mark of an incomplete extraction stays")
                elif TEMPORARY.match(os.path.basename(path)):
                    if "leftover" not in excuses and not killed:
                        wrong.append(f"left: {path}")
                elif path not in expected["tree"]:
                    wrong.append(f"unexpected: {path}")
                elif content != expected["tree"][path] and not (path == "t/d0/f15" and content == OLD):
                    if not (killed and is_marked and path != "t/d0/f15"):
                        wrong.append(f"neither old nor new: {path}")
            if "leftover" in excuses:
                found = {path: content for path, content in found.items()
                         if not TEMPORARY.match(os.path.basename(path))}
            if status == 0 and found != expected["tree"]:
                wrong.append("success with an incomplete tree")
        else:
            path = os.path.join(folder, command.target)
            data = read(path) if os.path.exists(path) else None
            started_absent = command.removes is not None
            if data is None and not started_absent:
                wrong.append("the old file is gone")
            elif data not in (None, OLD) and not self.is_new(command, folder, data):
                # What could not be read was said, and the output is complete for the rest.
                is_partial = (status == 1 and command.kind == "archive"
                              and self.content(folder, command.target) is not None)
                if not is_partial:
                    wrong.append("neither old nor new")
            elif data in (None, OLD) and status == 0:
                wrong.append("success without the output")
            if command.removes and not os.path.exists(os.path.join(folder, command.removes)):
                if data != expected["bytes"]:
                    wrong.append("the source is gone without a complete copy")
        for top, _, files in os.walk(folder):
            if os.path.basename(top) == "tree" and command.kind == "tree":
                continue
            for name in files:
                partial = name.endswith(".partial") and not TEMPORARY.match(name)
                if TEMPORARY.match(name) and "leftover" not in excuses and not killed and "tree" not in top:
                    wrong.append(f"left: {name}")
                if partial and not command.keeps_partial:
                    wrong.append(f"left: {name}")
        if not killed and status != expected["status"] and status != -13 and "nameless" not in excuses:
            if not text.strip():
                if "no errors" not in excuses:
                    wrong.append(f"status {status} without a message")
            elif not any(name in text for name in self.names(command)):
                wrong.append(f"the message names no file: {text[-200:]}")
        return wrong

    def names(self, command):
        names = {word for word in command.words if os.path.exists(os.path.join(self.inputs, word)) and word != "t"}
        names |= {"stdin", "stdout", "standard input", "standard output", "t/", "d0", "d1", "d2", "archivetool: t:",
                  "config"}
        names |= {word.split("/")[-1] for word in command.words if "." in word}
        names |= {name for name in (command.target, command.removes) if name}
        if "samples" in command.words:
            names.add("samples/")
        if "child.cka" in command.words:
            names.add("full.cka")
        return names
