// SPDX-License-Identifier: Apache-2.0

// The program itself, on a port that is free, with instances that are real.
import Foundation
import TestSupport
import Testing
import TextFormats

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The running service.
private final class RunningService {
  let process = Process()
  let folder: TemporaryFolder
  private(set) var address = ""
  private let output = Pipe()

  init(_ configuration: String, in folder: TemporaryFolder) throws {
    self.folder = folder
    try folder.write("serve.json", Array(configuration.utf8))
    unsafe chmod(folder.location("serve.json"), 0o600)
    let tool = try #require(BuiltTool.location, "there is no built tool")
    if !FileManager.default.fileExists(atPath: folder.location("repository")) {
      #expect(try ToolRunner.run(tool, ["backup", "init", "-R", folder.location("repository")]).status == 0)
    }
    process.executableURL = URL(filePath: tool)
    process.arguments = ["serve", "--config", folder.location("serve.json"), "--listen", "127.0.0.1:0"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var line = ""
    while !line.contains("\n") {
      let part = output.fileHandleForReading.availableData
      if part.isEmpty { break }
      line += String(decoding: part, as: UTF8.self)
    }
    address = String(line.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst("listening on ".count))
    #expect(address.hasPrefix("http://127.0.0.1:"), "it says where it listens: \(line)")
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  func send(_ method: String, _ path: String, _ body: String = "") async throws -> (status: Int, json: JSONValue) {
    var request = URLRequest(url: try #require(URL(string: address + path)))
    request.httpMethod = method
    if !body.isEmpty { request.httpBody = Data(body.utf8) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    return (status, (try? JSONReader.value(Array(data))) ?? .null)
  }

  /// Makes a backup, and waits until it is there.
  func backUp(_ instance: String, _ fields: String = "") async throws -> String {
    let made = try await send(
      "POST", "/v1.0/a/backups", "{\"backup\":{\"name\":\"b\",\"instance\":\"\(instance)\"\(fields)}}")
    #expect(made.status == 202, "\(made.json)")
    let id = try #require(made.json["backup"]?["id"]?.text)
    return try await poll("/v1.0/a/backups/\(id)") { $0["backup"]?["status"]?.text } == "COMPLETED" ? id : ""
  }

  /// Asks until the answer is a word of an end; a guard against hanging, not a measurement.
  func poll(_ path: String, _ word: (JSONValue) -> String?) async throws -> String? {
    for _ in 0..<2000 {
      let found = word(try await send("GET", path).json)
      if let found, !["NEW", "BUILDING", "RESTORE_STATUS_IN_PROGRESS"].contains(found) { return found }
      try await Task.sleep(nanoseconds: 10_000_000)
    }
    return nil
  }

  func restore(_ backup: String, into instance: String) async throws {
    let body = "{\"service_id\":\"\(instance)\",\"artifact_id\":\"\(backup)\"}"
    let asked = try await send("POST", "/v1/backups/restores:start", body)
    #expect(asked.status == 200, "\(asked.json)")
    let id = asked.json["restore_id"]
    let end = try await poll("/v1/backups/restores") { json in
      json["items"]?.elements?.first { $0["restore_id"] == id }?["status"]?.text
    }
    #expect(end == "RESTORE_STATUS_SUCCESS")
  }

  func stop() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }
}

@Suite("service, end to end")
struct ServiceEndToEndTests {
  private static func configuration(_ folder: TemporaryFolder) -> String {
    """
    {"repository":"repository","stop_seconds":1,"instances":[
      {"id":"www","engine":"files","backup":{"folder":"www"},
       "restore":{"folder":"www","before":"echo before >> log","after":"echo after >> log"}},
      {"id":"db","preset":"sqlite","environment":{"SQLITE_FILE":"\(folder.location("app.db"))"}},
      {"id":"text","engine":"text","backup":{"command":"cat \(folder.location("text"))","file":"text"},
       "restore":{"command":"cat > \(folder.location("text")); echo $BACKUP_NAME $SECRET","environment":{}},
       "environment":{"SECRET":"do-not-tell"}}
    ]}
    """.replacing(",\"environment\":{}}", with: "}")
      .replacing(">> log", with: ">> \(folder.location("log"))")
  }

  @Test("a folder is restored as it was, increments included, and the service ends when it is asked to")
  func folders() async throws {
    let folder = try TemporaryFolder(inMemory: true)
    try folder.makeFolder("www/inner")
    try folder.write("www/inner/one", Array("first".utf8))
    try folder.write("www/stays", [UInt8](repeating: 7, count: 300_000))
    let service = try RunningService(Self.configuration(folder), in: folder)
    let full = try await service.backUp("www")
    try folder.write("www/inner/one", Array("second".utf8))
    let increment = try await service.backUp("www", ",\"incremental\":1")
    try folder.write("www/inner/one", Array("third".utf8))
    try folder.write("www/new", [])
    try await service.restore(full, into: "www")
    #expect(folder.contents("www/inner/one") == Array("first".utf8) && folder.contents("www/new") == nil)
    try await service.restore(increment, into: "www")
    #expect(folder.contents("www/inner/one") == Array("second".utf8))
    #expect(folder.contents("www/stays")?.count == 300_000)
    #expect(folder.contents("log") == Array("before\nafter\nbefore\nafter\n".utf8))
    #expect(!folder.names.contains { $0.contains(".restoring-") || $0.contains(".replaced-") })
    #expect(service.stop() == 0)
  }

  @Test("a command gets back what it has written, and secrets are told nobody")
  func commands() async throws {
    let folder = try TemporaryFolder(inMemory: true)
    try folder.write("text", Array("what was\n".utf8))
    let service = try RunningService(Self.configuration(folder), in: folder)
    let id = try await service.backUp("text")
    try folder.write("text", [])
    try await service.restore(id, into: "text")
    #expect(folder.contents("text") == Array("what was\n".utf8))
    for path in ["/v1/backups/artifacts", "/metrics", "/", "/v1/backups/\(id)/logs"] {
      let text = try await service.send("GET", path)
      #expect(!"\(text)".contains("do-not-tell"))
    }
    #expect(service.stop() == 0)
  }

  @Test("an SQLite database is backed up and restored while it is there")
  func sqlite() async throws {
    guard ToolRunner.find("sqlite3") != nil else { return }
    let folder = try TemporaryFolder(inMemory: true)
    func sql(_ text: String) throws -> String {
      try ToolRunner.run("sqlite3", [folder.location("app.db"), text]).outputText
    }
    _ = try sql("create table t (x); insert into t values (1), (2)")
    let service = try RunningService(Self.configuration(folder), in: folder)
    let id = try await service.backUp("db")
    _ = try sql("delete from t; insert into t values (9)")
    try await service.restore(id, into: "db")
    #expect(try sql("select sum(x) from t") == "3\n")
    #expect(service.stop() == 0)
  }

  @Test("a service that is killed leaves backups that the next one sees to")
  func killing() async throws {
    let folder = try TemporaryFolder(inMemory: true)
    try folder.makeFolder("www")
    try folder.write("www/file", Array("content".utf8))
    let service = try RunningService(Self.configuration(folder), in: folder)
    let id = try await service.backUp("www")
    kill(service.process.processIdentifier, SIGKILL)
    service.process.waitUntilExit()
    let next = try RunningService(Self.configuration(folder), in: folder)
    let rows = try await next.send("GET", "/v1.0/a/backups").json["backups"]?.elements
    #expect(rows?.compactMap { $0["id"]?.text } == [id])
    try await next.restore(id, into: "www")
    #expect(next.stop() == 0)
  }

  @Test(
    "what is not safe, or makes no sense, does not start",
    arguments: [
      (["serve"], 2), (["serve", "--config", "nothing.json"], 5), (["serve", "--config", "bad.json"], 2),
      (["serve", "--config", "good.json", "--listen", "0.0.0.0:0"], 2), (["serve", "--config", "good.json"], 10),
      (["serve", "--config", "good.json", "--listen", "nowhere"], 2),
    ])
  func refusals(_ arguments: [String], _ status: Int) throws {
    let folder = try TemporaryFolder(inMemory: true)
    try folder.write("bad.json", Array("{\"repository\":1}".utf8))
    try folder.write(
      "good.json",
      Array(
        "{\"repository\":\"none\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"folder\":\".\"}}]}".utf8))
    let tool = try #require(BuiltTool.location)
    let result = try ToolRunner.run(tool, arguments, directory: URL(filePath: folder.location("")))
    #expect(Int(result.status) == status && result.output.isEmpty && !result.errorText.isEmpty, "\(result.errorText)")
  }
}
