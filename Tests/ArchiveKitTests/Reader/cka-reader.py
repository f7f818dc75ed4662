#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads .cka archives by Documentation/Format-Archive.md alone, as a second opinion on what CodecKit writes."""

import argparse
import base64
import bisect
import collections
import dataclasses
import hashlib
import json
import os
import shutil
import stat
import struct
import sys
import tempfile
import zlib

import xxhash

try:
    import zstandard
except ImportError:
    zstandard = None
try:
    import lz4.block as lz4block
except ImportError:
    lz4block = None
try:
    import snappy
except ImportError:
    snappy = None

MIB = 1 << 20
SUPERBLOCK_SIZE, HEADER_SIZE, FOOTER_SIZE = 4096, 64, 256
SUPERBLOCK_MAGIC = bytes.fromhex("89434B410D0A1A0A")
FOOTER_MAGIC = bytes.fromhex("89434B460D0A1A0A")
DATA, TREE, MAP, DIRECTORY, IDS, BLOCKS, INDEX, CHECKPOINT, STAMPS, ANCESTRY, RESIDENCE, COPY = range(
    1, 13)
NAMES = {DATA: "data block", TREE: "tree block", MAP: "map block", DIRECTORY: "directory", IDS: "id table",
         BLOCKS: "block table", INDEX: "index table", CHECKPOINT: "checkpoint", STAMPS: "stamps block",
         ANCESTRY: "ancestry", RESIDENCE: "residence", COPY: "copy of the superblock"}
SKIPPABLE, ENCRYPTED, PROVISIONAL = 1, 2, 4
RECORD_SIZE = {IDS: 32, BLOCKS: 24, INDEX: 48}
RECORDS_IN_FRAME = 1 << 18
FILE, DIR, LINK, FIFO, CHARACTER, BLOCK = range(6)
KINDS = ("file", "directory", "link", "fifo", "character device", "block device")
ZEROS = bytes(32)
DETACHED = 1
# Chunks and index blocks are named by ordinal and number together.
SHIFT = 64


class Damaged(Exception):
    """Bytes break a rule of the document."""


class Unsupported(Exception):
    """The archive asks for what this reader does not know."""


class Report:
    """Counts findings and prints each on a line of its own."""

    def __init__(self, stream):
        self.stream, self.lines = stream, []

    def add(self, text):
        self.lines.append(str(text))
        print(text, file=self.stream)

    def error(self, where, error):
        kind = "unsupported" if isinstance(error, Unsupported) else "damaged"
        self.add(f"{where}: {kind}: {error}" if where else f"{kind}: {error}")

    def check(self, holds, text):
        if not holds:
            self.add(text)
        return holds

    def warn(self, text):
        print(f"warning: {text}", file=sys.stderr)


def must(holds, text):
    if not holds:
        raise Damaged(text)


def sha(data):
    return hashlib.sha256(data).digest()


def xxh3(data):
    return xxhash.xxh3_64_intdigest(data, seed=0)


def text_of(data):
    """Text when it is UTF-8, else an object with base64."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def show(path):
    return repr(path)[1:]


class Cursor:
    """Takes the numbers of the conventions from bytes."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def take(self, count):
        must(count <= len(self.data) - self.at, f"{self.what}: it ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def v(self):
        value = shift = 0
        while True:
            byte = self.u8()
            must(shift < 63 or byte <= 1, f"{self.what}: a number is not below 2^64")
            value |= (byte & 127) << shift
            if byte < 128:
                must(byte or not shift, f"{self.what}: a number is not in its shortest form")
                return value
            shift += 7

    def z(self):
        value = self.v()
        return (value >> 1) ^ -(value & 1)

    def text(self):
        return self.take(self.v())

    def end(self):
        must(self.at == len(self.data), f"{self.what}: bytes are left over")


# Superblock, footer, frames


class Superblock:
    LAYOUT = struct.Struct("<8sHHQQQ16s8s16s32sIqBBBB3III")

    def __init__(self, data):
        must(len(data) == SUPERBLOCK_SIZE, "superblock: the file is too short")
        must(data[:8] == SUPERBLOCK_MAGIC, "superblock: magic")
        must(xxh3(data[:4088]) == int.from_bytes(data[4088:], "little"), "superblock: checksum")
        (_, self.major, self.minor, self.read_features, self.write_features, self.other_features, self.uuid, self.sync,
         self.parent, self.parent_root, self.depth, self.time, self.identity, self.id_size, self.checksum, self.cutter,
         *self.cutting, self.page, self.fill) = self.LAYOUT.unpack_from(data)
        self.data, self.fields = data, []
        for holds, text in ((self.major == 1, f"major version {self.major}"),
                            (self.read_features & ~DETACHED == 0, f"features {self.read_features:#x}"),
                            (self.identity == 1, f"identification of chunks {self.identity}"),
                            (self.id_size == 32, f"ids of {self.id_size} bytes"),
                            (self.checksum == 1, f"checksum of frames {self.checksum}"),
                            (self.depth <= 1024, f"depth {self.depth}")):
            if not holds:
                raise Unsupported(f"superblock: {text}")
        self.is_index = bool(self.read_features & DETACHED)
        self.is_merged = self.depth > 0 and self.parent == bytes(16)
        must(self.sync != FOOTER_MAGIC, "superblock: the sync tag is the magic of the footer")
        if self.depth == 0:
            must(self.parent == bytes(16) and self.parent_root == ZEROS, "superblock: a full archive has a parent")
        at = 144
        while at + 4 <= 4088:
            kind, length = struct.unpack_from("<HH", data, at)
            if kind == 0:
                break
            must(at + 4 + length <= 4088, "superblock: a field goes over the end")
            if kind & 0x8000:
                raise Unsupported(f"superblock: field {kind:#x} must be understood")
            self.fields.append((kind, data[at + 4:at + 4 + length]))
            at += 4 + length

    def summary(self):
        names = {1: "name", 2: "description", 3: "program", 4: "source"}
        fields = [{"codec": f[0], "name": text_of(f[1:])} if k == 5 and f else {names.get(k, str(k)): text_of(f)}
                  for k, f in self.fields]
        return {"version": f"{self.major}.{self.minor}", "uuid": self.uuid.hex(), "sync": self.sync.hex(),
                "parent": self.parent.hex(), "parentContentRoot": self.parent_root.hex(), "depth": self.depth,
                "time": self.time, "identification": self.identity, "cutter": self.cutter, "cutting": self.cutting,
                "pageSize": self.page, "blockSize": self.fill, "fields": fields}


class Footer:
    LAYOUT = struct.Struct("<8s8s16s7Q8Q32s32sQIQQ")

    def __init__(self, data, offset):
        must(len(data) == FOOTER_SIZE and data[:8] == FOOTER_MAGIC, "footer: magic")
        must(xxh3(data[:248]) == int.from_bytes(data[248:], "little"), "footer: checksum")
        (_, self.sync, self.uuid, self.offset, self.frames, self.stored, self.raw, self.file_bytes, self.entries,
         self.chunks, *places, self.content_root, self.layout_root, self.copy, self.depth,
         residence, length) = self.LAYOUT.unpack_from(data)
        self.residence = residence, length
        must(self.offset == offset, f"footer: own offset is {self.offset}, it stands at {offset}")
        self.places = dict(zip((DIRECTORY, IDS, BLOCKS, INDEX), zip(places[::2], places[1::2])))

    def summary(self):
        return {"offset": self.offset, "frames": self.frames, "storedBytes": self.stored, "rawBytes": self.raw,
                "fileBytes": self.file_bytes, "entries": self.entries, "chunks": self.chunks,
                "tables": {NAMES[k]: {"offset": o, "length": n} for k, (o, n) in self.places.items()},
                "contentRoot": self.content_root.hex(), "layoutRoot": self.layout_root.hex(), "copy": self.copy,
                "depth": self.depth}


class Header:
    LAYOUT = struct.Struct("<8sBBHIIIQQQQQ")

    def __init__(self, data, sync, offset):
        must(len(data) == HEADER_SIZE, f"frame at {offset}: the header is cut off")
        (tag, self.type, self.codec, self.flags, self.stored, self.raw, self.count, self.number, self.offset,
         self.first, self.body_sum, checksum) = self.LAYOUT.unpack(data)
        self.bytes, self.where = data, f"frame at {offset}"
        must(tag == sync, f"{self.where}: sync tag")
        must(xxh3(data[:56]) == checksum, f"{self.where}: header checksum")
        must(self.offset == offset, f"{self.where}: own offset is {self.offset}")
        self.where = f"frame {self.number} ({self.name}) at {offset}"

    @property
    def name(self):
        return NAMES.get(self.type, f"type {self.type}")

    def require_known(self):
        """Refuses what cannot be read; true when the frame's inside is known."""
        if self.flags & ENCRYPTED:
            raise Unsupported(f"{self.where}: encrypted")
        if self.type not in NAMES and not self.flags & SKIPPABLE:
            raise Unsupported(f"{self.where}: unknown type that may not be skipped")
        return self.type in NAMES

    def require_lengths(self):
        must(self.raw <= (4 if self.type == DATA else 16) * MIB, f"{self.where}: raw length {self.raw} is too great")
        must(self.type != DATA or self.count <= 65536, f"{self.where}: more than 65,536 chunks")
        most = self.raw + (42 * self.count if self.type == DATA else 0)
        must(self.stored <= most, f"{self.where}: stored length {self.stored} is too great")

    def require_body(self, body):
        must(len(body) == self.stored, f"{self.where}: the body is cut off")
        must(xxh3(body) == self.body_sum, f"{self.where}: body checksum")


def zstd_frame_size(data):
    """Where the zstd frame at the start of the data ends (RFC 8878)."""
    at = zstandard.frame_header_size(data)
    last = False
    while not last:
        block = int.from_bytes(data[at:at + 3], "little")
        at += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
        must(at <= len(data), "the zstd frame is cut off")
        last = block & 1
    return at + (4 if zstandard.get_frame_parameters(data).has_checksum else 0)


def decode(codec, data, raw):
    """The payload decoded to exactly `raw` bytes."""
    try:
        if codec == 0:
            result = data
        elif codec == 1 and zstandard:
            must(zstd_frame_size(data) == len(data), "the payload is not one zstd frame")
            result = zstandard.ZstdDecompressor().stream_reader(data).read(raw + 1)
        elif codec == 2 and lz4block:
            result = lz4block.decompress(data, uncompressed_size=raw)
        elif codec == 3 and snappy:
            must(Cursor(data, "snappy").v() == raw, "the Snappy block has another length")
            result = snappy.uncompress(data)
        elif codec == 4:
            inflater = zlib.decompressobj(-15)
            result = inflater.decompress(data, raw + 1)
            must(inflater.eof and not inflater.unused_data, "the payload is not one deflate stream")
        else:
            raise Unsupported(f"unsupported codec {codec}")
    except (Damaged, Unsupported):
        raise
    except Exception as error:  # each codec has errors of its own
        raise Damaged(f"the payload does not decode: {error}") from None
    must(len(result) == raw, f"the payload decodes to {len(result)} bytes, not {raw}")
    return bytes(result)


def chunk_table(header, body):
    """The (length, id) of the chunks of a data block, and its payload, not decoded."""
    cursor = Cursor(body, header.where)
    chunks = [(cursor.v(), cursor.take(32)) for _ in range(header.count)]
    must(all(length for length, _ in chunks), f"{header.where}: a chunk of no bytes")
    must(sum(length for length, _ in chunks) == header.raw, f"{header.where}: lengths of chunks are not the raw length")
    payload = body[cursor.at:]
    must(len(payload) <= header.raw, f"{header.where}: stored length is more than the raw length and the table")
    return chunks, payload


def raw_of(header, body):
    """The raw bytes of a frame that is no data block."""
    try:
        return decode(header.codec, body, header.raw)
    except (Damaged, Unsupported) as error:
        raise type(error)(f"{header.where}: {error}") from None


class Source:
    """Bytes from front to back, of a file or a pipe."""

    def __init__(self, file):
        self.file, self.buffer, self.position = file, b"", 0

    def peek(self, count):
        while len(self.buffer) < count:
            more = self.file.read(count - len(self.buffer))
            if not more:
                break
            self.buffer += more
        return self.buffer[:count]

    def take(self, count):
        data = self.peek(count)
        self.buffer = self.buffer[len(data):]
        self.position += len(data)
        return data

    def skip_to(self, *tags):
        """Goes on to the next place where one of the tags stands; false at the end."""
        while len(self.peek(8)) == 8:
            window = self.peek(MIB)
            places = [p for p in map(window.find, tags) if p >= 0]
            self.take(min(places) if places else len(window) - 7)
            if places:
                return True
        return False


def read_superblock(source, report, spare=None):
    try:
        return Superblock(source.take(SUPERBLOCK_SIZE))
    except Damaged as error:
        if spare is None:
            raise
        report.error("", error)
        return spare


def walk(source, sync, report):
    """Frames front to back as (header, body), body None when damaged; last the footer, or None when truncated."""
    number, lost = 0, False
    while True:
        position = source.position
        start = source.peek(8)
        try:
            if start == FOOTER_MAGIC:
                footer = Footer(source.peek(FOOTER_SIZE), position)
                source.take(FOOTER_SIZE)
                report.check(footer.sync == sync, "footer: sync tag is not that of the superblock")
                yield footer, None
                return
            if not start:
                break
            header = Header(source.peek(HEADER_SIZE), sync, position)
        except Damaged as error:
            if not lost:
                report.error("", error)
            number, lost = None, True
            source.take(1)
            if not source.skip_to(sync, FOOTER_MAGIC):
                break
            continue
        lost = False
        source.take(HEADER_SIZE)
        if number is not None:
            report.check(header.number == number, f"{header.where}: number must be {number}")
        number = header.number + 1
        body = None
        try:
            header.require_lengths()
            body = source.take(header.stored)
            header.require_body(body)
            known = header.require_known()
        except (Damaged, Unsupported) as error:
            report.error("", error)
            known, body = True, None
        yield header, body if known else None
    report.add("truncated: there is no footer")
    yield None, None


def find_footer(file):
    """The footer at the end or in the last MiB, and what stands behind it; None when truncated."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - MIB)
    file.seek(start)
    data = file.read()
    at = len(data) - FOOTER_SIZE
    while at >= 0:
        if data[at:at + 8] == FOOTER_MAGIC:
            try:
                return Footer(data[at:at + FOOTER_SIZE], start + at), data[at + FOOTER_SIZE:]
            except Damaged:
                pass
        at = data.rfind(FOOTER_MAGIC, 0, at + 7)
    return None, b""


# The tree


@dataclasses.dataclass
class Piece:
    """A run, or a hole when count is 0."""
    length: int
    count: int = 0
    ordinal: int = 0
    first: int = 0


@dataclasses.dataclass
class Entry:
    path: bytes
    kind: int = FILE
    flags: int = 0
    mode: int = 0
    owner: tuple = (0, 0, b"", b"")
    seconds: int = 0
    nanoseconds: int = 0
    birth: tuple = None
    size: int = 0
    cut: int = 0
    pieces: list = None
    maps: list = None
    digest: bytes = None
    target: bytes = None
    device: tuple = None
    group: tuple = None
    attributes: list = dataclasses.field(default_factory=list)
    warnings: int = 0
    extensions: list = dataclasses.field(default_factory=list)

    def shared(self):
        """What the names of one hard-linked file have in common."""
        return (self.kind, self.mode, self.owner, self.seconds, self.nanoseconds, self.birth, self.size, self.pieces,
                self.digest, self.target, self.device, self.attributes)


def order(path):
    """Sorts as the document says: `/` below every other byte (no path has a 0)."""
    return path.replace(b"/", b"\0")


def check_path(path, kind):
    where = show(path)
    must(len(path) <= 65535, f"{where[:80]}: path of more than 65,535 bytes")
    if not path:
        must(kind == DIR, "the empty path is not a directory")
        return
    parts = path.split(b"/")
    must(len(parts) <= 4096, f"{where[:80]}: path of more than 4096 components")
    for part in parts:
        must(1 <= len(part) <= 255, f"{where[:80]}: a component is empty or longer than 255 bytes")
        must(b"\0" not in part and part not in (b".", b".."), f"{where}: component {show(part)} is not allowed")


def read_nanoseconds(cursor):
    value = cursor.u32()
    must(value < 10**9, f"{cursor.what}: nanoseconds are not below 10^9")
    return value


def in_i64(value, what):
    must(-2**63 <= value < 2**63, f"{what}: seconds are beyond 64 bits")
    return value


def read_pieces(cursor, depth, size=None, expected=None):
    """Runs and holes, and the numbers expected next, by ordinal. With a size, the last length may be 0 for all that is left."""
    pieces, total, items = [], 0, cursor.v()
    expected = {} if expected is None else expected
    for item in range(items):
        token = cursor.v()
        must(token == 1 or token and token % 2 == 0, f"{cursor.what}: {token} is neither a run nor a hole")
        piece = Piece(0)
        if token > 1:
            piece = Piece(0, token // 2, cursor.v())
            piece.first = cursor.z() + expected.get(piece.ordinal, 0)
            must(piece.ordinal <= depth, f"{cursor.what}: a run of ordinal {piece.ordinal}")
            must(0 <= piece.first <= piece.first + piece.count < 2**64, f"{cursor.what}: chunk {piece.first}")
            expected[piece.ordinal] = piece.first + piece.count
        piece.length = cursor.v()
        if piece.length == 0:
            must(size is not None and item == items - 1 and piece.count, f"{cursor.what}: length 0")
            piece.length = size - total
        total += piece.length
        must(piece.length >= max(1, piece.count), f"{cursor.what}: a run has fewer bytes than chunks, or a hole none")
        pieces.append(piece)
    must(size is None or total == size, f"{cursor.what}: runs and holes have {total} bytes, not the size")
    return pieces, expected


class EntryDecoder:
    """Decodes the entries of one tree block one after another."""

    def __init__(self, cursor, depth):
        self.cursor, self.depth = cursor, depth
        self.path, self.owner, self.seconds, self.expected = b"", None, 0, {}

    def next(self):
        c, start = self.cursor, self.cursor.at
        keep = c.v()
        must(keep <= len(self.path), f"{c.what}: an entry shares more than the path before it has")
        entry = Entry(self.path[:keep] + c.text())
        entry.kind, entry.flags, entry.mode = c.u8(), c.v(), c.v()
        has = lambda flag: bool(entry.flags & flag)
        if entry.kind > BLOCK or entry.flags > 255:
            raise Unsupported(f"{c.what}: entry {show(entry.path)} of kind {entry.kind}, flags {entry.flags:#x}")
        check_path(entry.path, entry.kind)
        block, c.what = c.what, f"{c.what}: entry {show(entry.path)}"
        must(entry.mode < 0o10000, f"{c.what}: mode has more than 12 bits")
        if has(1):
            self.owner = (c.v(), c.v(), c.text(), c.text())
        must(self.owner is not None, f"{c.what}: the first entry of a block has no owner")
        entry.owner = self.owner
        entry.seconds = in_i64(self.seconds + c.z(), c.what)
        entry.nanoseconds = read_nanoseconds(c)
        if has(2):
            entry.birth = (in_i64(entry.seconds + c.z(), c.what), read_nanoseconds(c))
        if entry.kind == FILE:
            self.content(entry, has)
        elif entry.kind == LINK:
            entry.target = c.text()
            must(entry.target, f"{c.what}: the target is empty")
        elif entry.kind in (CHARACTER, BLOCK):
            entry.device = (c.v(), c.v())
        if has(16):
            entry.group = (c.v(), c.v())
            must(entry.group[0] <= self.depth, f"{c.what}: a hard link group of ordinal {entry.group[0]}")
        if has(32):
            entry.attributes = [(c.text(), c.text()) for _ in range(c.v())]
        if has(64):
            entry.warnings = c.v()
        if has(128):
            entry.extensions = [(c.v(), c.text()) for _ in range(c.v())]
            for kind, value in entry.extensions:
                if kind % 2:
                    raise Unsupported(f"{c.what}: extension {kind} must be understood")
                must(kind != 2 or len(value) == 32, f"{c.what}: extension 2 is not 32 bytes")
        must(c.at - start <= 4 * MIB, f"{c.what}: more than 4 MiB")
        c.what, self.path, self.seconds = block, entry.path, entry.seconds
        return entry

    def content(self, entry, has):
        c = self.cursor
        entry.size, entry.cut, entry.pieces = c.v(), c.v(), []
        if entry.size and has(4):
            entry.pieces, entry.maps = None, [(c.v(), c.v(), c.v(), c.take(32)) for _ in range(c.v())]
            must(all(o <= self.depth for o, _, _, _ in entry.maps), f"{c.what}: a map of a later archive")
            covered = sum(length for _, _, length, _ in entry.maps)
            must(covered == entry.size, f"{c.what}: maps cover {covered} bytes, not the size")
        elif entry.size:
            entry.pieces, self.expected = read_pieces(c, self.depth, entry.size, self.expected)
        if has(8):
            entry.digest = c.take(32)


def entries_of(header, raw, depth):
    """The entries of a tree block."""
    cursor = Cursor(raw, header.where)
    decoder = EntryDecoder(cursor, depth)
    for _ in range(header.count):
        yield decoder.next()
    cursor.end()


def fill_content(entry, depth, index_block, chained=False):
    """Puts the runs of the maps into an entry; index_block(number, SHA) gives (header, raw)."""
    if entry.maps is None:
        return
    entry.pieces = []
    for position, (ordinal, number, length, digest) in enumerate(entry.maps):
        if ordinal != depth and not chained:
            raise Unsupported(f"{show(entry.path)}: a map block lies in the archive of depth {ordinal}")
        must(ordinal <= depth, f"{show(entry.path)}: a map of ordinal {ordinal}")
        header, raw = index_block(ordinal << SHIFT | number if chained else number, digest)
        must(header.type == MAP, f"{show(entry.path)}: index block {number} is no map block")
        cursor = Cursor(raw, header.where)
        pieces, _ = read_pieces(cursor, ordinal)
        cursor.end()
        must(len(pieces) == header.count, f"{header.where}: count is not the number of runs and holes")
        must(sum(p.length for p in pieces) == length, f"{header.where}: it does not cover the bytes the entry says")
        entry.pieces += pieces


def digest_of(pieces, chunk):
    """The digest of a content; chunk(number) gives (length, id). Also checks the lengths of the runs."""
    result = hashlib.sha256()
    for piece in pieces:
        if not piece.count:
            result.update(struct.pack("<IQ", 0xFFFFFFFF, piece.length))
            continue
        total = 0
        for number in range(piece.first, piece.first + piece.count):
            length, identity = chunk(number)
            result.update(struct.pack("<I", length) + identity)
            total += length
        must(total == piece.length, f"the run from chunk {piece.first} has {total} bytes, not {piece.length}")
    return result.digest()


class TreeRules:
    """The rules between entries: order, no path twice, nothing below what is no directory."""

    def __init__(self):
        self.last, self.groups = None, {}

    def check(self, entry):
        last, self.last = self.last, entry
        path = show(entry.path)
        if last is not None:
            must(order(entry.path) > order(last.path), f"tree: {path} must not stand after {show(last.path)}")
            must(last.kind == DIR or not entry.path.startswith(last.path + b"/"),
                 f"tree: {path} stands below what is no directory")
        if entry.group is not None:
            first = self.groups.setdefault(entry.group, entry)
            must(first.shared() == entry.shared(), f"tree: {path} is not the same file as {show(first.path)}")


Leaf = collections.namedtuple("Leaf", "path entries ordinal number digest")


def in_order(entries):
    """The tree that entries in any order make: of equal paths the last, nothing below what is no directory.

    What is no directory gives way to a later entry below it, and otherwise what is below it is left out.
    """
    latest = {}
    for number, entry in enumerate(entries):
        latest[entry.path] = (number, entry)
    tree = sorted(latest.values(), key=lambda item: order(item[1].path))
    above, yielding = [], set()
    for number, entry in tree:
        above = [(n, e) for n, e in above if entry.path.startswith(e.path + b"/")]
        yielding.update(n for n, _ in above if n < number)
        if entry.kind != DIR:
            above.append((number, entry))
    kept = []
    for number, entry in tree:
        last = next((e for e in reversed(kept) if e.kind != DIR), None)
        if number not in yielding and not (last and entry.path.startswith(last.path + b"/")):
            kept.append(entry)
    return kept


def directory_records(frames):
    """The leaves of the directory; frames are (header, raw)."""
    leaves = []
    for header, raw in frames:
        must(header.first == len(leaves), f"{header.where}: first must be {len(leaves)}")
        cursor = Cursor(raw, header.where)
        for _ in range(header.count):
            leaves.append(Leaf(cursor.text(), cursor.v(), cursor.v(), cursor.v(), cursor.take(32)))
        cursor.end()
    must(not leaves or leaves[0].path == b"", "directory: the path of the first leaf is not empty")
    for before, leaf in zip(leaves, leaves[1:]):
        must(order(before.path) < order(leaf.path), f"directory: the leaf {show(leaf.path)} is out of order")
    return leaves


def table_records(kind, frames):
    """The records of a table of fixed size; frames are (header, body)."""
    records, size = [], RECORD_SIZE[kind]
    for position, (header, body) in enumerate(frames):
        must(header.codec == 0, f"{header.where}: codec must be 0")
        must(header.raw == header.stored == header.count * size, f"{header.where}: length is not that of its records")
        must(header.first == len(records), f"{header.where}: first must be {len(records)}")
        must(header.count == RECORDS_IN_FRAME or position == len(frames) - 1 and 0 < header.count < RECORDS_IN_FRAME,
             f"{header.where}: {header.count} records")
        records += [body[at:at + size] for at in range(0, len(body), size)]
    return records


def content_root(superblock, chunks, id_bodies, directory):
    h1 = sha(b"".join(sha(body) for body in id_bodies))
    return sha(b"CKA1 content" + superblock.parent_root + bytes([superblock.identity]) + struct.pack("<Q", chunks) +
               h1 + sha(directory))


Checkpoint = collections.namedtuple("Checkpoint", "before chunks index entries leaves open")


def read_checkpoint(header, raw, depth):
    c = Cursor(raw, header.where)
    values = c.u64(), c.u64(), c.u64(), c.u64()
    if depth:
        raise Unsupported(f"{header.where}: increments are read by their directory alone")
    leaves = [(c.v(), c.v()) for _ in range(c.v())]
    is_open, entry = c.u8(), None
    must(is_open <= 1, f"{header.where}: {is_open} is neither open nor not")
    if is_open:
        entry = EntryDecoder(c, depth).next()
        must(entry.kind == FILE, f"{header.where}: the open entry is no file")
    c.end()
    return Checkpoint(*values, leaves, entry)


# Random access by the tables


class Indexed:
    """Finds everything by the footer."""

    def __init__(self, file, report, parents=()):
        self.file, self.report, self.parents, self.members = file, report, parents, {}
        self.footer, rest = find_footer(file)
        must(self.footer, "truncated: there is no footer")
        if any(rest):
            report.warn("bytes stand behind the footer")
        file.seek(0)
        try:
            self.superblock = Superblock(file.read(SUPERBLOCK_SIZE))
        except Damaged as error:
            report.error("", error)
            self.superblock = Superblock(raw_of(*self.frame(self.footer.copy, self.footer.sync, COPY)))
        self.sync, self.depth = self.superblock.sync, self.superblock.depth
        must(self.footer.sync == self.sync and self.footer.uuid == self.superblock.uuid,
             "footer: sync tag or UUID is not that of the superblock")
        must(self.footer.depth == self.depth, "footer: depth is not that of the superblock")
        frames = {kind: self.run(kind) for kind in self.footer.places}
        directory = [(h, raw_of(h, b)) for h, b in frames[DIRECTORY]]
        self.leaves = directory_records(directory)
        self.ids = table_records(IDS, frames[IDS])
        self.blocks = [struct.unpack("<QQII", r) for r in table_records(BLOCKS, frames[BLOCKS])]
        self.firsts = [first for _, first, _, _ in self.blocks]
        self.index = [struct.unpack("<QII32s", r) for r in table_records(INDEX, frames[INDEX])]
        self.ancestry, self.residence = [], None
        if self.depth:
            self.read_ancestry()
        must(self.superblock.is_merged == bool(self.footer.residence[1]), "footer: residence")
        if self.superblock.is_merged:
            self.read_residence()
        must(len(self.ids) == self.footer.chunks, "footer: chunks is not the number of ids")
        must(content_root(self.superblock, self.footer.chunks, [b for _, b in frames[IDS]],
                          b"".join(raw for _, raw in directory)) == self.footer.content_root, "footer: contentRoot")
        self.cache = collections.OrderedDict()

    def frame(self, offset, sync, kind):
        must(offset < 2**63, f"there is no offset {offset}")
        self.file.seek(offset)
        header = Header(self.file.read(HEADER_SIZE), sync, offset)
        header.require_known()
        must(header.type == kind or kind is None, f"{header.where}: it is no {NAMES.get(kind)}")
        header.require_lengths()
        body = self.file.read(header.stored)
        header.require_body(body)
        return header, body

    def run(self, kind):
        offset, length = self.footer.places[kind]
        end, frames = offset + length, []
        while offset < end:
            frames.append(self.frame(offset, self.sync, kind))
            offset += HEADER_SIZE + frames[-1][0].stored
        must(offset == end or not length, f"footer: length of the {NAMES[kind]}")
        return frames

    def read_ancestry(self):
        header, body = self.frame(SUPERBLOCK_SIZE, self.sync, ANCESTRY)
        must(header.count == self.depth and header.number == 0, f"{header.where}: it does not name all ancestors")
        cursor = Cursor(raw_of(header, body), header.where)
        for _ in range(self.depth):
            self.ancestry.append((cursor.take(16), cursor.take(32), cursor.text()))
        cursor.end()
        must(self.ancestry[-1][1] == self.superblock.parent_root, f"{header.where}: the last is not the parent")
        must(self.superblock.is_merged or self.ancestry[-1][0] == self.superblock.parent, f"{header.where}: UUID")
        must(len({root for _, root, _ in self.ancestry}) == self.depth, f"{header.where}: a contentRoot comes twice")

    def read_residence(self):
        offset, length = self.footer.residence
        end, raw = offset + length, b""
        while offset < end:
            header, body = self.frame(offset, self.sync, RESIDENCE)
            raw += raw_of(header, body)
            offset += HEADER_SIZE + header.stored
        must(offset == end, "footer: length of the residence")
        cursor = Cursor(raw, "residence")
        chunks, blocks = cursor.v(), cursor.v()
        must(chunks == self.footer.chunks, "residence: chunks")
        self.residence, place = [], sum(self.footer.places[INDEX])
        self.own_index = blocks
        for ordinal in range(self.depth):
            total, directory = cursor.v(), cursor.take(32)
            held, chunks = self.held(cursor, chunks)
            index, blocks = self.held(cursor, blocks)
            must(not held or held[-1][1] <= total, "residence: a chunk behind the end")
            frames, found = [], 0
            while found < total:
                frames.append(self.frame(place, self.sync, IDS))
                place += HEADER_SIZE + frames[-1][0].stored
                found += frames[-1][0].count
            ids = table_records(IDS, frames)
            must(len(ids) == total, f"residence: ids of ordinal {ordinal}")
            below = self.ancestry[ordinal - 1][1] if ordinal else ZEROS
            h1 = sha(b"".join(sha(body) for _, body in frames))
            root = sha(b"CKA1 content" + below + b"\1" + struct.pack("<Q", total) + h1 + directory)
            must(root == self.ancestry[ordinal][1], f"residence: contentRoot of ordinal {ordinal}")
            self.residence.append((ids, held, index))
        cursor.end()
        must(blocks == len(self.index), "residence: index blocks")

    @staticmethod
    def held(cursor, place):
        """Runs as (first, end, number here), and the number behind the last."""
        runs, at = [], 0
        for position in range(cursor.v()):
            passed, count = cursor.v(), cursor.v()
            must(count and (passed or not position), "residence: a run is empty, or touches the one before")
            runs.append((at + passed, at + passed + count, place))
            at, place = at + passed + count, place + count
        return runs, place

    @staticmethod
    def place_in(runs, number):
        at = bisect.bisect_right(runs, number, key=lambda run: run[0]) - 1
        must(at >= 0 and number < runs[at][1], f"residence: number {number} is not held")
        return runs[at][2] + number - runs[at][0]

    def member(self, ordinal):
        """The archive that holds what an ordinal means."""
        must(ordinal <= self.depth, f"there is no ordinal {ordinal}")
        if ordinal == self.depth or self.residence is not None:
            return self
        if ordinal not in self.members:
            self.members[ordinal] = self.find(ordinal)
        return self.members[ordinal]

    def find(self, ordinal):
        uuid, root, name = self.ancestry[ordinal]
        below = self.ancestry[ordinal - 1][1] if ordinal else ZEROS
        files = [os.path.join(os.fsencode(folder), file) for folder in self.parents
                 for file in sorted(os.listdir(os.fsencode(folder)))]
        files = [path for path in files if path.endswith((b".cka", b".ckx"))]
        # Archives before indexes, what has the name first.
        files.sort(key=lambda path: (path.endswith(b".ckx"), os.path.basename(path) != name))
        for path in files:
            try:
                found = Indexed(open(path, "rb"), self.report, self.parents)
            except (Damaged, Unsupported):
                continue
            if found.footer.content_root == root and found.depth == ordinal:
                must(found.superblock.parent_root == below, f"{show(path)}: it was made upon another archive")
                return found
        for other in range(ordinal + 1, self.depth):
            try:
                merged = self.member(other)
            except Damaged:
                continue
            if merged.residence is not None:
                return merged
        raise Damaged(f"the archive {text_of(name)} ({uuid.hex()}) of depth {ordinal} is not there")

    def chain_block(self, number, digest):
        """An index block, by ordinal and number."""
        ordinal, number = number >> SHIFT, number & (1 << SHIFT) - 1
        member = self.member(ordinal)
        if ordinal == member.depth:
            must(member.residence is None or number < member.own_index, f"there is no index block {number}")
            return member.index_block(number, digest)
        return member.index_block(member.place_in(member.residence[ordinal][2], number), digest)

    def chain_chunk(self, number):
        """A chunk, by ordinal and number."""
        ordinal, number = number >> SHIFT, number & (1 << SHIFT) - 1
        member = self.member(ordinal)
        if member.superblock.is_index:
            raise Damaged(f"of the archive of depth {member.depth} only the index is there")
        if ordinal == member.depth:
            must(number < len(member.ids), f"there is no chunk {number}")
            return member.chunk(number, member.ids[number])
        ids, held, _ = member.residence[ordinal]
        return member.chunk(member.place_in(held, number), ids[number])

    def index_block(self, number, digest):
        must(number < len(self.index), f"index table: there is no index block {number}")
        offset, stored, raw_length, sha_in_table = self.index[number]
        header, body = self.frame(offset, self.sync, None)
        must((header.first, header.stored, header.raw) == (number, stored, raw_length),
             f"{header.where}: it is not what the index table says")
        raw = raw_of(header, body)
        must(sha(raw) == digest == sha_in_table, f"{header.where}: SHA of the raw bytes")
        return header, raw

    def chunk(self, number, identity):
        place = bisect.bisect_right(self.firsts, number) - 1
        must(place >= 0, f"block table: no block has chunk {number}")
        if place not in self.cache:
            offset, first, stored, raw = self.blocks[place]
            header, body = self.frame(offset, self.sync, DATA)
            must((header.first, header.stored, header.raw) == (first, stored, raw),
                 f"{header.where}: it is not what the block table says")
            chunks, payload = chunk_table(header, body)
            self.cache[place] = chunks, split(chunks, raw_of(header, payload))
            if len(self.cache) > 16:
                self.cache.popitem(last=False)
        self.cache.move_to_end(place)
        chunks, pieces = self.cache[place]
        local = number - self.firsts[place]
        must(local < len(chunks), f"block table: no block has chunk {number}")
        must(sha(pieces[local]) == chunks[local][1] == identity, f"chunk {number}: id")
        return pieces[local]

    def entries(self):
        rules = TreeRules()
        for leaf in self.leaves:
            header, raw = self.chain_block(leaf.ordinal << SHIFT | leaf.number, leaf.digest)
            must(header.type == TREE and header.count == leaf.entries, f"{header.where}: not what the directory says")
            for entry in entries_of(header, raw, leaf.ordinal):
                fill_content(entry, leaf.ordinal, self.chain_block, chained=True)
                rules.check(entry)
                yield entry


def split(chunks, raw):
    pieces, at = [], 0
    for length, _ in chunks:
        pieces.append(raw[at:at + length])
        at += length
    return pieces


# The whole archive, front to back


class Verifier:
    """Walks all frames, then holds everything against everything else."""

    def __init__(self, file, report, payloads=True):
        self.file, self.report, self.payloads = file, report, payloads
        self.headers, self.blocks, self.index = [], [], {}
        self.chunks, self.tables = {}, {kind: [] for kind in (DIRECTORY, IDS, BLOCKS, INDEX)}
        self.checkpoint, self.entries, self.leaves = None, 0, []
        self.chunks_so_far = self.index_so_far = self.stored = self.raw = self.checkpoints = 0
        self.stage, self.root = DATA, hashlib.sha256()

    def run(self):
        report = self.report
        found, rest = find_footer(self.file)
        spare = None
        if found is not None:
            try:
                self.file.seek(found.copy + HEADER_SIZE)
                spare = Superblock(self.file.read(SUPERBLOCK_SIZE))
            except (Damaged, Unsupported, OSError, ValueError, OverflowError):
                pass
        self.file.seek(0)
        source = Source(self.file)
        self.superblock = read_superblock(source, report, spare)
        self.depth, self.footer = self.superblock.depth, None
        for header, body in walk(source, self.superblock.sync, report):
            if not isinstance(header, Header):
                self.footer = header
                break
            self.root.update(header.bytes)
            self.headers.append(header)
            self.guard(self.frame, header, body)
        if any(rest):
            report.warn("bytes stand behind the footer")
        if self.payloads:
            self.guard(self.check_tables)
            self.guard(self.check_tree)
        if self.footer is not None:
            self.check_footer(self.footer)

    def guard(self, step, *arguments):
        try:
            return step(*arguments)
        except (Damaged, Unsupported) as error:
            self.report.error("", error)

    def frame(self, header, body):
        kind = header.type
        if kind == DATA:
            self.raw += header.raw
            self.stored += header.stored
            self.first(header, self.chunks_so_far)
            self.blocks.append(header)
            self.chunks_so_far = header.first + header.count
        elif kind in (TREE, MAP, STAMPS):
            self.first(header, self.index_so_far)
            self.index_so_far = header.first + 1
            self.index[header.first] = (header, None)
            if kind == TREE:
                self.entries += header.count
                self.leaves.append((header.first, header.count))
        elif kind in self.tables:
            self.tables[kind].append((header, body))
        if kind in NAMES:
            stage = kind if kind in self.tables or kind == COPY else DATA
            self.report.check(stage >= self.stage, f"{header.where}: it must stand before the {NAMES[self.stage]}")
            self.stage = max(stage, self.stage)
        if body is None or not self.payloads:
            return
        if kind == DATA:
            self.data_block(header, body)
        elif kind in (TREE, MAP, STAMPS):
            self.index[header.first] = (header, raw_of(header, body))
            before = self.index.get(header.first - 1)
            if kind == STAMPS and self.report.check(before and before[0].type == TREE,
                                                    f"{header.where}: no tree block stands before it"):
                self.report.check(header.raw == 20 * before[0].count, f"{header.where}: not one stamp for each entry")
        elif kind == CHECKPOINT:
            self.check_checkpoint(header, raw_of(header, body))
        elif kind == COPY:
            self.report.check(raw_of(header, body) == self.superblock.data, f"{header.where}: it is not the superblock")

    def first(self, header, expected):
        self.report.check(header.first == expected, f"{header.where}: first is {header.first}, not {expected}")

    def data_block(self, header, body):
        chunks, payload = chunk_table(header, body)
        for position, chunk in enumerate(chunks):
            self.chunks[header.first + position] = chunk
        raw = raw_of(header, payload)
        for position, (piece, (_, identity)) in enumerate(zip(split(chunks, raw), chunks)):
            number = header.first + position
            self.report.check(sha(piece) == identity, f"{header.where}: chunk {number}: id is not its SHA")

    def check_checkpoint(self, header, raw):
        self.first(header, self.checkpoints)
        self.checkpoints = header.first + 1
        point = read_checkpoint(header, raw, self.depth)
        check, where = self.report.check, header.where
        check(point.before == (self.checkpoint.offset if self.checkpoint else 0), f"{where}: offset of the one before")
        check(point.chunks == self.chunks_so_far, f"{where}: chunks so far are {self.chunks_so_far}")
        check(point.index == self.index_so_far, f"{where}: index blocks so far are {self.index_so_far}")
        check(point.entries == self.entries, f"{where}: entries so far are {self.entries}")
        check(point.leaves == self.leaves, f"{where}: leaves are not the tree blocks since the checkpoint before")
        self.checkpoint, self.leaves = header, []
        if point.open is not None:
            fill_content(point.open, self.depth, self.index_block)
            self.check_content(point.open, is_open=True)

    def index_block(self, number, digest):
        header, raw = self.index.get(number, (None, None))
        must(header, f"there is no index block {number}")
        must(raw is not None, f"{header.where}: it is damaged, but needed")
        must(sha(raw) == digest, f"{header.where}: its SHA is not the one that is asked for")
        return header, raw

    def chunk(self, number):
        must(number in self.chunks, f"there is no chunk {number}")
        return self.chunks[number]

    def check_content(self, entry, is_open=False):
        where = show(entry.path)
        if entry.kind != FILE:
            return
        if any(p.count and p.ordinal != self.depth for p in entry.pieces):
            raise Unsupported(f"{where}: chunks lie in the archive of a lesser depth")
        try:
            digest = digest_of(entry.pieces, self.chunk)
        except Damaged as error:
            raise Damaged(f"{where}: {error}") from None
        simple = not entry.pieces or len(entry.pieces) == 1 and entry.pieces[0].count == 1
        if entry.digest is not None:
            self.report.check(entry.digest == digest, f"{where}: digest of the content")
        else:
            self.report.check(simple or is_open, f"{where}: the digest is missing")
        self.report.check(not simple or entry.digest is None, f"{where}: a digest of one chunk or nothing")

    def check_tables(self):
        check, tables = self.report.check, {}
        for kind in RECORD_SIZE:
            frames = [(h, b) for h, b in self.tables[kind] if b is not None]
            tables[kind] = self.guard(table_records, kind, frames)
        seen = {}
        for number, (_, identity) in sorted(self.chunks.items()):
            other = seen.setdefault(identity, number)
            check(other == number, f"chunks {other} and {number} have the same id")
        if self.footer is None:
            return
        ids = [self.chunks.get(n, (0, None))[1] for n in range(self.chunks_so_far)] if self.plausible() else None
        places = [struct.pack("<QQII", h.offset, h.first, h.stored, h.raw) for h in self.blocks]
        index = [struct.pack("<QII", h.offset, h.stored, h.raw) + sha(raw) if raw is not None else None
                 for _, (h, raw) in sorted(self.index.items())]
        for kind, expected in ((IDS, ids), (BLOCKS, places), (INDEX, index)):
            actual = tables[kind]
            if actual is None or expected is None:
                continue
            name = NAMES[kind]
            check(len(actual) == len(expected), f"{name}: {len(actual)} records, the frames have {len(expected)}")
            wrong = [n for n, (one, other) in enumerate(zip(actual, expected)) if other is not None and one != other]
            check(not wrong, f"{name}: {len(wrong)} records are not what the frames have, the first is {wrong[:1]}")

    def plausible(self):
        return self.chunks_so_far <= sum(h.count for h in self.blocks) + len(self.blocks) * 65536

    def check_tree(self):
        frames = [(h, raw_of(h, b)) for h, b in self.tables[DIRECTORY] if b is not None]
        leaves = directory_records(frames)
        check, rules = self.report.check, TreeRules()
        named = [leaf.number for leaf in leaves if leaf.ordinal == self.depth]
        check(len(named) == len(set(named)), "directory: a tree block is named twice")
        for number, (header, _) in sorted(self.index.items()):
            if header.type == TREE and not header.flags & PROVISIONAL and self.footer is not None:
                check(number in named, f"{header.where}: the directory does not have it")
        self.guard(self.check_provisional)
        self.total = self.file_bytes = 0
        reader = ChunkReader(self) if self.payloads else None
        for leaf in leaves:
            self.guard(self.check_leaf, leaf, rules, reader)
        if self.footer is not None:
            check(self.total == self.footer.entries, f"footer: entries are {self.total}")
            check(self.file_bytes == self.footer.file_bytes, f"footer: bytes of all files are {self.file_bytes}")
            ids = [body for _, body in self.tables[IDS] if body is not None]
            root = content_root(self.superblock, self.footer.chunks, ids, b"".join(raw for _, raw in frames))
            check(root == self.footer.content_root, "footer: contentRoot")

    def check_provisional(self):
        """Leaves that the directory does not name have entries all the same, in any order."""
        paths = set()
        for number, (header, raw) in sorted(self.index.items()):
            if header.type != TREE or not header.flags & PROVISIONAL or raw is None:
                continue
            for entry in entries_of(header, raw, self.depth):
                fill_content(entry, self.depth, self.index_block)
                unfinished = bool(entry.warnings & 2) and entry.digest is None
                self.check_content(entry, is_open=unfinished)
                paths.add(entry.path)
        return paths

    def check_leaf(self, leaf, rules, reader):
        if leaf.ordinal != self.depth:
            raise Unsupported(f"directory: a leaf lies in the archive of depth {leaf.ordinal}")
        header, raw = self.index_block(leaf.number, leaf.digest)
        must(header.type == TREE, f"{header.where}: a leaf that is no tree block")
        self.report.check(header.count == leaf.entries, f"{header.where}: the directory says {leaf.entries} entries")
        for position, entry in enumerate(entries_of(header, raw, self.depth)):
            self.total += 1
            if position == 0:
                self.report.check(order(leaf.path) <= order(entry.path), f"{header.where}: separating path is after it")
                self.report.check(not leaf.path or rules.last is None or order(rules.last.path) < order(leaf.path),
                                  f"{header.where}: separating path is not after every one before it")
            try:
                fill_content(entry, self.depth, self.index_block)
                if entry.kind == FILE:
                    self.file_bytes += sum(p.length for p in entry.pieces if p.count)
                self.check_content(entry)
                for kind, value in entry.extensions:
                    self.report.check(kind != 2 or reader.sha(entry) == value, f"{show(entry.path)}: SHA of the bytes")
            except (Damaged, Unsupported) as error:
                entry.pieces = entry.pieces or []
                self.report.error("", error)
            self.guard(rules.check, entry)

    def check_footer(self, footer):
        check = self.report.check
        check(footer.uuid == self.superblock.uuid, "footer: UUID is not that of the superblock")
        check(footer.depth == self.depth, "footer: depth is not that of the superblock")
        check(footer.frames == len(self.headers), f"footer: frames are {len(self.headers)}")
        check(footer.chunks == self.chunks_so_far, f"footer: chunks are {self.chunks_so_far}")
        check(footer.stored == self.stored, f"footer: stored bytes of data blocks are {self.stored}")
        check(footer.raw == self.raw, f"footer: raw bytes of data blocks are {self.raw}")
        check(footer.layout_root == self.root.digest(), "footer: layoutRoot")
        for kind, (offset, length) in footer.places.items():
            headers = [h for h, _ in self.tables[kind]]
            size = sum(HEADER_SIZE + h.stored for h in headers)
            check(length == size, f"footer: length of the {NAMES[kind]} is {size}")
            check(not headers or offset == headers[0].offset, f"footer: offset of the {NAMES[kind]}")
        last = self.headers[-1] if self.headers else None
        check(last and last.type == COPY, "the last frame is not the copy of the superblock")
        check(last and last.offset == footer.copy, "footer: offset of the copy of the superblock")

    def summary(self):
        kinds = collections.Counter(h.name for h in self.headers)
        return {"superblock": self.superblock.summary(), "footer": self.footer and self.footer.summary(),
                "frames": kinds, "codecs": sorted({h.codec for h in self.headers}), "checkpoints": self.checkpoints,
                "chunks": self.chunks_so_far, "indexBlocks": self.index_so_far, "entries": self.entries,
                "layoutRoot": self.root.hexdigest(), "findings": self.report.lines}


class ChunkReader:
    """Bytes of files out of a verified walk."""

    def __init__(self, verifier):
        self.file, self.blocks, self.sync = verifier.file, verifier.blocks, verifier.superblock.sync
        self.firsts, self.cached = [h.first for h in verifier.blocks], (None, None)

    def chunk(self, number):
        place = bisect.bisect_right(self.firsts, number) - 1
        must(place >= 0 and number < self.firsts[place] + self.blocks[place].count, f"there is no chunk {number}")
        if self.cached[0] != place:
            header = self.blocks[place]
            self.file.seek(header.offset + HEADER_SIZE)
            chunks, payload = chunk_table(header, self.file.read(header.stored))
            self.cached = place, split(chunks, raw_of(header, payload))
        return self.cached[1][number - self.firsts[place]]

    def sha(self, entry):
        result = hashlib.sha256()
        for piece in entry.pieces:
            for number in range(piece.first, piece.first + piece.count):
                result.update(self.chunk(number))
            left = 0 if piece.count else piece.length
            while left:
                result.update(bytes(min(left, MIB)))
                left -= min(left, MIB)
        return result.digest()


# Extraction


class Restorer:
    """Writes entries below a directory; knows where it has put which chunk."""

    def __init__(self, root, report):
        self.root, self.report = os.fsencode(root), report
        self.placed, self.groups, self.directories, self.begun = {}, {}, [], set()
        os.makedirs(self.root, exist_ok=True)

    def place(self, path):
        """The path in the file system, its parent made; refuses to go through links."""
        at = self.root
        for part in path.split(b"/")[:-1]:
            at = os.path.join(at, part)
            if not os.path.lexists(at):
                os.mkdir(at, 0o700)
            must(stat.S_ISDIR(os.lstat(at).st_mode), f"{show(path)}: {show(at)} is no directory")
        return os.path.join(self.root, path) if path else self.root

    def put(self, entry, chunk, length, is_open=False):
        """Writes one entry; chunk(number) gives bytes, length(number) their count. An open file has no metadata yet."""
        try:
            self.write(entry, chunk, length, is_open)
        except (Damaged, Unsupported, OSError, OverflowError) as error:
            self.report.add(f"{show(entry.path)}: not extracted: {error}")

    def write(self, entry, chunk, length, is_open):
        path = self.place(entry.path)
        there = os.lstat(path) if os.path.lexists(path) else None
        if entry.kind == DIR:
            if there is None:
                os.mkdir(path, 0o700)
            else:
                must(stat.S_ISDIR(there.st_mode), "something else is there")
            self.directories.append((path, entry))
            return
        if there is not None and entry.path not in self.begun:
            must(not stat.S_ISDIR(there.st_mode), "a directory is there")
            os.unlink(path)
        first = self.groups.setdefault(entry.group, path) if entry.group else path
        if first != path:
            os.link(first, path, follow_symlinks=False)
            return
        if entry.kind == FILE:
            self.content(path, entry, chunk, length)
            if is_open:
                return
        elif entry.kind == LINK:
            os.symlink(entry.target, path)
        elif entry.kind == FIFO:
            os.mkfifo(path, 0o600)
        elif os.geteuid() == 0:
            kind = stat.S_IFCHR if entry.kind == CHARACTER else stat.S_IFBLK
            os.mknod(path, kind | 0o600, os.makedev(*entry.device))
        else:
            self.report.warn(f"{show(entry.path)}: devices are made by root only")
            return
        self.metadata(path, entry)

    def content(self, path, entry, chunk, length):
        self.begun.add(entry.path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as file:
            at = 0
            for piece in entry.pieces:
                start = at
                try:
                    for number in range(piece.first, piece.first + piece.count):
                        if self.placed.get(number) != (path, at):
                            data = chunk(number)
                            file.seek(at)
                            file.write(data)
                            self.placed.setdefault(number, (path, at))
                        at += length(number)
                    must(at == start + piece.length or not piece.count, f"the run from chunk {piece.first}: its length")
                except (Damaged, Unsupported) as error:
                    self.report.add(f"{show(entry.path)}: damaged from {at} to {start + piece.length}: {error}")
                at = start + piece.length
            file.truncate(entry.size)

    def metadata(self, path, entry):
        if os.geteuid() == 0:
            os.chown(path, entry.owner[0], entry.owner[1], follow_symlinks=False)
        for name, value in entry.attributes:
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except OSError as error:
                self.report.warn(f"{show(entry.path)}: extended attribute {show(name)}: {error}")
        if entry.kind != LINK:
            os.chmod(path, entry.mode)
        time = entry.seconds * 10**9 + entry.nanoseconds
        os.utime(path, ns=(time, time), follow_symlinks=False)

    def finish(self):
        for path, entry in reversed(self.directories):
            try:
                self.metadata(path, entry)
            except (OSError, OverflowError) as error:
                self.report.add(f"{show(entry.path)}: {error}")


class PipeExtractor:
    """One pass: keeps the frames since the last checkpoint, then writes what it names.

    Chunks of before are read back from the files they were written to; map blocks are kept.
    """

    def __init__(self, stream, restorer, report):
        self.source, self.restorer, self.report = Source(stream), restorer, report
        self.spool, self.spooled, self.end = tempfile.TemporaryFile(), {}, 0
        self.known, self.index, self.directory, self.pending = {}, {}, [], []
        self.rules, self.done, self.opened = TreeRules(), set(), None
        self.provisional = []
        self.ids, self.root = [], hashlib.sha256()

    def run(self):
        with self.spool:
            self.walk()
        self.restorer.finish()

    def walk(self):
        superblock = Superblock(self.source.take(SUPERBLOCK_SIZE))
        self.depth, footer = superblock.depth, None
        for header, body in walk(self.source, superblock.sync, self.report):
            if not isinstance(header, Header):
                footer = header
                continue
            self.root.update(header.bytes)
            if body is not None:
                try:
                    self.frame(header, body)
                except (Damaged, Unsupported) as error:
                    self.report.error("", error)
        if footer is None:
            for number in list(self.pending):
                self.leaf(number)
            self.finish_provisional()
            if self.opened is not None:
                self.report.add(f"{show(self.opened.path)}: only its beginning was extracted")
        else:
            self.finish(superblock, footer)
            while rest := self.source.take(MIB):
                if any(rest):
                    self.report.warn("bytes stand behind the footer")
                    break

    def finish_provisional(self):
        """Without the end, what came in any order counts, behind what has been written in order."""
        entries = []
        for number in self.provisional:
            header, raw = self.index[number]
            entries += entries_of(header, raw, self.depth)
        for entry in in_order(entries):
            last = self.rules.last
            if last is None or order(last.path) < order(entry.path):
                self.rules.check(entry)
                self.put(entry)
                if entry.warnings & 2:
                    self.report.add(f"{show(entry.path)}: only its beginning was extracted")

    def finish(self, superblock, footer):
        """The final footer is the last checkpoint."""
        try:
            for leaf in directory_records(self.directory):
                if leaf.ordinal != self.depth:
                    raise Unsupported(f"a tree block lies in the archive of depth {leaf.ordinal}")
                if leaf.number not in self.done:
                    self.leaf(leaf.number, leaf.digest)
        except (Damaged, Unsupported) as error:
            self.report.error("", error)
        check, directory = self.report.check, b"".join(raw for _, raw in self.directory)
        check(footer.uuid == superblock.uuid, "footer: UUID is not that of the superblock")
        check(footer.layout_root == self.root.digest(), "footer: layoutRoot")
        root = content_root(superblock, footer.chunks, self.ids, directory)
        check(footer.content_root == root, "footer: contentRoot")
        table = b"".join(self.ids)
        wrong = sum(table[32 * n:32 * n + 32] != identity for n, (_, identity) in self.known.items())
        check(not wrong, f"id table: {wrong} records are not what the frames have")

    def frame(self, header, body):
        if header.type == DATA:
            chunks, payload = chunk_table(header, body)
            for position, piece in enumerate(split(chunks, raw_of(header, payload))):
                number = header.first + position
                self.known[number] = chunks[position]
                if self.report.check(sha(piece) == chunks[position][1], f"chunk {number}: id"):
                    self.keep(number, piece)
        elif header.type in (TREE, MAP):
            self.index[header.first] = (header, raw_of(header, body))
            if header.type == TREE and header.flags & PROVISIONAL:
                self.provisional.append(header.first)
            elif header.type == TREE:
                self.pending.append(header.first)
        elif header.type == DIRECTORY:
            self.directory.append((header, raw_of(header, body)))
        elif header.type == IDS:
            self.ids.append(body)
        elif header.type == CHECKPOINT:
            self.at_checkpoint(read_checkpoint(header, raw_of(header, body), self.depth))

    def keep(self, number, piece):
        self.spool.seek(self.end)
        self.spool.write(piece)
        self.spooled[number] = self.end
        self.end += len(piece)

    def at_checkpoint(self, point):
        for number, _ in point.leaves:
            if number not in self.provisional:
                self.leaf(number)
        self.opened = point.open
        if point.open is not None:
            self.put(point.open, is_open=True)
        left = [(n, self.chunk(n)) for n in sorted(self.spooled) if n not in self.restorer.placed]
        self.spooled, self.end = {}, 0
        self.spool.truncate(0)
        for number, piece in left:
            self.keep(number, piece)

    def leaf(self, number, digest=None):
        try:
            header, raw = self.index_block(number, digest)
            must(header.type == TREE, f"{header.where}: a leaf that is no tree block")
            self.done.add(number)
            self.pending = [n for n in self.pending if n != number]
            for entry in entries_of(header, raw, self.depth):
                self.rules.check(entry)
                self.put(entry)
            del self.index[number]
        except (Damaged, Unsupported) as error:
            self.report.error("", error)

    def put(self, entry, is_open=False):
        try:
            fill_content(entry, self.depth, self.index_block)
        except (Damaged, Unsupported) as error:
            self.report.error(show(entry.path), error)
            return
        self.restorer.put(entry, self.chunk, self.length, is_open)

    def index_block(self, number, digest):
        must(number in self.index, f"there is no index block {number}")
        header, raw = self.index[number]
        must(digest is None or sha(raw) == digest, f"{header.where}: SHA of the raw bytes")
        return header, raw

    def length(self, number):
        must(number in self.known, f"there is no chunk {number}")
        return self.known[number][0]

    def chunk(self, number):
        length = self.length(number)
        if number in self.spooled:
            self.spool.seek(self.spooled[number])
            return self.spool.read(length)
        must(number in self.restorer.placed, f"chunk {number} is damaged")
        path, at = self.restorer.placed[number]
        with open(path, "rb") as file:
            file.seek(at)
            data = file.read(length)
        must(sha(data) == self.known[number][1], f"chunk {number}: it was changed where it was written to")
        return data


# Commands


def whole(name):
    """A seekable file with the bytes of a file or of standard input."""
    if name != "-":
        return open(name, "rb")
    file = tempfile.TemporaryFile()
    shutil.copyfileobj(sys.stdin.buffer, file, MIB)
    return file


def command_info(options, report):
    with whole(options.file) as file:
        verifier = Verifier(file, report, payloads=False)
        report.stream = sys.stderr
        verifier.run()
        print(json.dumps(verifier.summary(), indent=2, default=str))


def command_verify(options, report):
    with whole(options.file) as file:
        Verifier(file, report).run()


def command_extract(options, report):
    restorer = Restorer(options.directory, report)
    if options.file == "-":
        PipeExtractor(sys.stdin.buffer, restorer, report).run()
        return
    with open(options.file, "rb") as file:
        if find_footer(file)[0] is None:
            file.seek(0)
            PipeExtractor(file, restorer, report).run()
            return
        archive = Indexed(file, report, parents_of(options))
        for entry in archive.entries():
            for piece in entry.pieces or []:
                if piece.count:
                    piece.first |= piece.ordinal << SHIFT
            restorer.put(entry, archive.chain_chunk, lambda number: len(archive.chain_chunk(number)))
        restorer.finish()


def parents_of(options):
    """The folders with the archives below an increment."""
    return options.parents or [os.path.dirname(options.file) or "."]


def command_list(options, report):
    report.stream = sys.stderr
    with whole(options.file) as file:
        for entry in Indexed(file, report, parents_of(options)).entries():
            print(json.dumps(described(entry), ensure_ascii=False))


def described(entry):
    uid, gid, user, group = entry.owner
    line = {"path": text_of(entry.path), "kind": KINDS[entry.kind], "mode": f"{entry.mode:04o}", "uid": uid, "gid": gid,
            "user": text_of(user), "group": text_of(group), "time": [entry.seconds, entry.nanoseconds]}
    if entry.birth:
        line["birth"] = entry.birth
    if entry.kind == FILE:
        line |= {"size": entry.size, "cut": entry.cut, "content": [
            {"ordinal": p.ordinal, "first": p.first, "count": p.count, "length": p.length} if p.count else
            {"hole": p.length} for p in entry.pieces]}
    if entry.maps:
        line["maps"] = [{"ordinal": o, "number": n, "length": b, "sha": d.hex()} for o, n, b, d in entry.maps]
    if entry.digest:
        line["digest"] = entry.digest.hex()
    if entry.target:
        line["target"] = text_of(entry.target)
    if entry.device:
        line["device"] = entry.device
    if entry.group:
        line["hardLinkGroup"] = entry.group
    if entry.attributes:
        line["attributes"] = [[text_of(name), text_of(value)] for name, value in entry.attributes]
    if entry.warnings:
        line["warnings"] = [w for bit, w in ((1, "vanished"), (2, "could not be read"), (4, "changed while read"))
                            if entry.warnings & bit]
    if entry.extensions:
        line["extensions"] = [[kind, value.hex()] for kind, value in entry.extensions]
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("info", command_info), ("verify", command_verify), ("extract", command_extract),
                      ("list", command_list)):
        command = commands.add_parser(name)
        command.add_argument("file", metavar="FILE", help="an archive" + (", or - for standard input"))
        command.set_defaults(run=run)
        if name in ("extract", "list"):
            command.add_argument("--parents", action="append", default=[], metavar="DIR",
                                 help="a folder with the archives below an increment")
        if name == "extract":
            command.add_argument("-C", dest="directory", required=True, metavar="DIR")
    options = parser.parse_args()
    report = Report(sys.stdout)
    try:
        options.run(options, report)
    except (Damaged, Unsupported) as error:
        report.error("", error)
    except BrokenPipeError:
        os._exit(1)
    except OSError as error:
        report.add(f"{options.file}: {error}")
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
