// SPDX-License-Identifier: Apache-2.0

// What an administrator writes: the configuration and the file of tokens.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("configuration")
struct ConfigurationTests {
  private func read(_ text: String) -> Result<ServiceConfiguration, ConfigurationError> {
    Result { () throws(ConfigurationError) in
      try ServiceConfiguration(Array(text.utf8), relativeTo: "/etc/service")
    }
  }

  private func problem(_ text: String) -> String? {
    if case .failure(let error) = read(text) { error.description } else { nil }
  }

  private static let instance = "{\"id\":\"a\",\"engine\":\"X\",\"backup\":{\"folder\":\"data\"}}"

  @Test("a small configuration has defaults, and relative paths begin beside it")
  func defaults() throws {
    let configuration = try read("{\"repository\":\"r\",\"instances\":[\(Self.instance)]}").get()
    #expect(configuration.repository == "/etc/service/r" && configuration.address == "127.0.0.1")
    #expect(configuration.port == 8480 && configuration.tokens == nil && configuration.workers == 2)
    let instance = configuration.instances[0]
    #expect(instance.engine == "x" && instance.name == "a" && instance.branch == "main" && instance.codec == "zstd")
    #expect(instance.source == .folder("/etc/service/data") && instance.restore == nil && instance.model == .physical)
    #expect(configuration.locations.map(\.id) == ["default"])
  }

  @Test("all that can be said is understood")
  func everything() throws {
    let configuration = try read(
      """
      {"repository":"/r","listen":"[::1]:99","hosts":["Backup.Example.org"],"tokens":"t","workers":3,"queue":4,
       "tls":{"certificate":"c.pem","key":"/k.pem"},"connections":20,"stop_seconds":5,"retention":{"rds":"7d"},
       "locations":[{"id":"l","name":"L"}],
       "instances":[
        {"id":"a","name":"A","account":"acme","engine":"mysql","version":"8","database":"d","branch":"b","codec":"lz4",
         "databases":["one"],"environment":{"PASSWORD":"p"},"backup":{"command":"c","form":"tar"},
         "restore":{"folder":"f","before":"stop","after":"start"}},
        {"id":"s","preset":"sqlite","environment":{"SQLITE_FILE":"x"}}]}
      """
    ).get()
    #expect(configuration.address == "::1" && configuration.port == 99 && configuration.isLocal)
    #expect(configuration.hosts == ["backup.example.org"] && configuration.tokens == "/etc/service/t")
    #expect(configuration.identity?.certificate == "/etc/service/c.pem" && configuration.identity?.key == "/k.pem")
    #expect(configuration.retention["rds"]?.description == "7d" && configuration.hasSecrets)
    let instance = configuration.instances[0]
    #expect(instance.source == .members(.tar, command: "c") && instance.environment.map(\.name) == ["PASSWORD"])
    #expect(instance.restore == .folder("/etc/service/f", before: "stop", after: "start"))
    #expect(configuration.instances[1].engine == "sqlite" && configuration.instances[1].model == .logical)
    #expect(configuration.instances[1].restore != nil)
  }

  @Test(
    "mistakes are named with their place",
    arguments: [
      ("", "it is no JSON"), ("[]", "it is no object"), ("{}", "repository: it is missing"),
      ("{\"repository\":\"r\"}", "instances: there is none"),
      ("{\"repository\":\"r\",\"repository\":\"r\"}", "repository: it is there twice"),
      ("{\"repository\":\"r\",\"instances\":[INSTANCE],\"color\":1}", "color: there is no such setting"),
      ("{\"repository\":\"r\",\"instances\":[INSTANCE,INSTANCE]}", "instances[1].id: another instance"),
      ("{\"repository\":\"r\",\"workers\":0,\"instances\":[INSTANCE]}", "workers: it is no whole number"),
      ("{\"repository\":\"r\",\"listen\":\"8480\",\"instances\":[INSTANCE]}", "listen: '8480' is not of the form"),
      ("{\"repository\":\"r\",\"listen\":\"::1:80\",\"instances\":[INSTANCE]}", "listen: '::1:80' is not of the form"),
      (
        "{\"repository\":\"r\",\"listen\":\"loopback:80\",\"instances\":[INSTANCE]}",
        "listen: 'loopback' is no address"
      ),
      (
        "{\"repository\":\"r\",\"listen\":\"127.0.0.1.example.org:80\",\"instances\":[INSTANCE]}",
        "listen: '127.0.0.1.example.org' is no address"
      ),
      ("{\"repository\":\"r\",\"hosts\":[\"a\",\"http://b\"],\"instances\":[INSTANCE]}", "hosts[1]: it is no name"),
      ("{\"repository\":\"r\",\"hosts\":[\"b:80\"],\"instances\":[INSTANCE]}", "hosts[0]: it is no name"),
      (
        "{\"repository\":\"r\",\"locations\":[{\"id\":\"l\",\"name\":\"1\"},{\"id\":\"l\",\"name\":\"2\"}],\"instances\":[INSTANCE]}",
        "locations[1].id: another location"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[INSTANCE,{\"id\":\"b\",\"database\":\"a\",\"engine\":\"x\",\"backup\":{\"folder\":\"f\"}}]}",
        "instances[1].database: 'a' is branch 'main'"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"codec\":\"zstd:level=99\",\"backup\":{\"folder\":\"f\"}}]}",
        "instances[0].codec: "
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"command\":\"c\",\"file\":\"../f\"}}]}",
        "instances[0].backup.file: a path has a component"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"preset\":\"mariadb-dump\"}]}",
        "instances[0].databases: the preset mariadb-dump needs it"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"preset\":\"sqlite\"}]}",
        "instances[0].environment.SQLITE_FILE: the preset sqlite needs it"
      ),
      ("{\"repository\":\"r\",\"retention\":{\"rds\":\"x\"},\"instances\":[INSTANCE]}", "retention.rds:"),
      ("{\"repository\":\"r\",\"instances\":[{\"id\":\"a\"}]}", "instances[0].engine: it is missing"),
      ("{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\"}]}", "instances[0].backup: it is missing"),
      ("{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"preset\":\"x\"}]}", "instances[0].preset: it is none of"),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"command\":\"c\"}}]}",
        "instances[0].backup.file: it is missing"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"folder\":\"f\",\"command\":\"c\"}}]}",
        "instances[0].backup.command: either"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"folder\":\"f\"},\"restore\":{\"command\":\"c\"}}]}",
        "instances[0].restore.command: several files"
      ),
      (
        "{\"repository\":\"r\",\"instances\":[{\"id\":\"a\",\"engine\":\"x\",\"backup\":{\"folder\":\"f\"},\"environment\":{\"A=B\":\"c\"}}]}",
        "instances[0].environment.A=B: it is no name"
      ),
    ])
  func mistakes(_ text: String, _ expected: String) {
    let found = problem(text.replacing("INSTANCE", with: Self.instance))
    #expect(found?.hasPrefix(expected) == true, "\(found ?? "nothing")")
  }

  @Test(
    "an address that others reach needs tokens and TLS",
    arguments: [
      ("127.0.0.1", false, false, true), ("127.9.9.9", false, false, true), ("[::1]", false, false, true),
      ("0.0.0.0", false, false, false), ("0.0.0.0", true, false, false), ("0.0.0.0", false, true, false),
      ("0.0.0.0", true, true, true), ("10.0.0.1", true, false, false), ("[::]", false, false, false),
    ])
  func exposure(_ address: String, _ tokens: Bool, _ tls: Bool, _ isFine: Bool) throws {
    let text = """
      {"repository":"r","listen":"\(address):1",\(tokens ? "\"tokens\":\"t\"," : "")
       \(tls ? "\"tls\":{\"certificate\":\"c\",\"key\":\"k\"}," : "")"instances":[\(Self.instance)]}
      """
    let configuration = try read(text).get()
    let isOpen = (try? configuration.checkExposure()) != nil
    #expect(isOpen == isFine)
  }

  @Test("tokens are found by their secrets alone")
  func tokens() throws {
    let tokens = try TokenFile(
      """
      # a comment
      token\tone   secret#of-sixteen   read

      service two ID another-secret-of-it account=acme
      key three AK third-secret-of-theirs
      """)
    #expect(tokens.bearer(of: "secret#of-sixteen") == .init(name: "one", mayWrite: false))
    #expect(tokens.bearer(of: "another-secret-of-it") == nil && tokens.bearer(of: "") == nil)
    #expect(tokens.bearer(ofService: "ID", "another-secret-of-it")?.account == "acme")
    #expect(tokens.bearer(ofService: "XX", "another-secret-of-it") == nil)
    #expect(tokens.signer("AK")?.principal.name == "three" && tokens.signer("ID") == nil)
  }

  @Test("the lines of a file of tokens may end as those of other systems do")
  func lineEnds() throws {
    let tokens = try TokenFile("# a comment\r\ntoken one secret#of-sixteen\r\ntoken two another#of-sixteen read\r\n")
    #expect(tokens.bearer(of: "secret#of-sixteen")?.name == "one")
    #expect(tokens.bearer(of: "another#of-sixteen") == .init(name: "two", mayWrite: false))
  }

  @Test(
    "mistakes in a file of tokens are named by line, without what stands there",
    arguments: [
      "token x", "token x short", "key x AK", "nothing x 0123456789abcdef", "token x 0123456789abcdef write",
      "token x 0123456789abcdef account=",
    ])
  func tokenMistakes(_ line: String) {
    let error = #expect(throws: ConfigurationError.self) { try TokenFile("# one\n\(line)") }
    #expect(error?.place == "line 2" && error?.reason.contains("0123456789abcdef") == false)
  }

  @Test("a file of tokens without any is a mistake", arguments: ["", "\n# token one 0123456789abcdef\n"])
  func noTokens(_ text: String) {
    #expect(throws: ConfigurationError.self) { try TokenFile(text) }
  }

  @Test("a signature is taken once, until nobody can use it any more")
  func replays() {
    let guardian = ReplayGuard()
    #expect(guardian.isNew("a", at: 100, until: 200))
    #expect(!guardian.isNew("a", at: 200, until: 300))
    #expect(guardian.isNew("b", at: 200, until: 300))
    #expect(guardian.isNew("a", at: 201, until: 300))
  }
}
