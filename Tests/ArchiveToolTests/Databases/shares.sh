# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# shares FILE N: fails unless of the backup whose record is in FILE at most the Nth part was new.
shares() {
  number() { sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" "$2"; }
  echo "new: $(number unique_bytes "$1") of $(number logical_bytes "$1") bytes, $(number stored_bytes "$1") stored"
  test "$(($(number unique_bytes "$1") * $2))" -le "$(number logical_bytes "$1")"
}
