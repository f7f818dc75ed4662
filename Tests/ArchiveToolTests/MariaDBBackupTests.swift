// SPDX-License-Identifier: Apache-2.0

// A real backup with compression, restored by the tool, and a server that starts on it. Runs where MariaDB's server and
// backup packages are installed.

import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("MariaDB backups")
struct MariaDBBackupTests {
  static let programs = ["mariadb-install-db", "mariadbd", "mariadb", "mariadb-admin", "mariadb-backup"]
  static let isInstalled = programs.allSatisfy { ToolRunner.find($0) != nil }

  /// A server on a folder of its own, which is stopped when the value goes away.
  private final class Server {
    private let process = Process()
    private let socket: String

    init(_ data: String, in folder: TemporaryFolder) throws {
      socket = folder.location("socket")
      process.executableURL = URL(filePath: try #require(ToolRunner.find("mariadbd")))
      process.arguments = [
        "--no-defaults", "--user=root", "--datadir=\(data)", "--socket=\(socket)", "--skip-networking",
        "--pid-file=\(folder.location("pid"))", "--innodb-buffer-pool-size=16M",
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      try run("mariadb-admin", ["--no-defaults", "-uroot", "--socket=\(socket)", "--wait=60", "ping"])
    }

    deinit { process.terminate() }

    func query(_ text: String) throws -> String {
      try run("mariadb", ["--no-defaults", "-uroot", "--socket=\(socket)", "-e", text])
    }

    func backUp(to folder: String) throws {
      try run(
        "mariadb-backup",
        ["--no-defaults", "--backup", "--compress", "--user=root", "--socket=\(socket)", "--target-dir=\(folder)"])
    }

    func stop() throws {
      try run("mariadb-admin", ["--no-defaults", "-uroot", "--socket=\(socket)", "shutdown"])
      process.waitUntilExit()
    }
  }

  @Test(
    "a compressed backup is restored, and the server finds all rows in it",
    .enabled(if: isInstalled && ProcessEnvironment.isSet("CODECKIT_LONG")))
  func restoring() throws {
    let tool = try #require(ToolBinary.location)
    let folder = try TemporaryFolder()
    let (data, backup) = (folder.location("data"), folder.location("backup"))
    try run(
      "mariadb-install-db",
      ["--no-defaults", "--user=root", "--datadir=\(data)", "--auth-root-authentication-method=normal"])
    let checksums = "checksum table shop.orders, shop.notes, shop.words"
    let original = try Server(data, in: folder)
    _ = try original.query(
      """
      create database shop; use shop;
      create table orders(id int primary key auto_increment, t varchar(200)) engine=innodb;
      create table notes(id int, t text) engine=aria;
      create table words(id int not null, t char(32) not null) engine=csv;
      insert into orders(t) select concat('order number ', seq, ' of many') from seq_1_to_50000;
      insert into notes select seq, repeat(md5(seq), 3) from seq_1_to_3000;
      insert into words select seq, md5(seq) from seq_1_to_1000;
      """)
    let before = try original.query(checksums)
    try original.backUp(to: backup)
    try original.stop()

    func archives() -> Int {
      let all = FileManager.default.enumerator(atPath: backup)?.allObjects as? [String] ?? []
      return all.filter { $0.hasSuffix(".qp") }.count
    }
    #expect(archives() > 50)
    try run(tool, ["decompress", "-r", "--rm", backup])
    #expect(archives() == 0)
    try run("mariadb-backup", ["--no-defaults", "--prepare", "--target-dir=\(backup)"])
    let restored = try Server(backup, in: folder)
    #expect(try restored.query(checksums) == before)
    try restored.stop()
  }
}

/// What a program wrote; its failure ends the test.
@discardableResult
private func run(_ name: String, _ arguments: [String]) throws -> String {
  let result = try ToolRunner.run(name, arguments, timeout: 300)
  try #require(result.status == 0, "\(name): \(result.errorText.suffix(2000))")
  return result.outputText
}
