# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Functions for scenarios; read at the beginning of each.

# Says whether two files are the same.
same() { if cmp -s -- "$1" "$2"; then echo "$1: same"; else echo "$1: differs from $2"; fi; }

# Writes compressible text of a number of bytes, always the same.
text() { seq -f 'line %.0f of a text that repeats itself' 1 99999999 2>/dev/null | head -c "$1"; }

# Writes bytes that do not compress.
noise() { head -c "$1" /dev/urandom; }

# flip FILE OFFSET: inverts a byte; a negative offset counts from the end.
flip() {
  local offset=$2 byte
  if [ "$offset" -lt 0 ]; then offset=$(($(stat -c %s -- "$1") + offset)); fi
  byte=$(od -An -tu1 -j "$offset" -N 1 -- "$1")
  printf '%b' "\\x$(printf %x $((byte ^ 255)))" | dd of="$1" bs=1 seek="$offset" conv=notrunc status=none
}

# cut_to FILE SIZE: removes the end; a negative size counts from the end.
cut_to() { truncate -s "$2" -- "$1"; }

# wait_for COMMAND...: until a command succeeds, or for half a minute.
wait_for() {
  local tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 1500 ]; then
      echo "waited in vain for: $*" >&2
      return 1
    fi
    sleep 0.02
  done
}

# said TEXT: whether the terminal has been told a text.
said() { grep -aqF -- "$1" "$TTYLOG"; }

# Returns when everything that was written to the terminal has been seen, and keeps that in the file "seen".
settle() {
  printf '<end>' >"$TTY"
  wait_for said '<end>'
  sed 's/<end>//g' "$TTYLOG" >seen
}

# Pieces of a .qp archive: its head, a directory's and a file's entry, and the end of a directory.
qp_head() { printf 'qpress10\0\0\1\0\0\0\0\0'; }
qp_name() { printf '%b\0\0\0%s\0' "\\x$(printf %02x "${#1}")" "$1"; }
qp_dir() { printf D && qp_name "$1"; }
qp_up() { printf U; }
# qp_file NAME: standard input under a name.
qp_file() { printf F && qp_name "$1" && archivetool compress -q --codec quicklz | tail -c +28; }
