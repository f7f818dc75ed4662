#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# SQLite: a full backup and an increment of copies made by .backup, restored and compared.
# Needs: sqlite3
#
# Runs in an empty folder; ARCHIVETOOL names the tool.
set -eu
archivetool() { "$ARCHIVETOOL" "$@"; }
export ARCHIVETOOL_REPO="$PWD/repo"

sqlite3 shop.db 'PRAGMA journal_mode=WAL;
  CREATE TABLE orders(id INTEGER PRIMARY KEY, note TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
  INSERT INTO orders SELECT i, hex(randomblob(60)) FROM n' >/dev/null
archivetool backup init

back_up() {
  sqlite3 shop.db ".backup '$PWD/copy/shop.db'"
  archivetool -q backup create "$1" copy --instance shop --parent auto
}
mkdir copy
back_up sunday
sqlite3 shop.db .dump >sunday.sql
sqlite3 shop.db "UPDATE orders SET note = 'changed' WHERE id % 4000 = 7; INSERT INTO orders VALUES (100000, 'new')"
back_up monday
sqlite3 shop.db .dump >monday.sql

for day in sunday monday; do
  mkdir "$day"
  archivetool backup restore "$day" --target "$day"
  test "$(sqlite3 "$day/copy/shop.db" 'PRAGMA integrity_check')" = ok
  sqlite3 "$day/copy/shop.db" .dump | cmp - "$day.sql"
done
# Of the database only the pages that had changed were stored.
archivetool backup show monday --json >monday.json
# shellcheck source=/dev/null
. "$TESTS/shares.sh"
shares monday.json 10
