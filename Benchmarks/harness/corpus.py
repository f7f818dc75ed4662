# SPDX-License-Identifier: Apache-2.0
"""What is measured on: the files that were named, joined into one, or a mix that is the same on every machine."""
import hashlib
import os
import random


def files(paths):
    """The files below some paths, in the order of their names."""
    found = []
    for path in paths:
        if os.path.isdir(path):
            for folder, folders, names in os.walk(path):
                folders.sort()
                found += [os.path.join(folder, name) for name in sorted(names)]
        else:
            found.append(path)
    return [path for path in found if os.path.isfile(path)]


class Corpus:
    """One file of at most a size, made of equal shares of all files that were named."""

    def __init__(self, paths, folder, limit):
        self.path = os.path.join(folder, "corpus")
        self.files = files(paths)
        self.total = sum(os.path.getsize(path) for path in self.files)
        if self.files:
            self.name = os.path.basename(os.path.abspath(paths[0])) if len(paths) == 1 else f"{len(paths)} paths"
            join(self.files, self.path, min(1.0, limit / max(1, self.total)))
        else:
            self.name = "built-in mix"
            mix(self.path, limit)
        self.bytes = os.path.getsize(self.path)
        self.digest = digest(self.path)

    def json(self):
        return {
            "name": self.name, "files": len(self.files), "total_bytes": self.total or None, "bytes": self.bytes,
            "digest": self.digest,
        }

    def repeated(self, folder, times):
        """The corpus again and again: for what is over too soon otherwise."""
        path = os.path.join(folder, f"corpus-{times}")
        if not os.path.exists(path):
            with open(self.path, "rb") as file:
                content = file.read()
            with open(path, "wb") as out:
                for _ in range(times):
                    out.write(content)
        return path


def join(paths, target, share):
    """The beginnings of files, one behind the other."""
    with open(target, "wb") as out:
        for path in paths:
            with open(path, "rb") as file:
                out.write(file.read(int(os.path.getsize(path) * share + 0.5)))


def digest(path):
    result = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            result.update(piece)
    return result.hexdigest()[:16]


def mix(path, size, seed=20260101):
    """Text, rows, pages and noise, the same bytes on every machine."""
    rng = random.Random(seed)
    words = ["".join(rng.choice("etaoinshrdlucmfwyp") for _ in range(rng.randint(2, 9))) for _ in range(4000)]
    with open(path, "wb") as out:
        written = 0
        while written < size:
            kind = rng.randrange(8)
            if kind < 3:
                piece = " ".join(rng.choices(words, k=20000)).encode()
            elif kind < 5:
                piece = "".join(
                    f"{n},{rng.choice(words)},{rng.randrange(10**6)},{rng.random():.4f}\n" for n in range(6000)
                ).encode()
            elif kind < 7:
                row = rng.randbytes(64)
                piece = b"".join(
                    n.to_bytes(8, "little") + row[: rng.randrange(8, 64)] + bytes(rng.randrange(64))
                    for n in range(2500)
                )
            else:
                piece = rng.randbytes(100_000)
            piece = piece[: size - written]
            out.write(piece)
            written += len(piece)
