# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# number NAME FILE: a number in the record of a backup.
number() { sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" "$2"; }

# shares FILE N: fails unless of the backup whose record is in FILE at most the Nth part was new.
shares() { adds_at_most "$(($(number logical_bytes "$1") / $2))" "$1"; }

# adds_at_most BYTES FILE: fails unless of the backup whose record is in FILE at most so many bytes were new.
adds_at_most() {
  echo "new: $(number unique_bytes "$2") of $(number logical_bytes "$2") bytes, $(number stored_bytes "$2") stored; at most $1"
  test "$(number unique_bytes "$2")" -le "$1"
}
