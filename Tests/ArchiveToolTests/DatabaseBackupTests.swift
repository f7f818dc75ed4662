// SPDX-License-Identifier: Apache-2.0

// Backups of databases with their own programs, as Documentation/Databases.md describes them: scripts in the folder
// Databases, each of which runs where the programs are installed that it needs.
import Foundation
import TestSupport
import Testing

@Suite("backups of databases", .serialized)
struct DatabaseBackupTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Databases")

  /// Programs that are in no folder of the usual ones.
  private static let path: String = {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    let folders = versions.sorted().reversed().map { "/usr/lib/postgresql/\($0)/bin" }
    return (["/usr/bin", "/bin", "/usr/sbin", "/sbin"] + folders).joined(separator: ":")
  }()

  /// What a script needs and is not there.
  private static func missing(_ script: String) throws -> String? {
    let text = try String(contentsOf: folder.appending(path: script), encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("# Needs: ") })
    return line.dropFirst("# Needs: ".count).split(separator: " ").map(String.init).first { program in
      !path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }
  }

  private func run(_ script: String) throws {
    if let program = try Self.missing(script) {
      print("skipped, there is no \(program): \(script)")
      return
    }
    let folder = try TemporaryFolder()
    let (status, text) = try LoggedProcess.run(
      "/bin/sh", [Self.folder.appending(path: script).path], in: folder,
      environment: [
        "PATH": Self.path, "LC_ALL": "C.UTF-8", "HOME": folder.location(""), "TESTS": Self.folder.path,
        "ARCHIVETOOL": try #require(ToolBinary.location, "there is no built tool"),
      ])
    #expect(status == 0, "\(script): \(text.suffix(2000))")
    print("\(script): \(text.suffix(1000))")
  }

  @Test("what was backed up of a database is restored, served, and the same", arguments: ["sqlite.sh", "redis.sh"])
  func quick(_ script: String) throws { try run(script) }

  @Test(
    "what was backed up of a database server is restored, served, and the same",
    .enabled(if: ProcessEnvironment.isSet("CODECKIT_LONG"), "needs CODECKIT_LONG"),
    arguments: ["postgresql.sh", "mariadb.sh", "postgresql-size.sh", "mariadb-size.sh"])
  func long(_ script: String) throws { try run(script) }
}
