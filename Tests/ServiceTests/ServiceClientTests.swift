// SPDX-License-Identifier: Apache-2.0

// The service and the real clients of the interfaces that it speaks, one test for each.
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("the service and its clients", .serialized)
struct ServiceClientTests {
  /// One for each interface and client.
  static let clients = ["trove", "rds", "rds-signed", "gaussdb", "planetscale", "pmm"]

  private static let files = Result { try HeldServers("files") }
  private static let postgresql = Result { try HeldServers("postgresql") }
  private static let mariadb = Result { try HeldServers("mariadb") }

  private func run(_ name: String, on servers: Result<HeldServers, any Error>) throws {
    let servers = try servers.get()
    if let reason = servers.reason {
      print("\(reason): \(name)")
      return
    }
    try ServiceClients.run(["--world", servers.description, name])
  }

  @Test("a client creates, polls, lists, shows, restores and deletes backups of files", arguments: clients)
  func files(_ client: String) throws { try run(client, on: Self.files) }

  @Test(
    "a client creates, polls, lists, shows, restores and deletes backups of PostgreSQL",
    .enabled(if: ProcessEnvironment.isSet("CODECKIT_LONG"), "needs CODECKIT_LONG"),
    arguments: clients + ["presets", "files"])
  func postgreSQL(_ client: String) throws { try run(client, on: Self.postgresql) }

  @Test(
    "a client creates, polls, lists, shows, restores and deletes backups of MariaDB",
    .enabled(if: ProcessEnvironment.isSet("CODECKIT_LONG"), "needs CODECKIT_LONG"),
    arguments: clients + ["presets", "files"])
  func mariaDB(_ client: String) throws { try run(client, on: Self.mariadb) }

  @Test(
    "what clients do wrong, and what becomes of the service, harms no backup",
    arguments: [
      "bodies", "paths", "wire", "slow", "signatures", "one-at-a-time", "cascade", "retries", "at-once", "queue",
      "sigterm", "sigkill", "secrets",
    ])
  func harm(_ name: String) throws { try ServiceClients.run(try ServiceClients.binaries() + [name]) }

  @Test(
    "what takes minutes: 10,000 connections, the document of an interface, the page in a browser",
    .enabled(if: ProcessEnvironment.isSet("CODECKIT_LONG"), "needs CODECKIT_LONG"),
    arguments: ["many", "schemathesis", "page"])
  func long(_ name: String) throws { try ServiceClients.run(try ServiceClients.binaries() + [name]) }
}
