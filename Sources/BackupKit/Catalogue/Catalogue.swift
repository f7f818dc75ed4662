// SPDX-License-Identifier: Apache-2.0

/// The index over records and archives. It holds nothing that is not also in the state files.
internal import SystemIO

/// The records of a repository, in a database.
///
/// The state file of a backup is written before its row. A row whose file may be newer is marked as doubtful before the
/// file is touched, so that whoever comes after a crash knows which files to read.
///
/// Changes are numbered, so that who has read all records reads again only those that have changed since.
final class Catalogue {
  private let database: SQLiteDatabase
  /// What was read last; `nil` when nothing is to be remembered.
  private var memory: RecordMemory?
  /// Whether there is a transaction, whose changes may come to nothing.
  private var isChanging = false

  /// The version of the tables; another one is made anew from the state files.
  static let version: Int64 = 2

  /// How many changes back it is known which rows were removed.
  static let maximumRemovals: Int64 = 10_000

  /// Opens or makes a catalogue.
  ///
  /// - Parameters:
  ///   - file: where; `nil` for memory.
  ///   - remembers: whether records are kept in memory, so that only changed ones are read when all are asked for.
  init(_ file: Path?, remembers: Bool = false) throws(BackupError) {
    database = try SQLiteDatabase(file)
    if remembers { memory = RecordMemory() }
    if file != nil {
      // Where the file system cannot share memory this answers with another journal, which is as safe.
      _ = try database.rows("PRAGMA journal_mode=WAL")
      try database.run("PRAGMA synchronous=FULL")
    }
  }

  /// Keeps the file of changes that have not been taken over yet below half a MiB, where room is short.
  func staySmall() throws(BackupError) { _ = try database.rows("PRAGMA wal_autocheckpoint=100") }

  /// Whether the tables are there, and those of this version.
  func isUsable() throws(BackupError) -> Bool {
    try database.rows("PRAGMA user_version").first?.first?.int == Self.version
  }

  /// Throws everything away and begins anew.
  func reset() throws(BackupError) {
    for table in ["backups", "doubtful", "removed", "numbering"] { try database.run("DROP TABLE IF EXISTS \(table)") }
    try database.run(
      """
      CREATE TABLE backups (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, instance TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
        parent TEXT, depth INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER, protected INTEGER NOT NULL, record TEXT NOT NULL,
        change INTEGER NOT NULL
      ) WITHOUT ROWID
      """)
    for column in ["name", "parent", "instance, created", "state", "expires", "change"] {
      try database.run("CREATE INDEX \"by \(column)\" ON backups (\(column))")
    }
    try database.run("CREATE TABLE doubtful (id TEXT PRIMARY KEY) WITHOUT ROWID")
    try database.run("CREATE TABLE removed (change INTEGER PRIMARY KEY, id TEXT NOT NULL)")
    // Numbers of one series mean nothing in another one.
    try database.run("CREATE TABLE numbering (series INTEGER NOT NULL, last INTEGER NOT NULL)")
    try database.run("INSERT INTO numbering VALUES (?, 0)", [.int(.random(in: .min ... .max))])
    try database.run("PRAGMA user_version = \(Self.version)")
  }

  /// Does something that others see as a whole or not at all; nobody else changes anything meanwhile.
  func transaction<Result>(_ body: () throws(BackupError) -> Result) throws(BackupError) -> Result {
    isChanging = true
    defer { isChanging = false }
    return try database.transaction(body)
  }

  // MARK: - Numbers of changes

  /// The number of the last change, and the series that it belongs to.
  struct Numbering: Hashable, Sendable {
    var series: Int64
    var last: Int64
  }

  /// The number of the last change of a row, whoever made it.
  func numbering() throws(BackupError) -> Numbering {
    guard let row = try database.rows("SELECT series, last FROM numbering").first, row.count == 2,
      let series = row[0].int, let last = row[1].int
    else { throw BackupError(.catalogueDamaged, "the catalogue does not number its changes") }
    return Numbering(series: series, last: last)
  }

  /// How many rows this connection has changed, whether that came to stay or not.
  var changeCount: Int64 { database.changeCount }

  /// Gives the next change its number; only within a transaction, or others would take the number for the change.
  private func number() throws(BackupError) { try database.run("UPDATE numbering SET last = last + 1") }

  // MARK: - Rows

  /// All records, oldest first.
  func records() throws(BackupError) -> [BackupRecord] {
    guard memory != nil, !isChanging else { return try self.all() }
    return try database.snapshot { () throws(BackupError) in
      let now = try numbering()
      // Taken out, so that what it holds is not copied.
      var memory = self.memory.take() ?? RecordMemory()
      defer { self.memory = memory }
      guard let last = memory.numbering, last.series == now.series, last.last <= now.last,
        now.last - last.last <= Self.maximumRemovals
      else {
        memory = RecordMemory(try all(), at: now)
        return memory.records
      }
      if last != now {
        let since: [SQLiteDatabase.Value] = [.int(last.last)]
        let removed = try database.rows("SELECT id FROM removed WHERE change > ?", since)
        memory.update(
          try records("SELECT record FROM backups WHERE change > ?", since),
          removed: removed.compactMap { $0.first?.text.flatMap { BackupID($0) } }, at: now)
      }
      return memory.records
    }
  }

  private func all() throws(BackupError) -> [BackupRecord] {
    try records("SELECT record FROM backups ORDER BY created, depth, id")
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
    if memory != nil, !isChanging {
      let all = try records()
      // By places, since a record is large to copy.
      return all.indices.filter { all[$0].instance == instance }.map { all[$0] }
    }
    return try records("SELECT record FROM backups WHERE instance = ? ORDER BY created, depth, id", [.text(instance)])
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

  /// Writes a row, within a transaction.
  func put(_ record: BackupRecord) throws(BackupError) {
    try number()
    try database.run(
      "INSERT OR REPLACE INTO backups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT last FROM numbering))",
      [
        .text(record.id.description), .text(record.account), .text(record.instance), .text(record.name),
        .text(record.state.rawValue), record.parent.map { .text($0.description) } ?? .null,
        .int(Int64(record.depth)), .int(record.createdAt.nanosecondsSince1970),
        record.expiresAt.map { .int($0.nanosecondsSince1970) } ?? .null, .int(record.isProtected ? 1 : 0),
        .text(CheckedJSON.text(record.json)),
      ])
  }

  /// Removes a row, within a transaction.
  func remove(_ id: BackupID) throws(BackupError) {
    try number()
    try database.run("INSERT INTO removed SELECT last, ? FROM numbering", [.text(id.description)])
    try database.run(
      "DELETE FROM removed WHERE change <= (SELECT last FROM numbering) - ?", [.int(Self.maximumRemovals)])
    try database.run("DELETE FROM backups WHERE id = ?", [.text(id.description)])
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
