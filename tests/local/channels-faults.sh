#!/usr/bin/env bash
# Channels whose launcher, worker or client is killed: no byte is lost or comes twice, and no
# program outlives its client.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

client() {
  timeout 60 python3 "$here/channels.py" "$1" "$state" "$program" "${@:2}" > "$dir/out" \
    2> "$dir/err" || { show; fail "channels, $1"; }
}
# shellcheck disable=SC2046  # a list of pids
engines() {
  show_processes $(processes_of "$dir") | grep "[c]hannel_engine" | grep -cv " channels " || true
}
none_run() { [[ $(engines) == 0 ]]; }

# held: a client with two programs, which does nothing; its own pid is $holder, the verb's $verb.
held() {
  rm -f "$dir/held"
  python3 "$here/channels.py" held "$state" "$program" --slots 2 > "$dir/held" 2> "$dir/err" &
  holder=$!
  disown
  eventually 10 grep -qs . "$dir/held"
  verb=$(cat "$dir/held")
}

ok pcluster submit --jobs 2 --cores 1
client launcher_dies --slots 2
held
kill -9 "$holder"                        # the verb meets the end of its input
eventually 10 none_run
held
kill -9 "$verb"                          # the launcher cancels what nobody talks to
eventually 10 none_run
kill -9 "$holder"
held
kill "$verb"                             # TERM: it cancels them itself
eventually 10 none_run
kill -9 "$holder"
client worker_dies
stopped
