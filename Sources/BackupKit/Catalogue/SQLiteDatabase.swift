// SPDX-License-Identifier: Apache-2.0

/// As much of SQLite as a catalogue needs.
internal import CSQLite
internal import SystemIO

/// A connection to a database. Not for several threads at once.
@safe
final class SQLiteDatabase {
  /// A value in a row, or for a place in a statement.
  enum Value: Hashable {
    case null
    case int(Int64)
    case text(String)

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var int: Int64? { if case .int(let number) = self { number } else { nil } }
  }

  private let connection: OpaquePointer

  /// Milliseconds to wait for another process; changes are short.
  private static let patience: Int32 = 60_000

  /// Opens a database.
  ///
  /// - Parameter file: the file, which is made if it is missing; `nil` for one in memory.
  init(_ file: Path?) throws(BackupError) {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let name = file.map { ($0.isAbsolute ? $0 : Path("./").joining($0.bytes)).bytes } ?? Array(":memory:".utf8)
    let result = unsafe (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { name in
      unsafe name.baseAddress.map { unsafe sqlite3_open_v2($0, &opened, flags, nil) } ?? SQLITE_NOMEM
    }
    guard let database = unsafe opened else {
      throw BackupError(.catalogueDamaged, "the catalogue cannot be opened: out of memory")
    }
    unsafe connection = database
    guard result == SQLITE_OK else {
      let error = failure(result)
      throw error
    }
    unsafe sqlite3_busy_timeout(connection, Self.patience)
  }

  deinit { unsafe sqlite3_close_v2(connection) }

  /// Runs a statement.
  ///
  /// - Parameters:
  ///   - statement: the statement.
  ///   - values: what stands for its question marks.
  ///   - row: is given each row.
  func run(
    _ statement: String, _ values: [Value] = [], _ row: ([Value]) throws(BackupError) -> Void = { (_) in }
  ) throws(BackupError) {
    var prepared: OpaquePointer?
    let text = Array(statement.utf8).map { CChar(bitPattern: $0) } + [0]
    let result = unsafe text.withUnsafeBufferPointer {
      unsafe sqlite3_prepare_v2(connection, $0.baseAddress, Int32($0.count), &prepared, nil)
    }
    guard result == SQLITE_OK, let handle = unsafe prepared else { throw failure(result) }
    defer { unsafe sqlite3_finalize(handle) }
    for (index, value) in values.enumerated() {
      let result = bind(value, to: handle, at: Int32(index + 1))
      guard result == SQLITE_OK else { throw failure(result) }
    }
    while true {
      let result = unsafe sqlite3_step(handle)
      if result == SQLITE_DONE { return }
      guard result == SQLITE_ROW else { throw failure(result) }
      try row(columns(of: handle))
    }
  }

  /// How many rows this connection has changed.
  var changeCount: Int64 { Int64(unsafe sqlite3_total_changes(connection)) }

  /// All rows of a statement.
  func rows(_ statement: String, _ values: [Value] = []) throws(BackupError) -> [[Value]] {
    var rows: [[Value]] = []
    try run(statement, values) { (row: [Value]) throws(BackupError) in rows.append(row) }
    return rows
  }

  /// Does something that others see as a whole or not at all.
  func transaction<Result>(_ body: () throws(BackupError) -> Result) throws(BackupError) -> Result {
    try run("BEGIN IMMEDIATE")
    do throws(BackupError) {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      try? run("ROLLBACK")
      throw error
    }
  }

  /// Reads several times what is there at one moment, whatever others change meanwhile.
  func snapshot<Result>(_ body: () throws(BackupError) -> Result) throws(BackupError) -> Result {
    try run("BEGIN")
    // Nothing has changed, so that there is nothing to keep, and this way of ending waits for nobody.
    defer { try? run("ROLLBACK") }
    return try body()
  }

  @safe
  private func bind(_ value: Value, to handle: OpaquePointer, at index: Int32) -> Int32 {
    switch value {
    case .null: return unsafe sqlite3_bind_null(handle, index)
    case .int(let number): return unsafe sqlite3_bind_int64(handle, index, number)
    case .text(let text):
      let bytes = Array(text.utf8).map { CChar(bitPattern: $0) } + [0]
      return unsafe bytes.withUnsafeBufferPointer {
        unsafe csqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count - 1))
      }
    }
  }

  @safe
  private func columns(of handle: OpaquePointer) -> [Value] {
    (0..<(unsafe sqlite3_column_count(handle))).map { index in
      switch unsafe sqlite3_column_type(handle, index) {
      case SQLITE_INTEGER: return .int(unsafe sqlite3_column_int64(handle, index))
      case SQLITE_NULL: return .null
      default:
        let count = Int(unsafe sqlite3_column_bytes(handle, index))
        guard let start = unsafe sqlite3_column_text(handle, index) else { return .null }
        return .text(unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
      }
    }
  }

  /// What the system answered last, when that was no success.
  private var systemErrno: Errno? {
    let number = unsafe sqlite3_system_errno(connection)
    return number == 0 ? nil : Errno(rawValue: number)
  }

  /// What a result that is no success means.
  private func failure(_ result: Int32) -> BackupError {
    let message = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) } ?? "unknown"
    switch result & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: return BackupError(.locked, "the catalogue is in use for too long")
    case SQLITE_FULL: return BackupError(IOError("write the catalogue", errno: .noSpace))
    case SQLITE_READONLY, SQLITE_PERM: return BackupError(IOError("write the catalogue", errno: .readOnlyFileSystem))
    case SQLITE_CANTOPEN: return BackupError(IOError("open the catalogue", errno: systemErrno ?? .accessDenied))
    // What it could not make larger is the memory that processes share, for which it does not keep what the system said.
    case SQLITE_IOERR where result == csqlite_ioerr_shmsize:
      return BackupError(IOError("use the catalogue", errno: .noSpace))
    case SQLITE_IOERR: return BackupError(IOError("use the catalogue", errno: systemErrno ?? .inputOutput))
    default: return BackupError(.catalogueDamaged, "the catalogue cannot be used: \(message)")
    }
  }
}
