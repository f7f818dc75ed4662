// SPDX-License-Identifier: Apache-2.0

/// The index over records and archives. It holds nothing that is not also in the state files.
internal import SystemIO

/// The records of a repository, in a database.
///
/// The state file of a backup is written before its row. A row whose file may be newer is marked as doubtful before the
/// file is touched, so that whoever comes after a crash knows which files to read.
final class Catalogue {
  private let database: SQLiteDatabase
  /// What was read last, with the text that it was read from; `nil` when nothing is to be remembered.
  private var known: [BackupID: (text: String, record: BackupRecord)]?

  /// The version of the tables; another one is made anew from the state files.
  static let version: Int64 = 1

  /// Opens or makes a catalogue.
  ///
  /// - Parameters:
  ///   - file: where; `nil` for memory.
  ///   - remembers: whether records are kept in memory, so that only changed ones are taken apart when all are asked for.
  init(_ file: Path?, remembers: Bool = false) throws(BackupError) {
    database = try SQLiteDatabase(file)
    if remembers { known = [:] }
    if file != nil {
      // Where the file system cannot share memory this answers with another journal, which is as safe.
      _ = try database.rows("PRAGMA journal_mode=WAL")
      try database.run("PRAGMA synchronous=FULL")
    }
  }

  /// Whether the tables are there, and those of this version.
  func isUsable() throws(BackupError) -> Bool {
    try database.rows("PRAGMA user_version").first?.first?.int == Self.version
  }

  /// Throws everything away and begins anew.
  func reset() throws(BackupError) {
    for table in ["backups", "doubtful"] { try database.run("DROP TABLE IF EXISTS \(table)") }
    try database.run(
      """
      CREATE TABLE backups (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, instance TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
        parent TEXT, depth INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER, protected INTEGER NOT NULL, record TEXT NOT NULL
      ) WITHOUT ROWID
      """)
    for column in ["name", "parent", "instance, created", "state", "expires"] {
      try database.run("CREATE INDEX \"by \(column)\" ON backups (\(column))")
    }
    try database.run("CREATE TABLE doubtful (id TEXT PRIMARY KEY) WITHOUT ROWID")
    try database.run("PRAGMA user_version = \(Self.version)")
  }

  /// Does something that others see as a whole or not at all; nobody else changes anything meanwhile.
  func transaction<Result>(_ body: () throws(BackupError) -> Result) throws(BackupError) -> Result {
    try database.transaction(body)
  }

  // MARK: - Rows

  /// All records, oldest first.
  func records() throws(BackupError) -> [BackupRecord] {
    let query = "SELECT record FROM backups ORDER BY created, depth, id"
    guard let known else { return try records(query) }
    var found: [BackupID: (text: String, record: BackupRecord)] = [:]
    found.reserveCapacity(known.count)
    var records: [BackupRecord] = []
    try database.run("SELECT id, record FROM backups ORDER BY created, depth, id") { (row) throws(BackupError) in
      guard row.count == 2, let text = row[1].text else { return }
      let record: BackupRecord
      if let id = row[0].text.flatMap({ BackupID($0) }), let old = known[id], old.text == text {
        record = old.record
      } else {
        record = try BackupRecord(stateFile: Array(text.utf8))
      }
      found[record.id] = (text, record)
      records.append(record)
    }
    self.known = found
    return records
  }

  /// The record of a backup.
  func record(_ id: BackupID) throws(BackupError) -> BackupRecord? {
    try records("SELECT record FROM backups WHERE id = ?", [.text(id.description)]).first
  }

  /// Records with a name.
  func records(named name: String) throws(BackupError) -> [BackupRecord] {
    try records("SELECT record FROM backups WHERE name = ? ORDER BY created, depth, id", [.text(name)])
  }

  /// Records of an instance, oldest first.
  func records(of instance: String) throws(BackupError) -> [BackupRecord] {
    try records("SELECT record FROM backups WHERE instance = ? ORDER BY created, depth, id", [.text(instance)])
  }

  /// Which backups there are.
  func identifiers() throws(BackupError) -> Set<BackupID> {
    Set(try database.rows("SELECT id FROM backups").compactMap { $0.first?.text.flatMap { BackupID($0) } })
  }

  private func records(_ query: String, _ values: [SQLiteDatabase.Value] = []) throws(BackupError) -> [BackupRecord] {
    var records: [BackupRecord] = []
    try database.run(query, values) { (row: [SQLiteDatabase.Value]) throws(BackupError) in
      records.append(try BackupRecord(stateFile: Array((row.first?.text ?? "").utf8)))
    }
    return records
  }

  /// Writes a row.
  func put(_ record: BackupRecord) throws(BackupError) {
    try database.run(
      "INSERT OR REPLACE INTO backups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      [
        .text(record.id.description), .text(record.account), .text(record.instance), .text(record.name),
        .text(record.state.rawValue), record.parent.map { .text($0.description) } ?? .null,
        .int(Int64(record.depth)), .int(record.createdAt.nanosecondsSince1970),
        record.expiresAt.map { .int($0.nanosecondsSince1970) } ?? .null, .int(record.isProtected ? 1 : 0),
        .text(CheckedJSON.text(record.json)),
      ])
  }

  /// Removes a row.
  func remove(_ id: BackupID) throws(BackupError) {
    try database.run("DELETE FROM backups WHERE id = ?", [.text(id.description)])
  }

  /// How many rows this connection has changed, whether that came to stay or not.
  var changeCount: Int64 { database.changeCount }

  /// What changes with every change of a row, whoever makes it.
  func changeStamp() throws(BackupError) -> [Int64] {
    // The first counts what others have done, the second what this connection has.
    [try database.rows("PRAGMA data_version").first?.first?.int ?? 0, changeCount]
  }

  // MARK: - Doubt

  /// Marks a row as one whose state file may be newer.
  func doubt(_ id: BackupID) throws(BackupError) {
    try database.run("INSERT OR IGNORE INTO doubtful VALUES (?)", [.text(id.description)])
  }

  /// Takes the mark back.
  func trust(_ id: BackupID) throws(BackupError) {
    try database.run("DELETE FROM doubtful WHERE id = ?", [.text(id.description)])
  }

  /// Rows whose state file may be newer.
  func doubtful() throws(BackupError) -> Set<BackupID> {
    Set(try database.rows("SELECT id FROM doubtful").compactMap { $0.first?.text.flatMap { BackupID($0) } })
  }
}
