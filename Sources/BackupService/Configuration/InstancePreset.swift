// SPDX-License-Identifier: Apache-2.0

/// Commands that need not be written into a configuration again and again.

/// How usual databases are backed up and restored. What differs from one to another stands in the environment.
struct InstancePreset: Sendable {
  /// What a configuration calls it.
  let name: String
  let engine: String
  let source: InstanceConfiguration.Source
  let restore: InstanceConfiguration.Restore

  /// What its commands find in their environment besides what the configuration says.
  func variables(_ databases: [String]) -> [InstanceConfiguration.Variable] {
    databases.isEmpty ? [] : [.init(name: "DATABASES", value: databases.joined(separator: ","))]
  }

  static let all: [InstancePreset] = [
    // PGDATABASE, PGHOST, PGPORT, PGUSER, PGPASSFILE.
    InstancePreset(
      name: "pg_dump", engine: "postgresql",
      source: .file("database.pgdump", command: "exec pg_dump -Fc -Z0"),
      restore: .command(
        """
        exec pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction -d "${PGDATABASE:-postgres}"
        """)),
    // MYSQL_UNIX_PORT, or MYSQL_HOST and MYSQL_TCP_PORT; DB_USER, MYSQL_PWD.
    InstancePreset(
      name: "mariadb-dump", engine: "mysql",
      source: .file(
        "database.sql",
        command: """
          set -f; user=${DB_USER:+--user=$DB_USER}; IFS=,
          exec mariadb-dump $user --single-transaction --quick --routines --events --skip-dump-date \
          --databases ${BACKUP_DATABASES:-${DATABASES:?the configuration names no databases}}
          """),
      restore: .command("exec mariadb ${DB_USER:+--user=\"$DB_USER\"}")),
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
        """)),
  ]
}
