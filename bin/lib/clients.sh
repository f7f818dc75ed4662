# shellcheck shell=sh disable=SC2154 # the caller sets root
# SPDX-License-Identifier: Apache-2.0
#
# The clients from PyPI that drive the service in tests, in .build/clients. Sourced; expects $root and say().

clients_dir=$root/.build/clients

# install_clients FILE: installs what a file of requirements in Tests/ServiceClients names, once. Without a network this
# is said, and the tests that need the clients say so too; nothing else depends on them.
install_clients() {
  wanted=$root/Tests/ServiceClients/$1
  stamp=$clients_dir/installed-$1
  if cmp -s "$wanted" "$stamp"; then return 0; fi
  say "installing the clients of the service, about a minute: $1"
  mkdir -p "$root/.build"
  log=$(mktemp)
  # An installation that was cut short is done anew.
  if { [ -x "$clients_dir/bin/pip" ] || /usr/bin/python3 -m venv --clear "$clients_dir"; } >"$log" 2>&1 </dev/null &&
    "$clients_dir/bin/pip" install --quiet --no-input --disable-pip-version-check --retries 1 --timeout 20 \
      --requirement "$wanted" >>"$log" 2>&1 </dev/null; then
    cp -- "$wanted" "$stamp"
  else
    tail -n 3 "$log" >&2
    say 'they could not be installed: the tests that need them are skipped'
  fi
  rm -f "$log"
}
