#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL: what a second base backup, 1,000 transactions after the first, adds to a repository: at most 25 MB.
# Needs: initdb pg_ctl pg_basebackup pgbench psql
#
# Runs in an empty folder; ARCHIVETOOL names the tool. As root the server runs as the user postgres.
set -eu
archivetool() { "$ARCHIVETOOL" "$@"; }
export ARCHIVETOOL_REPO="$PWD/repo" PGHOST="$PWD" PGUSER=postgres PGDATABASE=postgres
as_owner() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
mkdir data
if [ "$(id -u)" = 0 ]; then chmod 755 . && chown postgres . data; fi
data=
stop() { if [ -n "$data" ]; then as_owner pg_ctl -D "$data" -m fast -w stop >/dev/null && data=; fi; }
trap stop EXIT
serve() {
  data=$1
  as_owner pg_ctl -D "$data" -w -l "$PWD/log" -o "-c listen_addresses= -c fsync=off -k '$PWD'" start >/dev/null
}

as_owner initdb -D data -U postgres --auth=trust --no-sync -k >/dev/null
serve "$PWD/data"
pgbench -q -i -s 20 2>/dev/null
archivetool backup init
base_backup() {
  pg_basebackup --checkpoint=fast -Ft -X fetch -D - |
    archivetool -q backup create "$1" --from-tar - --instance base --parent auto
}
base_backup base-sunday
pgbench -n -c 1 -t 1000 >/dev/null 2>&1
base_backup base-monday
psql -At -c 'SELECT sum(abalance), count(*) FROM pgbench_accounts' >monday.sums
stop

mkdir restored
archivetool backup restore base-monday --target restored
chmod 700 restored
if [ "$(id -u)" = 0 ]; then chown postgres restored; fi
serve "$PWD/restored"
psql -At -c 'SELECT sum(abalance), count(*) FROM pgbench_accounts' | cmp - monday.sums
stop
# shellcheck source=/dev/null
. "$TESTS/shares.sh"
initdb --version
archivetool backup show base-monday --json >record.json
adds_at_most 25000000 record.json
