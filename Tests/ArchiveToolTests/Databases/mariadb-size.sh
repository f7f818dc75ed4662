#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# MariaDB: what a second backup of the data directory adds after 1.4 % of the pages have changed: at most 3 % of the full one
# for the files of tables; what the redo and undo logs add besides is printed.
# Needs: mariadb-install-db mariadbd mariadb mariadb-admin
#
# Runs in an empty folder; ARCHIVETOOL names the tool.
set -eu
archivetool() { "$ARCHIVETOOL" "$@"; }
export ARCHIVETOOL_REPO="$PWD/repo"
user=$(id -un)
admin() { program=$1 && shift && "$program" --no-defaults --user=root --socket="$PWD/socket" "$@"; }
pid=
stop() { if [ -n "$pid" ]; then admin mariadb-admin shutdown && wait "$pid" && pid=; fi; }
trap stop EXIT
serve() {
  mariadbd --no-defaults --user="$user" --datadir="$PWD/$1" --socket="$PWD/socket" --pid-file="$PWD/pid" \
    --skip-networking --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=0 >server.log 2>&1 &
  pid=$!
  admin mariadb-admin --wait=60 ping >/dev/null
}
query() { admin mariadb --batch --skip-column-names -e "$1"; }

mariadb-install-db --no-defaults --user="$user" --datadir="$PWD/data" --auth-root-authentication-method=normal >/dev/null
serve data
query "CREATE DATABASE bench; USE bench;
  CREATE TABLE a(id INT PRIMARY KEY, note VARCHAR(200)) ENGINE=InnoDB;
  INSERT INTO a SELECT seq, CONCAT(MD5(seq), MD5(seq * 7), MD5(seq * 13)) FROM seq_1_to_1000000"
query 'CHECKSUM TABLE bench.a' >sunday.state
stop
archivetool backup init
back_up() {
  archivetool -q backup create "tables-$1" data/bench --instance tables --parent auto
  archivetool -q backup create "all-$1" data --instance all --parent auto
}
back_up sunday
cp data/bench/a.ibd sunday.ibd
serve data
# Some 100 rows stand on a page: one of 7,600 rows is on every 76th page or so.
query "UPDATE bench.a SET note = REVERSE(note) WHERE id % 7600 = 0"
query 'CHECKSUM TABLE bench.a' >monday.state
stop
back_up monday
cmp -l sunday.ibd data/bench/a.ibd | awk '{ page[int(($1 - 1) / 16384)] } END { for (p in page) n++; print n }' >changed
pages=$(($(stat -c %s data/bench/a.ibd) / 16384))
echo "pages changed: $(cat changed) of $pages"

# The whole directory comes back, and the server on it has what it had.
mkdir restored
archivetool backup restore all-monday --target restored
serve restored/data
query 'CHECKSUM TABLE bench.a' | cmp - monday.state
stop
# shellcheck source=/dev/null
. "$TESTS/shares.sh"
mariadbd --version
archivetool backup show tables-monday --json >record.json
echo "tables:" && adds_at_most $(($(number logical_bytes record.json) * 3 / 100)) record.json
archivetool backup show all-monday --json >record.json
echo "with redo, undo and system tables:" && adds_at_most "$(number logical_bytes record.json)" record.json
