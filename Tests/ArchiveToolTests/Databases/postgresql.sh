#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL: base backups as streams of tar, in full and as an increment, and dumps; restored, served and compared.
# Needs: initdb pg_ctl pg_basebackup pg_dump psql
#
# Runs in an empty folder; ARCHIVETOOL names the tool. As root the server runs as the user postgres.
set -eu
archivetool() { "$ARCHIVETOOL" "$@"; }
export ARCHIVETOOL_REPO="$PWD/repo" PGHOST="$PWD" PGUSER=postgres PGDATABASE=postgres
as_owner() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then
  chmod 755 . && mkdir data && chown postgres . data
else
  mkdir data
fi
data=
stop() { if [ -n "$data" ]; then as_owner pg_ctl -D "$data" -m fast -w stop >/dev/null && data=; fi; }
trap stop EXIT
serve() {
  data=$1
  as_owner pg_ctl -D "$data" -w -l "$PWD/log" -o "-c listen_addresses= -k '$PWD'" start >/dev/null
}

as_owner initdb -D data -U postgres --auth=trust >/dev/null
serve "$PWD/data"
psql -q -c "CREATE TABLE orders AS SELECT i AS id, md5(i::text) || md5((i * 7)::text) AS note
  FROM generate_series(1, 200000) AS i"
archivetool backup init

base_backup() {
  pg_basebackup --checkpoint=fast -Ft -X fetch -D - |
    archivetool -q backup create "$1" --from-tar - --instance base --parent auto
}
dump() {
  archivetool -q backup create "$1" --instance dump --parent auto --filename shop.sql --command 'pg_dump'
}
# A dump has a key in it that is another one each time.
without_key() { grep -v -e '^.restrict ' -e '^.unrestrict '; }
dumped() { pg_dump | without_key; }
base_backup base-sunday
dump dump-sunday
dumped >sunday.sql
psql -q -c "UPDATE orders SET note = 'changed' WHERE id BETWEEN 5000 AND 5099"
base_backup base-monday
dump dump-monday
dumped >monday.sql
stop

for day in sunday monday; do
  mkdir "$day"
  archivetool backup restore "base-$day" --target "$day"
  # The folder itself is no member of the stream.
  chmod 700 "$day"
  if [ "$(id -u)" = 0 ]; then chown postgres "$day"; fi
  serve "$PWD/$day"
  dumped | cmp - "$day.sql"
  stop
  archivetool backup restore "dump-$day" --stdout shop.sql | without_key | cmp - "$day.sql"
done
# An empty server takes the dump.
serve "$PWD/data"
psql -q -c 'DROP TABLE orders'
archivetool backup restore dump-monday --stdout shop.sql | psql -q >/dev/null
# Rows may have got another order.
sort monday.sql >monday.sorted
dumped | sort | cmp - monday.sorted
# shellcheck source=/dev/null
. "$TESTS/shares.sh"
shared() { archivetool backup show "$1" --json >record.json && shares record.json "$2"; }
# A base backup brings a segment of the log with it, of 16 MiB.
shared base-monday 2
shared dump-monday 5
archivetool backup merge base-monday --replace >/dev/null
archivetool backup verify base-monday --deep
