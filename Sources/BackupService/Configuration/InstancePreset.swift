// SPDX-License-Identifier: Apache-2.0

/// Commands that need not be written into a configuration again and again.

/// How usual databases are backed up and restored. What differs from one to another stands in the environment.
struct InstancePreset: Sendable {
  /// What a configuration calls it.
  let name: String
  let engine: String
  let source: InstanceConfiguration.Source
  let restore: InstanceConfiguration.Restore
  /// The variables without which its commands can only fail, and what in the configuration gives them. Default: none.
  var needs: [(variable: String, setting: String)] = []

  /// What its commands find in their environment besides what the configuration says.
  func variables(_ databases: [String]) -> [InstanceConfiguration.Variable] {
    databases.isEmpty ? [] : [.init(name: "DATABASES", value: databases.joined(separator: ","))]
  }

  /// Where MariaDB is, as arguments.
  private static let mariaDBPlace = """
    set -- ${DB_SOCKET:+"--socket=$DB_SOCKET"} ${DB_HOST:+"--host=$DB_HOST"} ${DB_PORT:+"--port=$DB_PORT"} \
    ${DB_USER:+"--user=$DB_USER"}
    """

  static let all: [InstancePreset] = [
    // PGDATABASE, PGHOST, PGPORT, PGUSER, PGPASSFILE.
    InstancePreset(
      name: "pg_dump", engine: "postgresql",
      source: .file("database.pgdump", command: "exec pg_dump -Fc -Z0"),
      restore: .command(
        """
        exec pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction -d "${PGDATABASE:-postgres}"
        """)),
    // DB_SOCKET, or DB_HOST and DB_PORT; DB_USER, MYSQL_PWD. What stands in files of the system goes before MYSQL_UNIX_PORT.
    InstancePreset(
      name: "mariadb-dump", engine: "mysql",
      source: .file(
        "database.sql",
        command: """
          : "${BACKUP_DATABASES:=${DATABASES:?the configuration names no databases}}"
          \(mariaDBPlace)
          # The names have commas between, and nothing in them is expanded.
          set -f; IFS=,
          exec mariadb-dump "$@" --single-transaction --quick --routines --events --skip-dump-date \
          --databases $BACKUP_DATABASES
          """),
      restore: .command("\(mariaDBPlace)\nexec mariadb \"$@\""),
      needs: [("DATABASES", "databases")]),
    // SQLITE_FILE. Both ways take the locks of the database, so that others may use it meanwhile.
    InstancePreset(
      name: "sqlite", engine: "sqlite",
      source: .file(
        "database.sqlite",
        command: """
          copy=$(mktemp) && trap 'rm -f "$copy"' EXIT && [ -r "${SQLITE_FILE:?}" ] &&
          sqlite3 -bail "$SQLITE_FILE" ".timeout 10000" ".backup '$copy'" && cat "$copy"
          """),
      restore: .command(
        """
        copy=$(mktemp) && trap 'rm -f "$copy"' EXIT && cat >"$copy" &&
        [ "$(sqlite3 "$copy" 'pragma integrity_check')" = ok ] &&
        sqlite3 -bail "${SQLITE_FILE:?}" ".timeout 10000" ".restore '$copy'"
        """),
      needs: [("SQLITE_FILE", "environment.SQLITE_FILE")]),
  ]
}
