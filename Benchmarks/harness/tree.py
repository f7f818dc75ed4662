# SPDX-License-Identifier: Apache-2.0
"""A tree like that of a database server, the same on every machine, and what a day does to its pages."""
import hashlib
import os
import random
import stat

PAGE = 16384
BIRTH = 1_700_000_000


class Tree:
    """Half of it tables of 16 KiB pages; then a dump, logs, sources, images that do not compress, and copies."""

    def __init__(self, path, size, seed=1):
        self.path = path
        self.rng = random.Random(seed)
        self.words = [
            "".join(self.rng.choice("etaoinshrdlucmfwypgbv") for _ in range(self.rng.randint(2, 10)))
            for _ in range(3000)]
        self.tables = []
        self.tables_size = 0
        self.make(size)

    def make(self, size):
        for number in range(8):
            self.table(f"data/shop/table{number}.ibd", size // 2 // 8)
        self.write("dump/shop.sql", self.rows(size // 10))
        for number in range(6):
            self.write(f"log/server.log.{number}", self.log(size // 60))
        # Half of the files are small sources: 6 KiB each on the average.
        count = max(10, size // 8 // 6144)
        for number in range(count):
            name = f"src/part{number % 40:02}/module{number // 40:03}.c"
            self.write(name, self.text(self.rng.randrange(1024, 11264)))
        for number in range(12):
            self.write(f"media/{number:02}.jpg", self.rng.randbytes(size // 8 // 12))
        for number in range(4):
            name = f"data/shop/table{number % 2}.ibd"
            with open(os.path.join(self.path, name), "rb") as file:
                content = file.read(size // 80)
            self.write(f"old/copy{number}", content)
        os.makedirs(os.path.join(self.path, "etc"))
        for number in range(200):
            os.symlink(f"../src/part{number % 40:02}", os.path.join(self.path, f"etc/link{number}"))
        self.settle()

    def write(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def text(self, size):
        parts, length = [], 0
        while length < size:
            line = " ".join(self.rng.choices(self.words, k=9)) + ";\n"
            parts.append(line)
            length += len(line)
        return "".join(parts).encode()[:size]

    def rows(self, size):
        parts, length, number = [], 0, 0
        while length < size:
            number += 1
            line = (f"INSERT INTO shop VALUES ({number},'{self.rng.choice(self.words)} {self.rng.choice(self.words)}',"
                    f"{self.rng.randrange(10**6)},'2025-{number % 12 + 1:02}-{number % 28 + 1:02}');\n")
            parts.append(line)
            length += len(line)
        return "".join(parts).encode()[:size]

    def log(self, size):
        parts, length, clock = [], 0, BIRTH
        while length < size:
            clock += self.rng.randrange(3)
            line = (f"{clock} host{self.rng.randrange(8)} server[{self.rng.randrange(900)}]: "
                    f"{self.rng.choice(self.words)} {self.rng.choice(self.words)} took {self.rng.randrange(9000)} us\n")
            parts.append(line)
            length += len(line)
        return "".join(parts).encode()[:size]

    def page(self, number):
        """A page as a storage engine writes it: a header, records, room that is free, and a directory."""
        rng, parts, length = self.rng, [], 0
        room = rng.randrange(PAGE // 2, PAGE - 700)
        while length < room:
            record = (b"\x80\0" + rng.randrange(1 << 30).to_bytes(6, "big") + b"\0\0" +
                      f"{rng.choice(self.words)} {rng.choice(self.words)}".ljust(30).encode() +
                      rng.randrange(1 << 20).to_bytes(8, "big"))
            parts.append(record)
            length += len(record)
        head = rng.randbytes(4) + number.to_bytes(8, "big") + bytes(26)
        body = head + b"".join(parts)
        return body.ljust(PAGE - 120, b"\0")[: PAGE - 120] + rng.randbytes(8) * 15

    def table(self, name, size):
        count = max(1, size // PAGE)
        # Making pages is slow: each tenth is new, and the others are one of them with other numbers in it.
        base = [self.page(number) for number in range(max(1, count // 10))]
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            for number in range(count):
                file.write(self.varied(base[number % len(base)], number))
        self.tables.append(path)
        self.tables_size += count * PAGE

    def varied(self, page, number):
        """A page with other keys in all of its records, so that no two are alike."""
        result = bytearray(page)
        result[0:4] = self.rng.randbytes(4)
        result[4:12] = number.to_bytes(8, "big")
        noise = self.rng.randbytes(4 * (PAGE // 48))
        for index, place in enumerate(range(40, PAGE - 200, 48)):
            if result[place + 20]:
                result[place:place + 4] = noise[4 * index:4 * index + 4]
        return bytes(result)

    def settle(self, day=0):
        """Times that do not depend on when the tree was made."""
        for folder, folders, names in os.walk(self.path, topdown=False):
            for name in names + folders:
                path = os.path.join(folder, name)
                if day == 0 or os.lstat(path).st_mtime > BIRTH + 86400 * 100:
                    moment = (BIRTH + 86400 * day) * 10**9 + 123_456_789
                    os.utime(path, ns=(moment, moment), follow_symlinks=False)

    def change_pages(self, share, day=1):
        """The next day: some pages of each table have another content. How many bytes that is."""
        changed = 0
        for path in self.tables:
            count = os.path.getsize(path) // PAGE
            with open(path, "r+b") as file:
                for number in sorted(self.rng.sample(range(count), max(1, round(count * share)))):
                    file.seek(number * PAGE)
                    page = file.read(PAGE)
                    file.seek(number * PAGE)
                    file.write(self.varied(page, number))
                    changed += PAGE
        self.settle(day)
        return changed

    def json(self):
        state = entries(self.path)
        return {
            "entries": len(state), "bytes": sum(entry[1] for entry in state.values()),
            "digest": hashlib.sha256(repr(sorted(state.items())).encode()).hexdigest()[:16],
        }


def entries(top):
    """Kind and mode, size, time in seconds and content of each entry, to compare a restored tree with."""
    state = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                content, size = os.readlink(path), 0
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content, size = hashlib.sha256(file.read()).hexdigest(), status.st_size
            else:
                content, size = "", 0
            moment = int(status.st_mtime) if stat.S_ISREG(status.st_mode) else 0
            state[os.path.relpath(path, top)] = (stat.filemode(status.st_mode), size, moment, content)
    return state
