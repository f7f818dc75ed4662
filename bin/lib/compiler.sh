# shellcheck shell=sh disable=SC2154 # the caller sets root
# SPDX-License-Identifier: Apache-2.0
#
# Finds a Swift compiler that is new enough. Sourced; expects $root and say().
#
# `find_compiler` sets $swift. The answer is remembered in .build/setup/compiler together with what it depends on, so
# that a compiler is asked for its version once and not on each call.

oldest_swift_major=6
oldest_swift_minor=2

# Prints the home of the person who called sudo, if somebody did: toolchains are often installed in one's home.
caller_home() {
  [ -n "${SUDO_USER:-}" ] || return 0
  getent passwd "$SUDO_USER" | cut -d: -f6
}

# Prints every file that could be a Swift compiler, the preferred ones first, one per line.
compiler_candidates() {
  if [ -n "${SWIFT:-}" ]; then
    command -v "$SWIFT" || printf '%s\n' "$SWIFT"
    return
  fi
  # Another program is called swift as well (the OpenStack client), so that the first one on PATH proves nothing.
  (
    set -f
    IFS=:
    for folder in $PATH; do printf '%s\n' "${folder:-.}/swift"; done
  )
  for home in "${HOME:-/nonexistent}" "$(caller_home)"; do
    [ -n "$home" ] || continue
    printf '%s\n' "${SWIFTLY_BIN_DIR:-$home/.local/share/swiftly/bin}/swift" "$home/.swiftly/bin/swift"
    printf '%s\n' "$home"/.local/share/swiftly/toolchains/*/usr/bin/swift "$home"/.swiftly/toolchains/*/usr/bin/swift
    printf '%s\n' "$home"/swift*/usr/bin/swift
  done
  printf '%s\n' /opt/swift*/usr/bin/swift /opt/swift*/bin/swift /opt/swift/*/usr/bin/swift
  printf '%s\n' /usr/local/swift*/usr/bin/swift /usr/libexec/swift*/bin/swift /usr/libexec/swift/*/bin/swift
  printf '%s\n' /usr/lib/swift*/bin/swift
}

# Prints MAJOR.MINOR of a Swift compiler, and nothing for a program that is none.
swift_version() {
  "$1" --version 2>/dev/null </dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1
}

# True when MAJOR.MINOR is new enough.
is_new_enough() {
  major=${1%%.*}
  minor=${1#*.}
  [ "$major" -gt "$oldest_swift_major" ] ||
    { [ "$major" -eq "$oldest_swift_major" ] && [ "$minor" -ge "$oldest_swift_minor" ]; }
}

# What the remembered answer depends on, as three lines; the third changes when the compiler is replaced.
compiler_key() {
  printf '%s\n%s\n%s\n' "${SWIFT:-}" "$PATH" "$(stat -L -c '%d:%i:%s:%Y' -- "$1" 2>/dev/null || true)"
}

# True when the remembered compiler still holds; sets $swift.
recall_compiler() {
  [ -r "$root/.build/setup/compiler" ] || return 1
  { IFS= read -r swift && IFS= read -r known_override && IFS= read -r known_path && IFS= read -r known_file; } \
    <"$root/.build/setup/compiler" || return 1
  [ "$known_override" = "${SWIFT:-}" ] && [ "$known_path" = "$PATH" ] && [ -x "$swift" ] || return 1
  [ "$known_file" = "$(stat -L -c '%d:%i:%s:%Y' -- "$swift" 2>/dev/null)" ]
}

# Remembers $swift; a checkout that cannot be written to just asks again next time.
remember_compiler() {
  {
    mkdir -p "$root/.build/setup" &&
      { printf '%s\n' "$swift" && compiler_key "$swift"; } >"$root/.build/setup/compiler.$$" &&
      mv -f "$root/.build/setup/compiler.$$" "$root/.build/setup/compiler"
  } 2>/dev/null || true
}

# True when any program called swift exists, whatever it is.
any_compiler_candidate() {
  compiler_candidates | (
    while IFS= read -r candidate; do
      if [ -f "$candidate" ] && [ -x "$candidate" ]; then exit 0; fi
    done
    exit 1
  )
}

explain_missing_compiler() {
  wanted="$oldest_swift_major.$oldest_swift_minor or newer"
  if [ -n "${SWIFT:-}" ]; then
    say "SWIFT=$SWIFT is not a Swift compiler of version $wanted: set it to the path of one, or unset it"
  elif [ -n "${1:-}" ]; then
    say "Swift $wanted is needed, and $1 was found: install one from https://www.swift.org/install or name it with SWIFT=/path/to/swift"
  else
    say "Swift $wanted is needed, and no Swift compiler was found: install one from https://www.swift.org/install or name it with SWIFT=/path/to/swift"
  fi
}

# Sets $swift to the first compiler that is new enough, or says what to do and fails.
find_compiler() {
  if recall_compiler; then return 0; fi
  too_old=
  candidates=$(compiler_candidates)
  while IFS= read -r candidate; do
    if [ ! -f "$candidate" ] || [ ! -x "$candidate" ]; then continue; fi
    version=$(swift_version "$candidate") || version=
    if [ -z "$version" ]; then continue; fi
    if is_new_enough "$version"; then
      case $candidate in
        /*) swift=$candidate ;;
        *) swift=$PWD/$candidate ;;
      esac
      remember_compiler
      return 0
    fi
    too_old=${too_old:-"only $version ($candidate)"}
  done <<EOF
$candidates
EOF
  explain_missing_compiler "$too_old"
  return 1
}
