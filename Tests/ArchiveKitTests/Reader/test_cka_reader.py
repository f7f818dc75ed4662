#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests the independent reader with archives made by hand from Documentation/Format-Archive.md."""

import contextlib
import hashlib
import importlib.util
import io
import json
import os
import pathlib
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import xxhash

PROGRAM = pathlib.Path(__file__).with_name("cka-reader.py")
SPEC = importlib.util.spec_from_file_location("cka_reader", PROGRAM)
reader = importlib.util.module_from_spec(SPEC)
sys.modules["cka_reader"] = reader
SPEC.loader.exec_module(reader)

SYNC = b"\xecsynctag"[:8]
UUID = bytes(range(16))
FOOTER_MAGIC = b"\x89CKF\r\n\x1a\n"
sha = lambda data: hashlib.sha256(data).digest()
xxh3 = lambda data: struct.pack("<Q", xxhash.xxh3_64_intdigest(data))


def v(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def z(number):
    return v(number * 2 if number >= 0 else -number * 2 - 1)


def text(data):
    return v(len(data)) + data


def superblock(**change):
    field = dict(magic=b"\x89CKA\r\n\x1a\n", major=1, minor=0, read=0, write=0, ignore=0, uuid=UUID, sync=SYNC,
                 parent=bytes(16), parent_root=bytes(32), depth=0, time=0, identity=1, id_size=32, checksum=1, cutter=1,
                 fields=b"", least=16384, average=65536, greatest=262144, page=16384, fill=1 << 20) | change
    fields = field.pop("fields")
    order = ("magic major minor read write ignore uuid sync parent parent_root depth time identity id_size checksum "
             "cutter least average greatest page fill").split()
    data = struct.pack("<8sHHQQQ16s8s16s32sIqBBBB5I", *(field[name] for name in order)) + fields
    data = data.ljust(4088, b"\0")
    return data + xxh3(data)


class Writer:
    """Writes an archive front to back; `change` has values that replace the right ones."""

    def __init__(self, block=None, **change):
        self.block, self.change = block or superblock(), change
        self.out, self.headers = bytearray(self.block), []
        self.ids, self.lengths, self.blocks, self.index = [], [], [], []
        self.leaves, self.since, self.entries, self.file_bytes, self.points = [], [], 0, 0, []
        self.stored = self.raw = 0

    def frame(self, kind, body, count=0, first=0, raw=None, codec=0, flags=0, number=None, offset=None, sync=SYNC):
        offset = len(self.out) if offset is None else offset
        number = len(self.headers) if number is None else number
        raw = len(body) if raw is None else raw
        header = struct.pack("<8sBBHIIIQQQ8s", sync, kind, codec, flags, len(body), raw, count, number, offset, first,
                             xxh3(body))
        header += xxh3(header)
        self.headers.append(header)
        self.out += header + body
        return offset

    def data(self, *chunks, codec=0, ids=None, lengths=None, **more):
        raw = b"".join(chunks)
        payload = raw
        if codec == 4:
            deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
            payload = deflater.compress(raw) + deflater.flush()
        ids = ids or [sha(c) for c in chunks]
        body = b"".join(v(n) + i for n, i in zip(lengths or map(len, chunks), ids)) + payload
        place = (len(self.out), len(self.ids), len(body), len(raw))
        self.frame(1, body, **dict(dict(count=len(chunks), first=len(self.ids), raw=len(raw), codec=codec) | more))
        self.blocks.append(struct.pack("<QQII", *place))
        first = len(self.ids)
        self.ids += ids
        self.lengths += map(len, chunks)
        self.stored += len(body)
        self.raw += len(raw)
        return first

    def block_of_index(self, kind, raw, count, flags=0):
        number = len(self.index)
        record = struct.pack("<QII", len(self.out), len(raw), len(raw)) + sha(raw)
        self.frame(kind, raw, count=count, first=number, flags=flags)
        self.index.append(record)
        return number

    def map(self, items, kind=3, count=None, **more):
        raw = v(len(items)) + b"".join(items)
        return self.block_of_index(kind, raw, len(items) if count is None else count, **more), sha(raw)

    def tree(self, *entries, path=b"", bytes_of_files=0):
        raw = b"".join(entries)
        number = self.block_of_index(2, raw, len(entries))
        self.leaves.append(text(path) + v(len(entries)) + v(0) + v(number) + sha(raw))
        self.since.append((number, len(entries)))
        self.entries += len(entries)
        self.file_bytes += bytes_of_files
        return number

    def checkpoint(self, opened=b"", **change):
        values = dict(before=self.points[-1] if self.points else 0, chunks=len(self.ids), index=len(self.index),
                      entries=self.entries, leaves=self.since) | change
        raw = struct.pack("<QQQQ", values["before"], values["chunks"], values["index"], values["entries"])
        raw += v(len(values["leaves"])) + b"".join(v(a) + v(b) for a, b in values["leaves"])
        raw += b"\1" + opened if opened else b"\0"
        self.points.append(self.frame(8, raw, first=len(self.points)))
        self.since = []

    def finish(self, tail=b"", **change):
        places = []
        directory = b"".join(self.leaves)
        ids, blocks, index = (change.pop(name, getattr(self, name)) for name in ("ids", "blocks", "index"))
        for kind, body, count in ((4, directory, len(self.leaves)), (5, b"".join(ids), len(ids)),
                                  (6, b"".join(blocks), len(blocks)), (7, b"".join(index), len(index))):
            places += [len(self.out), 64 + len(body) if body else 0]
            if body:
                self.frame(kind, body, count=count)
        copy = self.frame(change.pop("last", 12), self.block, flags=1)
        places[0] += change.pop("moved", 0)
        places[3] += change.pop("longer", 0)
        h1 = sha(sha(b"".join(ids)) if ids else b"")
        root = sha(b"CKA1 content" + bytes(32) + b"\1" + struct.pack("<Q", len(self.ids)) + h1 + sha(directory))
        field = dict(magic=FOOTER_MAGIC, sync=SYNC, uuid=UUID, offset=len(self.out), frames=len(self.headers),
                     stored=self.stored, raw=self.raw, file_bytes=self.file_bytes, entries=self.entries,
                     chunks=len(self.ids), root=root, layout=sha(b"".join(self.headers)), copy=copy, depth=0) | change
        footer = struct.pack("<8s8s16s7Q8Q32s32sQI20x", *list(field.values())[:10], *places, *list(field.values())[10:])
        self.out += footer + xxh3(footer) + tail
        return bytes(self.out)


OWNER = v(os.getuid()) + v(os.getgid()) + text(b"user") + text(b"")


def entry(path, kind=0, rest=b"", flags=1, mode=0o644, owner=OWNER, time=z(0), shared=0, nanoseconds=7):
    """An entry with the time of the one before it, and an owner of its own."""
    return (v(shared) + text(path) + bytes([kind]) + v(flags) + v(mode) + (owner if flags & 1 else b"") + time +
            struct.pack("<I", nanoseconds) + rest)


def file(path, size=0, content=b"", digest=b"", flags=1, extra=b"", **more):
    flags |= 8 if digest else 0
    return entry(path, 0, v(size) + v(0) + content + digest + extra, flags=flags, **more)


def run(count, difference, length, ordinal=0):
    return v(count * 2) + v(ordinal) + z(difference) + v(length)


def hole(length):
    return v(1) + v(length)


def content(*items):
    return v(len(items)) + b"".join(items)


def digest(*parts):
    return sha(b"".join(struct.pack("<I", len(p)) + sha(p) if isinstance(p, bytes) else
                        struct.pack("<IQ", 0xFFFFFFFF, p) for p in parts))


class ReaderTestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def call(self, command, archive, *more):
        path = self.folder / "archive.cka"
        path.write_bytes(archive)
        out, errors, arguments = io.StringIO(), io.StringIO(), sys.argv
        sys.argv = ["cka-reader", command, str(path), *more]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                code = reader.main()
        finally:
            sys.argv = arguments
        return code, out.getvalue(), errors.getvalue()

    def good(self, archive):
        self.assertEqual(self.call("verify", archive)[:2], (0, ""))
        self.assertEqual(self.call("info", archive)[0], 0)
        return archive

    def bad(self, archive, expected):
        """What is verified gives the finding; to list and to extract it ends without a trap."""
        code, out, _ = self.call("verify", archive)
        self.assertIn(expected, out)
        self.assertEqual(code, 1)
        self.call("info", archive)
        self.call("list", archive)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            self.call("extract", archive, "-C", folder + "/tables")
            report = reader.Report(io.StringIO())
            with contextlib.suppress(reader.Damaged, reader.Unsupported), contextlib.redirect_stderr(io.StringIO()):
                reader.PipeExtractor(io.BytesIO(archive), reader.Restorer(folder + "/pipe", report), report).run()

    def extract(self, archive, name="out", pipe=False):
        """Extracts, by the tables or through a pipe, and gives the code, the findings and the folder."""
        target = self.folder / name
        if not pipe:
            return *self.call("extract", archive, "-C", str(target))[:2], target
        done = subprocess.run([sys.executable, PROGRAM, "extract", "-", "-C", target], input=archive,
                              capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), target


ONE, TWO, THREE = b"one" * 1000, b"two" * 2000, b"three" * 3000


class WholeArchiveTests(ReaderTestCase):
    """Archives that obey the document."""

    def small(self, **change):
        w = Writer(**change)
        w.data(ONE, TWO, codec=4)
        w.tree(file(b"a", 9000, content(run(2, 0, 0)), digest(ONE, TWO)), bytes_of_files=9000)
        return w

    def streamed(self):
        """Checkpoints, a file open across two of them, old chunks used again, maps, holes, a provisional map."""
        w = Writer()
        w.data(ONE, TWO)
        w.tree(entry(b"", 1, mode=0o755), entry(b"d", 1, mode=0o755), file(b"d/a", 3000, content(run(1, 0, 0))),
               bytes_of_files=3000)
        w.checkpoint(opened=file(b"d/b", 6000, content(run(1, 1, 0))))
        many = [struct.pack("<I", n) for n in range(5000)]
        start = w.data(*many, codec=4)
        self.assertEqual(start, 2)
        # The file so far: chunk 1, a hole, 4094 of the new chunks; the last map is to be replaced.
        half, half_sha = w.map([run(1, 1, 6000), hole(1 << 20), run(5, 0, 20)], flags=4)
        w.checkpoint(opened=file(b"d/b", 6020 + (1 << 20), v(1) + v(0) + v(half) + v(6020 + (1 << 20)) + half_sha,
                                 flags=5))
        w.data(THREE)
        first, first_sha = w.map([run(1, 1, 6000), hole(1 << 20), run(4095, 0, 16380)])
        second, second_sha = w.map([run(905, 4097, 3620), run(2, -5002, 9000), hole(10)])
        lengths = 6000 + (1 << 20) + 16380, 12630
        maps = v(2) + b"".join(v(0) + v(n) + v(b) + s for n, b, s in ((first, lengths[0], first_sha),
                                                                     (second, lengths[1], second_sha)))
        whole = digest(TWO, 1 << 20, *many, ONE, TWO, 10)
        w.tree(file(b"d/b", sum(lengths), maps, whole, flags=5), file(b"e", 15000, content(run(1, 5002, 0))),
               entry(b"f", 2, text(b"d/\xff")), entry(b"g", 3, mode=0o600),
               file(b"h", 15000, content(run(1, -1, 15000)), flags=17, extra=v(0) + v(3)),
               file(b"i", 15000, content(run(1, -1, 15000)), flags=17, extra=v(0) + v(3)),
               file(b"j", 500, content(hole(500)), digest(500)), path=b"d/b",
               bytes_of_files=6000 + 20000 + 9000 + 45000)
        return w.finish()

    def test_an_archive_of_nothing_is_right(self):
        self.good(Writer().finish())

    def test_a_small_archive_is_right_and_listed(self):
        archive = self.good(self.small().finish())
        line = json.loads(self.call("list", archive)[1])
        self.assertEqual((line["path"], line["size"]), ("a", 9000))
        self.assertEqual(line["content"], [{"ordinal": 0, "first": 0, "count": 2, "length": 9000}])

    def test_a_streamed_archive_comes_out_of_a_file_and_a_pipe_alike(self):
        archive = self.good(self.streamed())
        b = TWO + bytes(1 << 20) + b"".join(struct.pack("<I", n) for n in range(5000)) + ONE + TWO + bytes(10)
        for pipe in (False, True):
            with self.subTest(pipe=pipe):
                code, out, target = self.extract(archive, f"out{pipe}", pipe)
                self.assertEqual((code, out), (0, ""))
                self.assertEqual((target / "d/a").read_bytes(), ONE)
                self.assertEqual((target / "d/b").read_bytes(), b)
                self.assertLess((target / "d/b").stat().st_blocks * 512, 1 << 19)
                self.assertEqual((target / "e").read_bytes(), THREE)
                self.assertEqual(os.readlink(os.fsencode(target / "f")), b"d/\xff")
                self.assertTrue(stat.S_ISFIFO((target / "g").stat().st_mode))
                self.assertTrue((target / "h").samefile(target / "i"))
                self.assertEqual((target / "j").read_bytes(), bytes(500))
                self.assertEqual((target / "d/b").stat().st_mtime_ns, 7)
                self.assertEqual(stat.S_IMODE((target / "d").stat().st_mode), 0o755)

    def test_what_a_cut_pipe_brought_is_extracted(self):
        w = Writer()
        w.data(ONE, TWO)
        w.tree(file(b"a", 3000, content(run(1, 0, 0))))
        w.checkpoint(opened=file(b"b", 6000, content(run(1, 1, 0))))
        code, out, target = self.extract(bytes(w.out) + SYNC, pipe=True)
        self.assertEqual(code, 1)
        self.assertIn("truncated", out)
        self.assertIn("only its beginning", out)
        self.assertEqual((target / "a").read_bytes(), ONE)
        self.assertEqual((target / "b").read_bytes(), TWO)

    def test_behind_a_damaged_header_reading_goes_on(self):
        w = Writer()
        w.data(ONE)
        place = len(w.out)
        w.data(SYNC + TWO)
        w.data(THREE)
        w.tree(file(b"a", 3000, content(run(1, 0, 0))), file(b"b", 15000, content(run(1, 1, 0))), bytes_of_files=18000)
        archive = bytearray(w.finish())
        archive[place + 20] ^= 1
        for pipe in (False, True):
            code, out, target = self.extract(bytes(archive), f"out{pipe}", pipe)
            self.assertEqual(code, 1 if pipe else 0, out)
            self.assertEqual((target / "a").read_bytes(), ONE)
            self.assertEqual((target / "b").read_bytes(), THREE)
        self.bad(bytes(archive), "header checksum")

    def test_bytes_behind_the_footer_are_not_of_the_archive(self):
        self.assertEqual(self.call("verify", self.small().finish(tail=bytes(5000)))[2], "")
        code, _, errors = self.call("verify", self.small().finish(tail=bytes(5000) + b"x"))
        self.assertEqual(code, 0)
        self.assertIn("behind the footer", errors)

    def test_the_copy_stands_in_for_a_damaged_superblock(self):
        archive = bytearray(self.small().finish())
        archive[200] ^= 1
        self.bad(bytes(archive), "superblock: checksum")
        _, out, target = self.extract(bytes(archive))
        self.assertIn("superblock: checksum", out)
        self.assertEqual((target / "a").read_bytes(), ONE + TWO)

    def test_a_greater_minor_version_and_what_may_be_skipped_are_read(self):
        field = struct.pack("<HH", 77, 3) + b"abc" + struct.pack("<HH", 1, 4) + b"name"
        w = Writer(superblock(minor=9, write=1, ignore=1, fields=field))
        w.frame(99, b"what", flags=1)
        self.good(w.finish())

    def test_every_bit_counts(self):
        archive = self.small().finish()
        for place in range(0, len(archive), 7):
            broken = bytearray(archive)
            broken[place] ^= 1 << place % 8
            self.assertEqual(self.call("verify", bytes(broken))[0], 1, f"byte {place}")


class PayloadTests(unittest.TestCase):
    """A payload is one unit of its codec and decodes to exactly the raw length."""

    def check_codec(self, codec, payload, raw):
        self.assertEqual(reader.decode(codec, payload, len(raw)), raw)
        for broken, length in ((payload + b"\0", len(raw)), (payload[:-1], len(raw)), (payload, len(raw) - 1),
                               (payload, len(raw) + 1), (payload + payload, len(raw)), (b"", len(raw))):
            with self.assertRaises(reader.Damaged, msg=f"{len(broken)} bytes for {length}"):
                reader.decode(codec, broken, length)

    def test_stored(self):
        self.check_codec(0, ONE, ONE)

    @unittest.skipUnless(reader.zstandard, "python3-zstandard is not here")
    def test_zstd(self):
        for sized in (True, False):
            for checked in (True, False):
                coder = reader.zstandard.ZstdCompressor(write_content_size=sized, write_checksum=checked)
                self.check_codec(1, coder.compress(ONE + bytes(300000)), ONE + bytes(300000))

    @unittest.skipUnless(reader.lz4block, "python3-lz4 is not here")
    def test_lz4(self):
        self.check_codec(2, reader.lz4block.compress(ONE, store_size=False), ONE)

    @unittest.skipUnless(reader.snappy, "python3-snappy is not here")
    def test_snappy(self):
        self.check_codec(3, reader.snappy.compress(ONE), ONE)

    def test_deflate(self):
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.check_codec(4, deflater.compress(ONE) + deflater.flush(), ONE)

    def test_others_are_unsupported(self):
        for codec in (5, 6, 7, 63, 64, 255):
            with self.assertRaises(reader.Unsupported):
                reader.decode(codec, ONE, len(ONE))


class RefusalTests(ReaderTestCase):
    """Each breach of the document is found."""

    def test_superblock(self):
        for change, expected in (
                (dict(magic=b"\x89CKB\r\n\x1a\n"), "superblock: magic"),
                (dict(major=2), "unsupported: superblock: major"),
                (dict(read=4), "unsupported: superblock: features"),
                (dict(identity=2), "unsupported: superblock: ident"),
                (dict(id_size=20), "unsupported: superblock: ids"),
                (dict(checksum=2), "unsupported: superblock: check"),
                (dict(fields=struct.pack("<HH", 0x8001, 0)), "must be understood"),
                (dict(fields=struct.pack("<HH", 1, 5000)), "goes over the end"),
                (dict(sync=FOOTER_MAGIC), "sync tag is the magic"), (dict(parent=UUID), "a full archive has a parent")):
            with self.subTest(change=change):
                self.bad(Writer(superblock(**change)).finish(), expected)

    def test_checksums_and_cuts(self):
        w = Writer()
        w.data(ONE)
        archive = w.finish()
        end = len(archive)
        for place, expected in ((130, "superblock: checksum"), (4096 + 20, "frame at 4096: header checksum"),
                                (4096 + 70, "frame 0 (data block) at 4096: body checksum"),
                                (end - 100, "footer: checksum"), (end - 2, "footer: checksum")):
            with self.subTest(place=place):
                broken = bytearray(archive)
                broken[place] ^= 8
                self.bad(bytes(broken), expected)
        for place, expected in ((0, "superblock: the file is too short"), (4095, "superblock: the file is too short"),
                                (4096, "truncated"), (4120, "the header is cut off"), (5000, "the body is cut off"),
                                (end - 1, "footer: magic")):
            with self.subTest(cut=place):
                self.bad(archive[:place], expected)

    def test_frames(self):
        for change, expected in (
                (dict(number=5), "number must be 0"), (dict(offset=9), "own offset"), (dict(sync=UUID[:8]), "sync tag"),
                (dict(flags=2), "unsupported: frame 0 (data block) at 4096: encrypted"), (dict(first=1), "first is 1"),
                (dict(raw=5 << 20), "is too great"), (dict(raw=2000), "stored length"),
                (dict(raw=3500), "lengths of chunks"), (dict(count=70000), "65,536"),
                (dict(lengths=[3001]), "lengths of chunks"), (dict(ids=[bytes(32)]), "id is not its SHA"),
                (dict(codec=1), "zstd frame is cut off"), (dict(codec=4), "does not decode"),
                (dict(codec=5), "unsupported codec 5"),
                (dict(codec=6), "unsupported codec 6"), (dict(codec=64), "unsupported codec 64")):
            with self.subTest(change=change):
                w = Writer()
                if "codec" in change:
                    change = dict(change)
                    codec = change.pop("codec")
                    frame = w.frame
                    w.frame = lambda *a, **k: frame(*a, **(k | dict(codec=codec) if a[0] == 1 else k))
                w.data(ONE, **change)
                self.bad(w.finish(), expected)
        w = Writer()
        w.frame(1, v(4) + sha(b"abcd") + b"abcdefgh", raw=4, count=1)
        self.bad(w.finish(), "more than the raw length and the table")
        w = Writer()
        w.frame(12, superblock(), codec=4)
        self.bad(w.finish(), "copy of the superblock")
        w = Writer()
        w.points.append(w.frame(8, bytes(32) + v(0) + b"\2"))
        self.bad(w.finish(), "neither open nor not")
        for kind, flags in ((99, 0), (10, 0), (14, 4)):
            w = Writer()
            w.frame(kind, b"what", flags=flags)
            self.bad(w.finish(), "unknown type")
        w = Writer()
        w.data(ONE)
        w.data(ONE)
        self.bad(w.finish(), "have the same id")
        w = Writer()
        w.data(b"")
        self.bad(w.finish(), "a chunk of no bytes")
        w = Writer()
        w.frame(4, b"", count=0)
        w.data(ONE)
        self.bad(w.finish(), "must stand before the directory")
        w = Writer()
        w.frame(12, superblock(time=1))
        self.bad(w.finish(), "it is not the superblock")

    def test_entries(self):
        long = b"/".join([b"x"] * 4097)
        for entries, expected in (
                ([file(b"b"), file(b"a")], "must not stand after"), ([file(b"a"), file(b"a")], "must not stand after"),
                ([file(b"a!"), entry(b"a", 1)], "must not stand after"),
                ([file(b"a!"), file(b"a/b")], "must not stand after"),
                ([file(b"a"), file(b"a/b")], "below what is no directory"), ([file(b"")], "empty path is not a dir"),
                ([file(b"../a")], "is not allowed"), ([file(b"a/./b")], "is not allowed"),
                ([file(b"a\0")], "not allowed"),
                ([file(b"/a")], "component is empty"), ([file(b"a/")], "component is empty"),
                ([file(b"x" * 256)], "longer than 255"), ([file(long)], "4096 components"),
                ([file(b"x" * 255 + b"/" * 65300)], "65,535 bytes"), ([file(b"a", shared=1)], "shares more"),
                ([file(b"a", flags=0)], "has no owner"), ([file(b"a", mode=0o10000)], "12 bits"),
                ([file(b"a", nanoseconds=10**9)], "nanoseconds"), ([entry(b"a", 2, v(0))], "target is empty"),
                ([file(b"a", time=b"\x80\0")], "shortest form"), ([file(b"a", time=b"\xff" * 9 + b"\2")], "below 2^64"),
                ([entry(b"a", 6)], "unsupported"), ([file(b"a", flags=257)], "unsupported"),
                ([file(b"a", flags=129, extra=v(1) + v(3) + text(b""))], "unsupported"),
                ([file(b"a", flags=129, extra=v(1) + v(2) + text(bytes(32)))], "SHA of the bytes"),
                ([file(b"a") + b"\0"], "left over"),
                ([file(b"a", flags=129, extra=v(1) + v(2) + text(b"x"))], "not 32 bytes"),
                ([file(b"a", time=z(2**63 - 1)), file(b"b", time=z(1))], "beyond 64 bits"),
                ([file(b"a")[:-1]], "ends too early"),
                ([file(b"a", flags=17, extra=v(0) + v(1)), file(b"b", flags=17, extra=v(0) + v(1), mode=0)],
                 "same file"),
                ([file(b"a", flags=17, extra=v(1) + v(1))], "hard link group of ordinal 1"),
                ([file(b"a", flags=33, extra=v(1) + text(b"user.a") + text(bytes(4 << 20)))], "more than 4 MiB")):
            with self.subTest(expected=expected):
                w = Writer()
                w.tree(*entries)
                self.bad(w.finish(), expected)

    def test_content(self):
        both = digest(ONE, TWO)
        for size, items, sum_, expected in (
                (9000, [run(2, 0, 9000)], bytes(32), "digest of the content"),
                (9000, [run(2, 0, 9000)], b"", "missing"),
                (3000, [run(1, 0, 3000)], digest(ONE), "a digest of one chunk"),
                (9001, [run(2, 0, 9000)], both, "the size"),
                (9001, [run(2, 0, 9001)], both, "9000 bytes, not 9001"), (9000, [run(2, 1, 9000)], both, "no chunk 2"),
                (9000, [run(1, 0, 0), run(1, 0, 6000)], both, "length 0"),
                (9000, [run(0, 0, 9000)], both, "neither a run"),
                (9000, [v(3) + v(9000)], both, "neither a run"), (9000, [run(1, -1, 9000)], both, "'a': chunk -1"),
                (9000, [run(2, 0, 9000, 1)], both, "ordinal 1"), (9000, [], both, "the size"),
                (9000, [run(2, 0, 9000), run(1, 0, 0)], both, "fewer bytes than chunks")):
            with self.subTest(expected=expected):
                w = Writer()
                w.data(ONE, TWO)
                w.tree(file(b"a", size, content(*items), sum_), bytes_of_files=size)
                self.bad(w.finish(), expected)

    def test_maps(self):
        for items, covered, more, expected in (
                ([run(1, 0, 3000)], 2999, {}, "not the size"), ([run(1, 0, 0)], 3000, {}, "length 0"),
                ([run(1, 0, 3000)], 3000, dict(kind=9), "is no map block"),
                ([run(1, 0, 3000)], 3000, dict(count=2), "count is not"),
                ([run(4097, 0, 5000)], 5000, {}, "a map of 4097 chunks"),
                ([run(1, 0, 2999)], 3000, {}, "does not cover"),
                ([run(1, 0, 3000)], 3000, dict(number=7), "no index block 7"),
                ([run(1, 0, 3000)], 3000, dict(digest=bytes(32)), "its SHA is not"),
                ([run(1, 0, 3000)], 3000, dict(ordinal=1), "map of a later archive")):
            with self.subTest(expected=expected):
                w = Writer()
                w.data(ONE)
                number, identity = w.map(items, more.get("kind", 3), more.get("count"))
                maps = v(1) + v(more.get("ordinal", 0)) + v(more.get("number", number)) + v(covered)
                size = 5000 if covered == 5000 else 3000
                w.tree(file(b"a", size, maps + more.get("digest", identity), flags=5), bytes_of_files=size)
                self.bad(w.finish(), expected)

    def test_stamps(self):
        w = Writer()
        w.tree(file(b"a"))
        w.block_of_index(9, bytes(20), 1)
        self.good(w.finish())
        w = Writer()
        w.block_of_index(9, bytes(20), 1)
        self.bad(w.finish(), "no tree block stands before it")
        w = Writer()
        w.tree(file(b"a"))
        w.block_of_index(9, bytes(40), 2)
        self.bad(w.finish(), "not one stamp for each entry")

    def test_directory(self):
        def archive(change):
            w = Writer()
            w.tree(file(b"a"), file(b"b"))
            w.tree(file(b"d"), path=b"c")
            w.block_of_index(3, b"", 0)
            change(w)
            return w.finish()

        def second(**more):
            def change(w):
                raw = file(b"d")
                values = dict(path=b"c", count=1, ordinal=0, number=1, digest=sha(raw)) | more
                w.leaves[1] = (text(values["path"]) + v(values["count"]) + v(values["ordinal"]) + v(values["number"]) +
                               values["digest"])
            return change

        self.good(archive(lambda w: None))
        for change, expected in (
                (second(path=b"e"), "separating path is after it"), (second(path=b"b"), "is not after every one"),
                (second(count=2), "directory says 2"), (second(digest=bytes(32)), "its SHA is not"),
                (second(number=9), "no index block 9"), (second(path=b""), "out of order"),
                (second(number=2, digest=sha(b"")), "a leaf that is no tree block"),
                (second(number=0), "is named twice"), (second(ordinal=1), "archive of depth 1"),
                (lambda w: w.leaves.pop(), "the directory does not have it"),
                (lambda w: w.leaves.pop(0), "path of the first leaf")):
            with self.subTest(expected=expected):
                self.bad(archive(change), expected)

    def test_checkpoints(self):
        for change, expected in (
                (dict(before=77), "offset of the one before"), (dict(chunks=3), "chunks so far are 2"),
                (dict(index=0), "index blocks so far"), (dict(entries=5), "entries so far"),
                (dict(leaves=[(0, 2)]), "leaves are not"), (dict(leaves=[]), "leaves are not"),
                (dict(opened=file(b"b", 3000, content(run(1, 2, 0)))), "no chunk 2"),
                (dict(opened=entry(b"b", 1)), "no file"),
                (dict(opened=file(b"b") + b"x"), "left over")):
            with self.subTest(expected=expected):
                w = Writer()
                w.data(ONE, TWO)
                w.tree(file(b"a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
                w.checkpoint(**change)
                self.bad(w.finish(), expected)

    def test_tables_and_footer(self):
        for change, expected in (
                (dict(ids=[bytes(32)]), "id table"), (dict(blocks=[bytes(24)]), "block table"),
                (dict(index=[bytes(48)]), "index table"), (dict(ids=[]), "id table: 0 records"),
                (dict(frames=1), "footer: frames"), (dict(stored=1), "footer: stored"), (dict(raw=1), "footer: raw"),
                (dict(file_bytes=1), "footer: bytes of all"), (dict(entries=9), "footer: entries"),
                (dict(chunks=9), "footer: chunks"), (dict(root=bytes(32)), "footer: contentRoot"),
                (dict(layout=bytes(32)), "footer: layoutRoot"), (dict(copy=1), "footer: offset of the copy"),
                (dict(last=99), "the last frame is not the copy"), (dict(moved=1), "footer: offset of the directory"),
                (dict(longer=1), "footer: length of the id table"),
                (dict(depth=1), "footer: depth"), (dict(uuid=bytes(16)), "footer: UUID"),
                (dict(sync=bytes(8)), "footer: sync tag"), (dict(offset=1), "own offset"),
                (dict(magic=bytes(8)), "truncated")):
            with self.subTest(change=change):
                w = Writer()
                w.data(ONE)
                w.tree(file(b"a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
                self.bad(w.finish(**change), expected)

    def test_frames_of_tables(self):
        for change, expected in ((dict(codec=4), "codec must be 0"), (dict(count=2), "length is not that"),
                                 (dict(first=1), "first must be 0"), (dict(raw=63), "length is not that")):
            for kind in (5, 6, 7):
                with self.subTest(change=change, kind=kind):
                    w = Writer()
                    frame = w.frame
                    w.frame = lambda *a, **k: frame(*a, **(k | change if a[0] == kind else k))
                    w.data(ONE)
                    w.tree(file(b"a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
                    archive = w.finish()
                    self.bad(archive, expected)
                    self.assertEqual(self.extract(archive)[0], 1)

    def test_all_frames_of_a_table_but_the_last_are_full(self):
        w = Writer()
        w.data(ONE, TWO)
        w.frame(5, sha(ONE), count=1)
        w.frame(5, sha(TWO), count=1, first=1)
        self.bad(w.finish(ids=[]), "frame 1 (id table) at 13228: 1 records")

    def test_records_of_the_directory_have_numbers_without_a_gap(self):
        w = Writer()
        frame = w.frame
        w.frame = lambda *a, **k: frame(*a, **(k | dict(first=1) if a[0] == 4 else k))
        w.tree(file(b"a"))
        archive = w.finish()
        self.bad(archive, "first must be 0")
        self.assertEqual(self.extract(archive)[0], 1)

    def test_a_pipe_is_not_trusted(self):
        for make, change, expected in (
                (dict(ids=[bytes(32)]), {}, "chunk 0: id"), ({}, dict(ids=[bytes(32)]), "id table: 1 records"),
                ({}, dict(root=bytes(32)), "contentRoot"), ({}, dict(layout=bytes(32)), "layoutRoot"),
                ({}, dict(uuid=bytes(16)), "UUID")):
            with self.subTest(expected=expected):
                w = Writer()
                w.data(ONE, **make)
                w.tree(file(b"a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
                code, out, _ = self.extract(w.finish(**change), pipe=True)
                self.assertIn(expected, out)
                self.assertEqual(code, 1)

    def test_the_tables_are_not_trusted(self):
        for change, expected in (
                (dict(ids=[bytes(32)]), "chunk 0: id"), (dict(ids=[]), "number of ids"),
                (dict(blocks=[bytes(24)]), "frame at 0"), (dict(index=[bytes(48)]), "frame at 0"),
                (dict(blocks=[]), "no block has chunk 0"), (dict(index=[]), "no index block 0"),
                (dict(blocks=[struct.pack("<QQII", 4096, 0, 1, 1)]), "not what the block table says"),
                (dict(blocks=[struct.pack("<QQII", 4096, 1, 3034, 3000)]), "no block has chunk 0"),
                (dict(blocks=[struct.pack("<QQII", 2**64 - 1, 0, 3034, 3000)]), "no offset"),
                (dict(root=bytes(32)), "contentRoot"), (dict(uuid=bytes(16)), "UUID"), (dict(depth=1), "depth")):
            with self.subTest(change=change):
                w = Writer()
                w.data(ONE)
                w.tree(file(b"a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
                code, out, _ = self.extract(w.finish(**change))
                self.assertIn(expected, out)
                self.assertEqual(code, 1)

    def test_extraction_does_not_go_through_links(self):
        w = Writer()
        w.data(ONE)
        w.tree(file(b"d/a", 3000, content(run(1, 0, 0))), bytes_of_files=3000)
        (self.folder / "out").mkdir()
        (self.folder / "out/d").symlink_to(self.folder)
        code, out, _ = self.extract(w.finish())
        self.assertEqual(code, 1)
        self.assertIn("is no directory", out)
        self.assertFalse((self.folder / "a").exists())


if __name__ == "__main__":
    unittest.main()
