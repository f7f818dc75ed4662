// SPDX-License-Identifier: Apache-2.0

// Tar streams and xbstreams that no honest writer makes.

import TestSupport

@testable import ArchiveKit

/// Streams of members that are made into archives.
enum HostileMembers {
  static let all: [HostileFile] = paths + links + headers + pax + sparse + chunks

  private static func tar(
    _ name: String, isEnded: Bool = true, _ build: @escaping @Sendable (inout TarStream) -> Void
  ) -> HostileFile {
    HostileFile("tar", name, "x.tar", [["create", "--from-tar", "x.tar", "-o", "made.cka", "--reproducible"]]) {
      var tar = TarStream()
      build(&tar)
      return isEnded ? tar.ended : tar.bytes
    }
  }

  private static func xbstream(_ name: String, _ build: @escaping @Sendable (inout XBStream) -> Void) -> HostileFile {
    HostileFile(
      "xbstream", name, "x.xb", [["create", "--from-xbstream", "x.xb", "-o", "made.cka", "--reproducible"]]
    ) {
      var stream = XBStream()
      build(&stream)
      return stream.bytes
    }
  }

  private static let paths: [HostileFile] = [
    "../x", "a/../../x", "/etc/x", "//x", "./", "", "..", "a//b", "a/./b", "a\n\u{1B}[2J",
    String(repeating: "c", count: 99) + "/" + String(repeating: "d", count: 256),
  ].map { path in
    tar("a path \(path.prefix(20).debugDescription)") { tar in
      tar.add(pax: [("path", path)])
      tar.add("x", [1, 2, 3])
    }
  }

  private static let links: [HostileFile] = [
    tar("a link to /, and a file through it") { tar in
      tar.add("a", link: "/")
      tar.add("a/tmp/x", [1])
    },
    tar("a link to .., and a file through it") { tar in
      tar.add("a", link: "..")
      tar.add("a/x", [1])
    },
    tar("a link to nothing") { $0.add("a", link: "") },
    tar("a hard link to an absolute path") { $0.add("a", link: "/etc/passwd", UInt8(ascii: "1")) },
    tar("a hard link out of the tree") { $0.add("a", link: "../../x", UInt8(ascii: "1")) },
    tar("a hard link to what is not there yet") { tar in
      tar.add("a", link: "b", UInt8(ascii: "1"))
      tar.add("b", [1])
    },
    tar("a hard link to a link") { tar in
      tar.add("b", link: "/")
      tar.add("a", link: "b", UInt8(ascii: "1"))
    },
    tar("a hard link to itself") { $0.add("a", link: "a", UInt8(ascii: "1")) },
    tar("a file, then a directory of its name") { tar in
      tar.add("a", [1])
      tar.add("a/", [], UInt8(ascii: "5"))
    },
    tar("a file below a file") { tar in
      tar.add("a", [1])
      tar.add("a/b", [2])
    },
    tar("a chain of a hundred links") { tar in
      for number in 0..<100 { tar.add("l\(number)", link: "l\(number + 1)") }
    },
  ]

  private static let headers: [HostileFile] = [
    tar("a size of 2^63") { tar in
      tar.add("x") { $0.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0x80] + [UInt8](repeating: 0, count: 7)) }
    },
    tar("a size of 2^88") { tar in
      tar.add("x") { $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xFF, count: 11)) }
    },
    tar("a size below zero") { tar in
      tar.add("x") { $0.replaceSubrange(124..<136, with: [UInt8](repeating: 0xFF, count: 12)) }
    },
    tar("a size with a digit that is none") { tar in tar.add("x") { $0[124] = UInt8(ascii: "9") } },
    tar("a size of 8 GiB and no data") { $0.add("x", [], size: 8 << 30) },
    tar("a wrong checksum") { tar in
      tar.add("x", [1])
      var block = tar.bytes
      block[0] ^= 1
      tar = TarStream()
      tar.add(raw: block)
    },
    tar("a name of its own that is cut", isEnded: false) { $0.add("long", [65, 66], UInt8(ascii: "L"), size: 4000) },
    tar("a long name of 1 GiB") { $0.add("long", [], UInt8(ascii: "L"), size: 1 << 30) },
    tar("a long name and no member") { $0.add("long", [65, 66, 0], UInt8(ascii: "L")) },
    tar("an unknown kind") { $0.add("x", [1], UInt8(ascii: "Z")) },
    tar("a volume that goes on in another") { $0.add("x", [1], UInt8(ascii: "M")) },
    tar("half a header", isEnded: false) { $0.add(raw: [UInt8](repeating: 65, count: 100)) },
    tar("text") { $0.add(raw: [UInt8](repeating: 65, count: 2000)) },
    tar("data that is cut", isEnded: false) { $0.add("x", [1, 2, 3], size: 5000) },
  ]

  private static let pax: [HostileFile] =
    [
      ("size", "9223372036854775807"), ("size", "99999999999999999999"), ("size", "-1"), ("mtime", "soon"),
      ("uid", "x"), ("path", "a\0b"), ("linkpath", ""),
    ].map { key, value in
      tar("a pax record \(key)=\(value.debugDescription)") { tar in
        tar.add(pax: [(key, value)])
        tar.add("x", [1])
      }
    }
    + ["5 a=b\n", "9 abcdef\n", "99 a=b\n", "x a=b\n", "6 =bc\n", "6 a=bc", "99999999999999999999 a=b\n"].map { text in
      tar("a pax header \(text.debugDescription)") { tar in
        tar.add("pax", Array(text.utf8), UInt8(ascii: "x"))
        tar.add("x")
      }
    } + [
      tar("a pax header of 4 GiB") { $0.add("x", [], UInt8(ascii: "x"), size: 1 << 32) },
      tar("two thousand pax headers for one member") { tar in
        for _ in 0..<2000 { tar.add(pax: [("comment", "more")]) }
      },
      tar("a pax header and no member") { $0.add(pax: [("path", "y")]) },
    ]

  private static let sparse: [HostileFile] = [
    [("GNU.sparse.size", "9223372036854775808"), ("GNU.sparse.map", "0,0")],
    [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0,11")],
    [("GNU.sparse.size", "10"), ("GNU.sparse.map", "5,1,4,0")],
    [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0")], [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0,a")],
    [("GNU.sparse.size", "10"), ("GNU.sparse.map", "18446744073709551615,1")],
    [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "10")],
  ].map { records in
    tar("a sparse map \(records.map { "\($0.0)=\($0.1)" }.joined(separator: " "))") { tar in
      tar.add(pax: records)
      tar.add("x", [UInt8](repeating: 0x31, count: 600))
    }
  }

  private static let chunks: [HostileFile] = [
    xbstream("a wrong checksum") { $0.add("a", [1, 2, 3], at: 0, checksum: 1) },
    xbstream("a gap between chunks") { stream in
      stream.add("a", [1, 2, 3], at: 0)
      stream.add("a", [4], at: 4)
    },
    xbstream("a first chunk that is not the first") { $0.add("a", [1], at: 7) },
    xbstream("an unknown chunk") { stream in
      stream.head("a", UInt8(ascii: "?"), 0)
      stream.add(raw: [UInt8](repeating: 0, count: 20))
    },
    xbstream("a file without an end") { $0.add("a", [1], at: 0) },
    xbstream("a path of 4 GiB") { $0.add(raw: XBStreamReader.magic + [0, 0x50, 0xFF, 0xFF, 0xFF, 0xFF]) },
    xbstream("a path of nothing") { stream in
      stream.add("", [1], at: 0)
      stream.end("")
    },
    xbstream("a path out of the tree") { stream in
      stream.add("../x", [1], at: 0)
      stream.end("../x")
    },
    xbstream("an absolute path") { stream in
      stream.add("/etc/x", [1], at: 0)
      stream.end("/etc/x")
    },
    xbstream("another magic") { $0.add(raw: Array("XBSTCK02".utf8) + [UInt8](repeating: 0, count: 40)) },
    xbstream("a file that ends twice") { stream in
      stream.add("a", [1], at: 0)
      stream.end("a")
      stream.end("a")
    },
    xbstream("a file that ends and was not there") { $0.end("a") },
    xbstream("a chunk of 2^63 bytes") { stream in
      stream.head("a", UInt8(ascii: "P"), 0)
      stream.add(raw: [0, 0, 0, 0, 0, 0, 0, 0x80] + [UInt8](repeating: 0, count: 12))
    },
    xbstream("four billion holes") { stream in
      stream.head("a", UInt8(ascii: "S"), 0)
      stream.add(raw: [0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 20))
    },
    xbstream("a hole of 4 GiB before each of three pieces") { stream in
      stream.add(
        "a", sparse: [(Int(UInt32.max), [1]), (Int(UInt32.max), [2]), (Int(UInt32.max), [3])], at: 0, countsMap: true)
      stream.end("a")
    },
  ]
}
