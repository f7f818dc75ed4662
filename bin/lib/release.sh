# shellcheck shell=sh disable=SC2154 # the caller sets root, find_compiler sets swift
# SPDX-License-Identifier: Apache-2.0
#
# How the tool is built for use: the one place that holds the flags. Sourced; expects $root, say() and, for
# build_release, the functions of compiler.sh.
#
# The result is .build/tool/archivetool, which appears by rename; its time stamp is the moment the build began, so that
# "is any source newer" answers whether it is current, also for sources that changed during the build.

release_dir=$root/.build/tool
release_binary=$release_dir/archivetool
# The backup service, which the tool starts: it alone is linked with an HTTP library.
release_service=$release_dir/archivetool-serve

# The names under which the tool does one thing: see the section OTHER NAMES of its manual page.
release_aliases='ackz unackz ackcat'

# Prints the folder of GCC's own libraries, of the newest GCC there is.
gcc_library_folder() {
  for file in /usr/lib/gcc/*/*/libstdc++.a; do printf '%s\n' "${file%/*}"; done | sort -V | tail -n 1
}

# Lets the linker find static archives where it would prefer a shared library: the first folder that has a library by
# that name wins, whether shared or not. Without libstdc++.so the tool starts a quarter faster, and needs less around it.
prefer_static_libraries() {
  mkdir -p "$release_dir/static"
  folder=$(gcc_library_folder)
  ln -sfn "$folder/libstdc++.a" "$release_dir/static/libstdc++.a"
  ln -sfn "$folder/libgcc_eh.a" "$release_dir/static/libgcc_s.a"
}

# Runs `swift build` for one of the programs, $1, with the flags of a release; further arguments are added.
#
# Measured as the start of `archivetool --version` against `zstd --version` (minimum of 300 interleaved runs):
#   the static Swift library alone            2.1 x     6 shared libraries, 11.7 MB
#   no position-independent executable       -0.2 x     thousands of relocations less
#   libstdc++ and libgcc static              -0.5 x     4 shared libraries: libc, libm, ld.so, libisal
#   no run path                              -0.06 x    13 failing look-ups less
#   unused code and symbols dropped                     6.9 MB
#   all symbols bound at the start           +0.03 x    the table of functions is read-only afterwards
swift_build_release() {
  product=$1
  shift
  prefer_static_libraries
  "$swift" build --package-path "$root" --configuration release --product "$product" \
    --static-swift-stdlib --disable-local-rpath \
    -Xlinker "-L$release_dir/static" -Xlinker --as-needed \
    -Xlinker -no-pie -Xlinker --gc-sections -Xlinker --no-export-dynamic -Xlinker -s \
    -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now \
    "$@" </dev/null 9>&-
}

# True when the tool is built and nothing it is made of has changed. Folders count: a removed file changes its folder.
release_is_current() {
  [ -x "$release_binary" ] && [ -x "$release_service" ] &&
    [ -z "$(find "$root/Sources" "$root/Package.swift" "$root/bin/lib/release.sh" \
      -newer "$release_binary" -print -quit 2>/dev/null)" ]
}

# Builds the tool unless it is current. One at a time: the second caller waits and then finds it done.
build_release() {
  if release_is_current; then return 0; fi
  if ! { mkdir -p "$release_dir" && touch "$release_dir/lock"; } 2>/dev/null; then
    if [ -x "$release_binary" ]; then
      say "the sources are newer than the built tool, and $root cannot be written to: running what is there"
      return 0
    fi
    say "the tool is not built, and $root cannot be written to"
    return 1
  fi
  # In a subshell, so that the descriptor of the lock is gone before the tool runs.
  (
    if ! flock -n 9; then
      say "waiting for another build"
      flock 9
    fi
    release_is_current || build_release_now
  ) 9>>"$release_dir/lock"
}

build_release_now() {
  "$root/bin/setup" </dev/null >&2 9>&- || return 1
  find_compiler || return 1
  if [ -e "$release_binary" ]; then say "building"; else say "building for the first time, which takes a few minutes"; fi
  started=$release_dir/started
  : >"$started"
  if ! { swift_build_release archivetool --scratch-path "$release_dir/build" &&
    swift_build_release archivetool-serve --scratch-path "$release_dir/build"; } >"$release_dir/log" 2>&1; then
    tail -n 40 "$release_dir/log" >&2
    say "the build failed; all it said is in $release_dir/log"
    return 1
  fi
  publish_release "$release_dir/build/release"
}

# Puts the binaries of a folder in their place with the time the build began. The tool comes last: where it is, all is.
publish_release() {
  for program in "$release_service" "$release_binary"; do
    cp -- "$1/${program##*/}" "$program.new"
    touch -r "$started" "$program.new"
    mv -f -- "$program.new" "$program"
  done
  for name in $release_aliases; do ln -sfn archivetool "$release_dir/$name"; done
}
