// SPDX-License-Identifier: Apache-2.0

/// What an administrator says of a service, in a file.
public import BackupKit
public import SystemIO
internal import TextFormats

/// The configuration of a service: one object in JSON.
///
/// ```json
/// {
///   "repository": "/srv/backups",
///   "tokens": "/etc/archivetool/tokens",
///   "instances": [
///     {"id": "shop", "preset": "pg_dump", "environment": {"PGDATABASE": "shop"}}
///   ]
/// }
/// ```
public struct ServiceConfiguration: Sendable {
  /// A place for backups, as clients of PMM name one. All are the one repository.
  public struct Location: Hashable, Sendable {
    /// Identifies it.
    public var id: String
    /// What people call it.
    public var name: String
  }

  /// The folder of the repository.
  public var repository: Path
  /// The address to listen on. Default: 127.0.0.1.
  public var address = "127.0.0.1"
  /// The port. Default: 8480.
  public var port: UInt16 = 8480
  /// What clients may call this service besides its address. Default: nothing.
  public var hosts: [String] = []
  /// The file with tokens; `nil` for a service on loopback that asks for none.
  public var tokens: Path?
  /// Certificate chain and key, for TLS.
  public var identity: (certificate: Path, key: Path)?
  /// How many backups and restores are made at a time. Default: 2.
  public var workers = 2
  /// How many wait at most. Default: 64.
  public var queueLength = 64
  /// How many connections are served at a time. Default: 1000.
  public var connections = 1000
  /// How many seconds what is being done has to come to its end when the service is stopped. Default: 30.
  public var stopSeconds = 30
  /// How long backups are kept by interfaces in which the client says nothing, by the name of the interface.
  public var retention: [String: Retention] = [:]
  /// The locations. Default: one, with the identifier `default`.
  public var locations: [Location] = []
  /// What can be backed up.
  public var instances: [InstanceConfiguration] = []

  /// Reads a configuration.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - base: where relative paths in it begin.
  /// - Throws: ``ConfigurationError`` for anything that is missing, wrong or unknown.
  public init(_ bytes: [UInt8], relativeTo base: Path) throws(ConfigurationError) {
    let json: JSONValue
    do throws(JSONError) { json = try JSONReader.value(bytes) } catch {
      throw ConfigurationError(place: "", reason: "it is no JSON: \(error)")
    }
    var reader = try ConfigurationReader(json)
    repository = Path(try reader.required("repository"), in: base)
    if let text = try reader.text("listen") {
      do throws(ConfigurationError) { (address, port) = try Self.listening(text) } catch {
        throw reader.error("listen", error.reason)
      }
    }
    hosts = try reader.texts("hosts").map { $0.lowercased() }
    for (index, host) in hosts.enumerated() where !HostName.isName(host) {
      throw reader.error("hosts[\(index)]", "it is no name of a host: neither scheme nor port belong to it")
    }
    tokens = try reader.text("tokens").map { Path($0, in: base) }
    if var inner = try reader.object("tls") {
      identity = (Path(try inner.required("certificate"), in: base), Path(try inner.required("key"), in: base))
      try inner.finish()
    }
    workers = try reader.number("workers", 1...64) ?? workers
    queueLength = try reader.number("queue", 1...10_000) ?? queueLength
    connections = try reader.number("connections", 16...100_000) ?? connections
    stopSeconds = try reader.number("stop_seconds", 0...86_400) ?? stopSeconds
    if var inner = try reader.object("retention") {
      for name in Dialects.names {
        guard let text = try inner.text(name) else { continue }
        do throws(BackupError) { retention[name] = try Retention(parsing: text) } catch {
          throw inner.error(name, error.reason)
        }
      }
      try inner.finish()
    }
    for var inner in try reader.objects("locations") {
      let location = Location(id: try inner.required("id"), name: try inner.required("name"))
      if locations.contains(where: { $0.id == location.id }) {
        throw inner.error("id", "another location has the identifier '\(location.id)'")
      }
      locations.append(location)
      try inner.finish()
    }
    if locations.isEmpty { locations = [Location(id: "default", name: "default")] }
    var ids: Set<String> = []
    for inner in try reader.objects("instances") {
      let instance = try InstanceConfiguration(inner, relativeTo: base)
      guard ids.insert(instance.id).inserted else {
        throw inner.error("id", "another instance has the identifier '\(instance.id)'")
      }
      if let other = instances.first(where: { instance.hasBranch(of: $0) }) {
        throw inner.error(
          "database", "'\(other.id)' is branch '\(instance.branch)' of database '\(instance.database)' already")
      }
      instances.append(instance)
    }
    try reader.finish()
    guard !instances.isEmpty else { throw ConfigurationError(place: "instances", reason: "there is none") }
  }

  /// Takes another address than the configuration's.
  ///
  /// - Parameter text: of the form `ADDRESS:PORT`.
  /// - Throws: ``ConfigurationError`` without a place when it is not.
  public mutating func listen(on text: String) throws(ConfigurationError) {
    (address, port) = try Self.listening(text)
  }

  /// Whether only programs on this machine can reach it.
  public var isLocal: Bool { HostName.isLoopback(address) }

  /// Whether it holds anything that others must not read.
  public var hasSecrets: Bool { instances.contains { !$0.environment.isEmpty } }

  /// Refuses what would leave the service open to strangers.
  ///
  /// - Throws: ``ConfigurationError`` when it listens on an address that others reach, without tokens or without TLS.
  public func checkExposure() throws(ConfigurationError) {
    if isLocal { return }
    guard tokens != nil else {
      throw ConfigurationError(place: "tokens", reason: "listening on \(address) needs a file of tokens")
    }
    guard identity != nil else {
      throw ConfigurationError(place: "tls", reason: "listening on \(address) needs a certificate and a key")
    }
  }

  private static func listening(_ text: String) throws(ConfigurationError) -> (String, UInt16) {
    let form = ConfigurationError(
      place: "", reason: "'\(text)' is not of the form ADDRESS:PORT, such as 127.0.0.1:8480 or [::1]:8480")
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw form }
    var address = text[..<colon]
    if address.hasPrefix("["), address.hasSuffix("]") {
      address = address.dropFirst().dropLast()
    } else if address.contains(":") || address.isEmpty {
      throw form
    }
    // Names lead to several addresses, or to others tomorrow; whether there is such an address the system knows.
    guard HostName.isAddress(String(address)) else {
      throw ConfigurationError(place: "", reason: "'\(address)' is no address: that of loopback is 127.0.0.1 or [::1]")
    }
    return (String(address), port)
  }
}

extension Path {
  /// A path as it stands in a configuration: relative ones begin at a folder.
  init(_ text: String, in base: Path) {
    let path = Path(text)
    self = path.isAbsolute ? path : base.joining(path.bytes)
  }
}
