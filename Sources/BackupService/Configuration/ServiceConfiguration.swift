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
///     {"id": "shop", "engine": "postgresql", "backup": "pg_dump shop", "file": "shop.sql", "restore": "psql shop"}
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
  /// The file with tokens; `nil` for a service on loopback that asks for none.
  public var tokens: Path?
  /// Certificate chain and key, for TLS.
  public var identity: (certificate: Path, key: Path)?
  /// How many backups and restores are made at a time. Default: 2.
  public var workers = 2
  /// How many wait at most. Default: 64.
  public var queueLength = 64
  /// How long backups are kept by interfaces in which the client says nothing, by the name of the interface.
  public var retention: [String: Retention] = [:]
  /// The locations. Default: one, with the identifier `default`.
  public var locations: [Location] = []
  /// What can be backed up.
  public var instances: [InstanceConfiguration] = []

  /// Reads a configuration.
  ///
  /// - Parameter bytes: the text.
  /// - Throws: ``ConfigurationError`` for anything that is missing, wrong or unknown.
  public init(_ bytes: [UInt8]) throws(ConfigurationError) {
    let json: JSONValue
    do throws(JSONError) { json = try JSONReader.value(bytes) } catch {
      throw ConfigurationError(place: "", reason: "it is no JSON: \(error)")
    }
    var reader = try ConfigurationReader(json)
    repository = Path(Array(try reader.required("repository").utf8))
    if let text = try reader.text("listen") { (address, port) = try Self.listening(text, reader) }
    tokens = try reader.text("tokens").map { Path(Array($0.utf8)) }
    if let tls = reader.value("tls") {
      var inner = try ConfigurationReader(tls, at: reader.place(of: "tls"))
      identity = (
        Path(Array(try inner.required("certificate").utf8)), Path(Array(try inner.required("key").utf8))
      )
      try inner.finish()
    }
    workers = try reader.number("workers", 1...64) ?? workers
    queueLength = try reader.number("queue", 1...10_000) ?? queueLength
    if let value = reader.value("retention") {
      var inner = try ConfigurationReader(value, at: reader.place(of: "retention"))
      for name in Dialects.names {
        guard let text = try inner.text(name) else { continue }
        do throws(BackupError) { retention[name] = try Retention(parsing: text) } catch {
          throw inner.error(name, error.reason)
        }
      }
      try inner.finish()
    }
    for var inner in try reader.objects("locations") {
      locations.append(Location(id: try inner.required("id"), name: try inner.required("name")))
      try inner.finish()
    }
    if locations.isEmpty { locations = [Location(id: "default", name: "default")] }
    var ids: Set<String> = []
    for inner in try reader.objects("instances") {
      let instance = try InstanceConfiguration(inner)
      guard ids.insert(instance.id).inserted else {
        throw inner.error("id", "another instance has the identifier '\(instance.id)'")
      }
      instances.append(instance)
    }
    try reader.finish()
    guard !instances.isEmpty else { throw ConfigurationError(place: "instances", reason: "there is none") }
  }

  /// Whether only programs on this machine can reach it.
  public var isLocal: Bool { address.hasPrefix("127.") || address == "::1" }

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

  private static func listening(
    _ text: String, _ reader: ConfigurationReader
  ) throws(ConfigurationError) -> (String, UInt16) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw reader.error("listen", "it is not of the form ADDRESS:PORT")
    }
    var address = text[..<colon]
    if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
    return (String(address), port)
  }
}
