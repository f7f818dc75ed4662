// SPDX-License-Identifier: Apache-2.0

// A service for one test, without a network: requests go in, answers come out.
import BackupKit
import Foundation
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

/// An answer, read.
struct Answer {
  let status: Int
  let fields: [HTTPRequest.Field]
  let text: String

  init(_ response: HTTPResponse) {
    status = response.status
    fields = response.fields
    text = String(decoding: response.body.bytes, as: UTF8.self)
  }

  /// The body, when it is JSON.
  var json: JSONValue { (try? JSONReader.value(Array(text.utf8))) ?? .null }

  func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

extension JSONValue {
  /// Whether this is an object that has a member that is not null.
  func has(_ key: String) -> Bool { self[key].map { _ in true } ?? false }
}

/// A service over a repository in a fresh folder, with instances that are commands.
final class TestService {
  static let token = "a-token-of-the-tests"
  static let reader = "a-token-that-may-look"
  static let tenant = "a-token-of-one-account"

  let folder: TemporaryFolder
  let repository: Repository
  let service: BackupService
  let configuration: ServiceConfiguration

  /// - Parameters:
  ///   - instances: the members of the list of instances, in JSON.
  ///   - others: further members of the configuration, in JSON, with a comma behind each.
  ///   - hasTokens: whether requests need one.
  ///   - clock: what time it is for the repository.
  init(
    _ instances: String = TestService.instances, others: String = "", hasTokens: Bool = false,
    clock: @escaping @Sendable () -> Timestamp = { WallClock.now }
  ) throws {
    // Commands need not read all that they are given.
    _ = ToolRunner.ignoreBrokenPipes
    folder = try TemporaryFolder(inMemory: true)
    let storage = DirectoryStorage(folder.path("repository"))
    try Repository.create(in: storage, .init(createdAt: clock()))
    repository = try Repository(opening: storage, clock: clock, remembersRecords: true)
    let text = "{\"repository\":\"repository\",\"stop_seconds\":0,\(others)\"instances\":[\(instances)]}"
    configuration = try ServiceConfiguration(
      Array(text.replacingOccurrences(of: "FOLDER", with: folder.location("")).utf8), relativeTo: folder.path)
    let tokens = try TokenFile(
      """
      token all \(Self.token)
      token eyes \(Self.reader) read
      token acme \(Self.tenant) account=acme
      key hw AKID sk-0123456789abcdef
      service ps ID secret-of-a-service
      """)
    service = try BackupService(configuration, hasTokens ? tokens : nil, repository)
  }

  deinit { service.stop() }

  /// A quick MySQL, a MongoDB, something unknown, one that fails, and one that waits for a file.
  static let instances = """
    {"id":"my","engine":"mysql","version":"8.0","backup":{"command":"echo data; echo said >&2","file":"dump"},
     "restore":{"command":"cat > FOLDER/restored"},"databases":["shop","stock"]},
    {"id":"mongo","engine":"mongodb","backup":{"command":"echo data","file":"dump"}},
    {"id":"other","engine":"redis","backup":{"command":"echo data","file":"dump"}},
    {"id":"gauss","engine":"gaussdb","backup":{"command":"echo data","file":"dump"}},
    {"id":"pg","engine":"postgresql","database":"shop","branch":"main","backup":{"command":"echo data","file":"dump"}},
    {"id":"bad","engine":"redis","backup":{"command":"echo oops >&2; exit 3","file":"dump"}},
    {"id":"slow","engine":"mysql","backup":{"command":"until [ -e FOLDER/go ]; do sleep 0.02; done; echo x","file":"dump"},
     "restore":{"command":"until [ -e FOLDER/go ]; do sleep 0.02; done"}}
    """

  /// Sends a request.
  @discardableResult
  func send(
    _ method: String, _ target: String, _ body: String = "", fields: [(String, String)] = [],
    host: String? = "127.0.0.1"
  ) -> Answer {
    var all = fields.map { HTTPRequest.Field($0.0, $0.1) }
    if let host { all.append(.init("Host", host)) }
    guard let request = HTTPRequest(method: method, target: target, fields: all, body: Array(body.utf8)) else {
      return Answer(HTTPResponse(status: 0))
    }
    return send(request)
  }

  func send(_ request: HTTPRequest) -> Answer {
    switch service.decide(request) {
    case .answer(let response): Answer(response)
    case .work(let work, _): Answer(work())
    }
  }

  /// Lets those go on that wait for the file.
  func letGo() throws { try folder.write("go", []) }

  /// Waits until nobody works on an instance any more; a guard against hanging, not a measurement.
  func settle(_ instance: String) throws {
    try wait { try !repository.writtenRecords().contains { $0.instance == instance && $0.state.isActive } }
  }

  /// Waits until something holds that others bring about; it fails the test when that takes minutes.
  func wait(until holds: () throws -> Bool) throws {
    for _ in 0..<12_000 {
      if try holds() { return }
      usleep(10_000)
    }
    throw CocoaError(.userCancelled)
  }

  /// Waits until a restore has ended, and says how.
  func outcome(ofRestore id: String) throws -> String {
    for _ in 0..<3000 {
      let items = send("GET", "/v1/backups/restores").json["items"]?.elements ?? []
      let status = items.first { $0["restore_id"]?.text == id }?["status"]?.text ?? ""
      if status != "RESTORE_STATUS_IN_PROGRESS" { return status }
      usleep(10_000)
    }
    throw CocoaError(.userCancelled)
  }

  /// Makes a backup by PMM's call, to its end.
  func backUp(_ instance: String, name: String = "") throws -> String {
    let answer = send(
      "POST", "/v1/backups:start", "{\"service_id\":\"\(instance)\",\"location_id\":\"default\",\"name\":\"\(name)\"}")
    try settle(instance)
    return answer.json["artifact_id"]?.text ?? answer.text
  }
}
