# shellcheck shell=sh disable=SC2034 # the lists are for the caller
# SPDX-License-Identifier: Apache-2.0
#
# The Debian packages that building and testing need, and how to install them. Sourced; expects $root and say().

# PACKAGE FILE: the package is there when a file of that pattern is. Looking for files costs no process, finds what was
# installed in another way, and holds on other releases too.
build_needs='
libzstd-dev /usr/lib/*-linux-gnu/libzstd.a
liblz4-dev /usr/lib/*-linux-gnu/liblz4.a
libsnappy-dev /usr/lib/*-linux-gnu/libsnappy.a
zlib1g-dev /usr/lib/*-linux-gnu/libz.a
libxxhash-dev /usr/lib/*-linux-gnu/libxxhash.a
libssl-dev /usr/lib/*-linux-gnu/libcrypto.a
libisal-dev /usr/lib/*-linux-gnu/libisal.so
libdeflate-dev /usr/lib/*-linux-gnu/libdeflate.a
libsqlite3-dev /usr/lib/*-linux-gnu/libsqlite3.a
libmicrohttpd-dev /usr/lib/*-linux-gnu/libmicrohttpd.so
libc6-dev /usr/lib/*-linux-gnu/crti.o
libstdc++-12-dev /usr/lib/gcc/*-linux-gnu/*/libstdc++.a
binutils /usr/bin/ld
'

# What the Swift toolchain itself is linked with.
toolchain_needs='
libcurl4 /usr/lib/*-linux-gnu/libcurl.so.4
libncurses6 /usr/lib/*-linux-gnu/libncurses.so.6
libsqlite3-0 /usr/lib/*-linux-gnu/libsqlite3.so.0
libxml2 /usr/lib/*-linux-gnu/libxml2.so.2*
'

# The programs that the tests compare with or run.
test_needs='
bzip2 /usr/bin/bzip2
fish /usr/bin/fish
gcc /usr/bin/cc
groff /usr/bin/groff
gzip /bin/gzip
isal /usr/bin/igzip
libdeflate-tools /usr/bin/libdeflate-gzip
lz4 /usr/bin/lz4
man-db /usr/bin/man
pigz /usr/bin/pigz
procps /bin/ps
python3 /usr/bin/python3
python3-venv /usr/lib/python3*/ensurepip/__init__.py
python3-xxhash /usr/lib/python3/dist-packages/xxhash
python3-zstandard /usr/lib/python3/dist-packages/zstandard
rsync /usr/bin/rsync
shellcheck /usr/bin/shellcheck
strace /usr/bin/strace
tabix /usr/bin/bgzip
valgrind /usr/bin/valgrind
xz-utils /usr/bin/xz
zsh /bin/zsh
zstd /usr/bin/zstd
'

# What the long tests run besides: database servers with their backup programs, a browser, and what checks units. Tests start servers
# of their own, on sockets in their own folders; where the system starts what it installs, there is one of PostgreSQL and one
# of Redis besides.
long_needs='
chromium /usr/bin/chromium
chromium-driver /usr/bin/chromedriver
mariadb-backup /usr/bin/mariadb-backup
mariadb-client /usr/bin/mariadb-admin
mariadb-server-core /usr/sbin/mariadbd
postgresql /usr/lib/postgresql/*/bin/initdb
redis-server /usr/bin/redis-server
sqlite3 /usr/bin/sqlite3
systemd /usr/bin/systemd-analyze
'

# What the benchmarks compare with besides; what is not installed is left out of them.
peer_needs='
borgbackup /usr/bin/borg
dar /usr/bin/dar
golang-go /usr/bin/go
golang-github-klauspost-compress-dev /usr/share/gocode/src/github.com/klauspost/compress/s2/s2.go
restic /usr/bin/restic
squashfs-tools /usr/bin/mksquashfs
'

# Sets $missing to the packages of a list whose file is not there.
find_missing() {
  missing=
  while read -r package pattern; do
    [ -n "$package" ] || continue
    found=
    for file in $pattern; do
      if [ -e "$file" ]; then
        found=yes
        break
      fi
    done
    [ -n "$found" ] || missing="$missing $package"
  done <<EOF
$1
EOF
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# Runs apt-get without questions; waits for another one that is at work.
quiet_apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@" </dev/null
}

# Installs the packages of $missing.
install_missing() {
  if ! command -v apt-get >/dev/null; then
    say "these Debian packages, or what this system calls them, must be installed first:$missing"
    return 1
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    say "packages are missing and there is no sudo: run as root: apt-get install$missing"
    return 1
  fi
  say "installing$missing"
  log=$(mktemp)
  # The lists are fetched only when what they say does not do.
  # shellcheck disable=SC2086 # one word per package
  if quiet_apt_get install --no-install-recommends $missing >"$log" 2>&1 ||
    { quiet_apt_get update && quiet_apt_get install --no-install-recommends $missing; } >"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  tail -n 20 "$log" >&2
  rm -f "$log"
  say "apt-get could not install$missing"
  return 1
}
