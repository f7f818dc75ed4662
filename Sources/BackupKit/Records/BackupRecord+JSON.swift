// SPDX-License-Identifier: Apache-2.0

/// Records as they stand in a state file and in the catalogue.
internal import SystemIO
internal import TextFormats

extension BackupRecord {
  /// The version of the form; a reader refuses newer ones.
  static let formatVersion: UInt64 = 1

  /// The record as one JSON object.
  var json: JSONValue {
    var object: JSONValue = ["format": .uint(Self.formatVersion), "id": .string(id.description), "name": .string(name)]
    if let description { object.add("description", .string(description)) }
    object.add("instance", .string(instance))
    if !account.isEmpty { object.add("account", .string(account)) }
    object.add("origin", .string(origin))
    if let parent { object.add("parent", .string(parent.description)) }
    object.add("depth", .uint(UInt64(clamping: depth)))
    object.add("kind", .string(kind.rawValue))
    if !engine.isEmpty { object.add("engine", .string(engine)) }
    if !engineVersion.isEmpty { object.add("engine_version", .string(engineVersion)) }
    if let model { object.add("model", .string(model.rawValue)) }
    if !location.isEmpty { object.add("location", .string(location)) }
    if !folder.isEmpty { object.add("folder", .string(folder)) }
    if isEmergency { object.add("emergency", .bool(true)) }
    if !databases.isEmpty { object.add("databases", .array(databases.map { .string($0) })) }
    if !codec.isEmpty { object.add("codec", .string(codec)) }
    if retries > 0 {
      object.add("retries", .uint(UInt64(clamping: retries)))
      object.add("retry_interval", .uint(retryInterval))
    }
    if let retention { object.add("retention", .string(retention.description)) }
    if isKeptForever { object.add("kept_forever", .bool(true)) }
    if isResumable { object.add("resumable", .bool(true)) }
    object.add("protected", .bool(isProtected))
    object.add("state", .string(state.rawValue))
    object.add("created", .string(createdAt.rfc3339(fractionDigits: 9)))
    object.add("updated", .string(updatedAt.rfc3339(fractionDigits: 9)))
    if let verifiedAt { object.add("verified", .string(verifiedAt.rfc3339(fractionDigits: 9))) }
    if state == .complete || sizes.stored > 0 {
      object.add("logical", .uint(sizes.logical))
      object.add("unique", .uint(sizes.unique))
      object.add("stored", .uint(sizes.stored))
      object.add("index", .uint(sizes.index))
      object.add("entries", .uint(sizes.entries))
      object.add("warnings", .uint(sizes.warnings))
    }
    if !contentRoot.isEmpty { object.add("content_root", .string(contentRoot)) }
    if let failure {
      object.add("failure", ["code": .string(failure.code), "reason": .string(failure.reason)])
    }
    if let position { object.add("position", .string(position)) }
    if !actor.isEmpty { object.add("actor", .string(actor)) }
    if !log.isEmpty { object.add("log", .string(log)) }
    object.add(
      "history",
      .array(
        history.map { event in
          var step: JSONValue = [
            "time": .string(event.time.rfc3339(fractionDigits: 9)), "state": .string(event.state.rawValue),
          ]
          if let reason = event.reason { step.add("reason", .string(reason)) }
          return step
        }))
    return object
  }

  /// Reads a record.
  ///
  /// - Parameter json: what was written by ``json``, by this version or an older one.
  /// - Throws: ``BackupError`` with `catalogueDamaged` or `unsupportedVersion`.
  init(json: JSONValue) throws(BackupError) {
    func damaged(_ what: String) -> BackupError { BackupError(.catalogueDamaged, "a record has no usable \(what)") }
    guard let version = json["format"]?.unsigned else { throw damaged("format") }
    guard version <= Self.formatVersion else {
      throw BackupError(.unsupportedVersion, "a record is of version \(version), which this version does not know")
    }
    func time(_ key: String) throws(BackupError) -> Timestamp {
      guard let time = json[key]?.text.flatMap({ Timestamp(rfc3339: $0) }) else { throw damaged(key) }
      return time
    }
    func number(_ key: String) -> UInt64 { json[key]?.unsigned ?? 0 }
    guard let id = json["id"]?.text.flatMap({ BackupID($0) }) else { throw damaged("id") }
    guard let name = json["name"]?.text else { throw damaged("name") }
    guard let instance = json["instance"]?.text else { throw damaged("instance") }
    guard let state = json["state"]?.text.flatMap({ BackupState(rawValue: $0) }) else { throw damaged("state") }
    self.init(id: id, name: name, instance: instance, origin: json["origin"]?.text ?? "", time: try time("created"))
    self.state = state
    updatedAt = try time("updated")
    verifiedAt = json["verified"]?.text.flatMap { Timestamp(rfc3339: $0) }
    description = json["description"]?.text
    account = json["account"]?.text ?? ""
    if let text = json["parent"]?.text {
      guard let parent = BackupID(text) else { throw damaged("parent") }
      self.parent = parent
    }
    // Whatever a file claims, one more can be counted.
    depth = Int(UInt32(clamping: number("depth")))
    kind = json["kind"]?.text.flatMap { Kind(rawValue: $0) } ?? .manual
    engine = json["engine"]?.text ?? ""
    engineVersion = json["engine_version"]?.text ?? ""
    model = json["model"]?.text.flatMap { Model(rawValue: $0) }
    location = json["location"]?.text ?? ""
    folder = json["folder"]?.text ?? ""
    isEmergency = json["emergency"]?.truth ?? false
    databases = (json["databases"]?.elements ?? []).compactMap(\.text)
    codec = json["codec"]?.text ?? ""
    retries = Int(clamping: number("retries"))
    retryInterval = number("retry_interval")
    if let text = json["retention"]?.text { retention = try Retention(parsing: text) }
    isKeptForever = json["kept_forever"]?.truth ?? false
    isResumable = json["resumable"]?.truth ?? false
    // What cannot be read is not taken for a leave to delete.
    isProtected = json["protected"]?.truth ?? true
    sizes.logical = number("logical")
    sizes.unique = number("unique")
    sizes.stored = number("stored")
    sizes.index = number("index")
    sizes.entries = number("entries")
    sizes.warnings = number("warnings")
    contentRoot = json["content_root"]?.text ?? ""
    if let failure = json["failure"] {
      self.failure = Failure(code: failure["code"]?.text ?? "", reason: failure["reason"]?.text ?? "")
    }
    position = json["position"]?.text
    actor = json["actor"]?.text ?? ""
    log = json["log"]?.text ?? ""
    history = (json["history"]?.elements ?? []).compactMap { step in
      guard let time = step["time"]?.text.flatMap({ Timestamp(rfc3339: $0) }),
        let state = step["state"]?.text.flatMap({ BackupState(rawValue: $0) })
      else { return nil }
      return BackupEvent(time, state, step["reason"]?.text)
    }
  }

  /// The bytes of its state file.
  var stateFile: [UInt8] { CheckedJSON.file(json) }

  /// Reads a state file.
  init(stateFile bytes: [UInt8]) throws(BackupError) {
    let value: JSONValue?
    do throws(JSONError) { value = try CheckedJSON.value(bytes) } catch {
      throw BackupError(.catalogueDamaged, "a record is no JSON: \(error)")
    }
    guard let value else { throw BackupError(.catalogueDamaged, "a record is not what its checksum says") }
    try self.init(json: value)
  }
}
