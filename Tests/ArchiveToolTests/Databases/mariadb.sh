#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# MariaDB: backups as xbstreams, in full and as an increment, and dumps; restored, served and compared.
# Needs: mariadb-install-db mariadbd mariadb mariadb-admin mariadb-backup mariadb-dump
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
  mariadbd --no-defaults --user="$user" --datadir="$1" --socket="$PWD/socket" --pid-file="$PWD/pid" --skip-networking \
    --innodb-buffer-pool-size=16M >server.log 2>&1 &
  pid=$!
  admin mariadb-admin --wait=60 ping >/dev/null
}
query() { admin mariadb --batch -e "$1"; }

mariadb-install-db --no-defaults --user="$user" --datadir="$PWD/data" --auth-root-authentication-method=normal >/dev/null
serve "$PWD/data"
query "CREATE DATABASE shop; USE shop;
  CREATE TABLE orders(id INT PRIMARY KEY, note VARCHAR(200)) ENGINE=InnoDB;
  INSERT INTO orders SELECT seq, CONCAT(MD5(seq), MD5(seq * 7)) FROM seq_1_to_100000;
  CREATE TABLE notes(id INT, note TEXT) ENGINE=Aria; INSERT INTO notes SELECT seq, MD5(seq) FROM seq_1_to_1000"
archivetool backup init

stream() {
  admin mariadb-backup --backup --stream=xbstream --target-dir="$PWD/temporary" 2>backup.log |
    archivetool -q backup create "$1" --from-xbstream - --instance stream --parent auto
}
dump() {
  archivetool -q backup create "$1" --instance dump --parent auto --filename shop.sql --database shop --command \
    "mariadb-dump --no-defaults --user=root --socket='$PWD/socket' --single-transaction --skip-dump-date shop"
}
state() { query 'CHECKSUM TABLE shop.orders, shop.notes'; }
stream stream-sunday
dump dump-sunday
state >sunday.state
query "UPDATE shop.orders SET note = 'changed' WHERE id BETWEEN 5000 AND 5099"
stream stream-monday
dump dump-monday
state >monday.state

# The server takes the dump of Sunday back.
query 'DROP TABLE shop.orders'
archivetool backup restore dump-sunday --stdout shop.sql | admin mariadb shop
state | cmp - sunday.state
stop

for day in sunday monday; do
  mkdir "$day"
  archivetool backup restore "stream-$day" --target "$day"
  mariadb-backup --no-defaults --prepare --target-dir="$PWD/$day" 2>prepare.log
  serve "$PWD/$day"
  state | cmp - "$day.state"
  stop
done
# shellcheck source=/dev/null
. "$TESTS/shares.sh"
for backup in stream-monday dump-monday; do
  archivetool backup show "$backup" --json >record.json
  shares record.json 5
done
archivetool backup merge stream-monday --replace >/dev/null
archivetool backup verify stream-monday --deep
