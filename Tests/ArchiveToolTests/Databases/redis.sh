#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Redis: RDB files as a stream, in full and as an increment, restored, served and compared.
# Needs: redis-server redis-cli
#
# Runs in an empty folder; ARCHIVETOOL names the tool.
set -eu
archivetool() { "$ARCHIVETOOL" "$@"; }
export ARCHIVETOOL_REPO="$PWD/repo"
pid=
stop() {
  if [ -z "$pid" ]; then return; fi
  kill "$pid"
  # It ends with the signal's status.
  wait "$pid" || true
  pid=
}
trap stop EXIT

serve() {
  # An RDB file that is packed as a whole shares nothing with the next one.
  redis-server --port 0 --unixsocket "$PWD/socket" --dir "$1" --save '' --rdbcompression no >redis.log &
  pid=$!
  until redis-cli -s socket ping >/dev/null 2>&1; do
    kill -0 "$pid"
    sleep 0.1
  done
}
back_up() {
  archivetool -q backup create "$1" --instance shop --parent auto --filename dump.rdb \
    --command 'redis-cli -s socket --rdb dump.tmp >&2 && cat dump.tmp && rm dump.tmp' 2>/dev/null
}
digest() { redis-cli -s socket debug digest; }

mkdir data
serve data
archivetool backup init
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "SET order:%d %d-%d-note-of-an-order\r\n", i, i * 7919, i * 104729 }' |
  redis-cli -s socket --pipe >/dev/null
digest >sunday.digest || true
back_up sunday
redis-cli -s socket set order:17 changed >/dev/null
digest >monday.digest || true
redis-cli -s socket get order:17 >monday.value
back_up monday
stop

mkdir restored
archivetool backup restore monday --stdout dump.rdb >restored/dump.rdb
archivetool backup restore sunday --stdout dump.rdb >sunday.rdb
serve restored
test "$(redis-cli -s socket dbsize)" = 20000
digest | cmp - monday.digest
redis-cli -s socket get order:17 | cmp - monday.value
if cmp -s sunday.rdb restored/dump.rdb; then
  echo 'both backups hold the same' >&2
  exit 1
fi
archivetool backup show monday --json >monday.json
grep -o '"unique_bytes":[0-9]*' monday.json
