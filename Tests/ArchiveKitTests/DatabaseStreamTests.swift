// SPDX-License-Identifier: Apache-2.0

// Streams that real servers and their tools write. Each test runs where the programs are installed.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Streams of real databases")
struct DatabaseStreamTests {
  private static let postgreSQL: String? = {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    guard let version = folders.sorted().last else { return nil }
    let programs = "/usr/lib/postgresql/\(version)/bin"
    let files = FileManager.default
    guard ["initdb", "pgbench"].allSatisfy({ files.isExecutableFile(atPath: "\(programs)/\($0)") }) else { return nil }
    return programs
  }()

  private static let hasXBStream = ToolRunner.find("mbstream") != nil

  private func read(_ folder: TemporaryFolder, _ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.location(name))))
  }

  @Test("mbstream's streams become the files they are made of", .enabled(if: hasXBStream, "mbstream is not installed"))
  func mbstream() throws {
    let folder = try TemporaryFolder()
    let files: [(String, [UInt8])] = [
      ("a.ibd", DatabaseFile.innoDB(pages: 900, seed: 3)), ("empty", []), ("small", [1, 2, 3]),
      ("large", SampleTree.bytes(11_000_000, 4)),
    ]
    for (name, bytes) in files { try folder.write(name, bytes) }
    let names = files.map(\.0).joined(separator: " ")
    let result = try ToolRunner.run(
      "sh", ["-c", "cd '\(folder.location(""))' && mbstream -c \(names) >stream.xb"], timeout: 60)
    try #require(result.status == 0, "\(result.errorText)")
    let stream = try read(folder, "stream.xb")
    let archived = try ArchivedStream(stream, .xbstream, threads: 2)
    for (name, bytes) in files { #expect(try archived.content(name) == bytes, "\(name)") }
    #expect(try archived.chunks("a.ibd").allSatisfy { $0.length == 16 << 10 })
    #expect(try ArchivedStream(stream, .file).content("stream") == stream)
  }

  @Test(
    "two base backups of PostgreSQL share all but what changed between them",
    .enabled(
      if: postgreSQL != nil && ProcessEnvironment.isSet("CODECKIT_LONG"),
      "needs PostgreSQL's server and pgbench, and CODECKIT_LONG"))
  func baseBackups() throws {
    let programs = try #require(Self.postgreSQL)
    let folder = try TemporaryFolder()
    try folder.write(
      "run.sh",
      Array(
        """
        set -e
        PATH=\(programs):$PATH
        cd "$1"
        initdb -D data -A trust -U postgres --no-sync -k >log 2>&1
        printf "listen_addresses = ''\\nunix_socket_directories = '%s'\\nfsync = off\\n" "$PWD" >>data/postgresql.conf
        pg_ctl -D data -l server.log -w start >>log 2>&1
        trap 'pg_ctl -D data -m immediate stop >>log 2>&1' EXIT
        export PGHOST="$PWD" PGUSER=postgres
        createdb bench
        pgbench -q -i -s 2 bench >>log 2>&1
        pg_basebackup -Ft -X none -c fast -D - >one.tar 2>>log
        pgbench -n -c 1 -t 200 bench >>log 2>&1
        pg_basebackup -Ft -X none -c fast -D - >two.tar 2>>log

        """.utf8))
    // The server refuses to run as the superuser.
    let script = "sh '\(folder.location("run.sh"))' '\(folder.location(""))'"
    let result =
      Machine.effectiveUser == 0
      ? try ToolRunner.run(
        "sh",
        ["-c", "chown -R postgres '\(folder.location(""))' && su postgres -s /bin/sh -c \"\(script)\""], timeout: 300)
      : try ToolRunner.run("sh", ["-c", script], timeout: 300)
    let log = String(decoding: folder.contents("log") ?? [], as: UTF8.self)
    try #require(result.status == 0, "\(result.errorText)\n\(log)")
    let (one, two) = (try read(folder, "one.tar"), try read(folder, "two.tar"))
    let archived = try ArchivedStream(two, .file, threads: 2)
    #expect(try archived.content("stream") == two)
    func fresh(_ first: [SHA256Digest: Int], _ second: [SHA256Digest: Int]) -> Int {
      second.filter { first[$0.key] == nil }.values.reduce(0, +)
    }
    let restarted = fresh(try ArchivedStream(one, .file, threads: 2).ids(), try archived.ids())
    // A byte ahead of it, and the stream is none that is known.
    let whole = fresh(
      try ArchivedStream([0] + one, .file, threads: 2).ids(), try ArchivedStream([0] + two, .file, threads: 2).ids())
    #expect(restarted * 3 < whole, "\(restarted) of \(two.count) bytes are new, \(whole) when cut by content alone")
    let members = try ArchivedStream(two, .tar, threads: 2)
    #expect(try members.entries()["PG_VERSION"] != nil && members.warnings == [])
  }
}
