#!/usr/bin/env bash
# Many workers join at once, as many strangers among them: all are home soon, the launcher answers
# meanwhile, and a link is cheap.  Descriptors: as many as the system allows, and a word when these
# are too few; commands keep the limit that the user has.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

bench=${PCLUSTER_BENCH:-$(dirname "$program")/../bench}/join_bench
[[ -x $bench ]] || skip "no $bench"

# submit_asleep CLUSTER: a job that never calls home; its token is good for others.
submit_asleep() {
  ok pcluster submit --cluster "$1" --jobs 1 --cores 1 --no-wait \
    --setup "ulimit -Sn > '$dir/limit.$1'; exec sleep 300"
  eventually 10 test -s "$dir/limit.$1"
}
token() { basename "$PCLUSTER_DIR/$1"/jobs/*.sh .sh; }
# storm CLUSTER OPTIONS...
storm() {
  ok timeout 60 "$bench" "$PCLUSTER_DIR/$1" "$(token "$1")" "${@:2}"
  report "$(cat "$dir/out")"
}
soft_and_hard() { awk '/^Max open files/ { print $4, $5 }' "/proc/$1/limits"; }

hard=$(ulimit -Hn)
ulimit -Sn $((hard > 1000 ? 1000 : hard))
submit_asleep default
same "$(soft_and_hard "$(launcher_pid)")" "$hard $hard" "the launcher's limits of open files"
same "$(cat "$dir/limit.default")" "$(ulimit -Sn)" "the limit of its commands"

storm default links=150
at_most "$(json 'd["home_s"]')" 10 "seconds until all are home"
at_most "$(json 'd["status_ms"]')" 1000 "milliseconds for status meanwhile"
at_most "$(json 'd["kb_per_link"]')" 60 "kB for each link"
same "$(json 'd["cut"]')" 0 "workers that were cut off"
alone=$(json 'd["cpu_s"]')

# Each with a stranger before it who has another key, and 64 who say nothing before them all.
storm default links=150 strangers=150 silent=64
at_most "$(json 'd["home_s"]')" 10 "seconds until all are home, with strangers"
same "$(json 'd["cut"], d["refused"]')" "0 150" "workers that were cut off, strangers refused"
at_most "$(json "d['cpu_s'] / $alone")" 2.5 "times the launcher's CPU, with strangers"

# No more room: files and clients are served still, and status says what to do.
ulimit -n 160
submit_asleep small
timeout 20 "$bench" "$PCLUSTER_DIR/small" "$(token small)" links=140 > "$dir/storm" 2>&1 &
turned_away() { pcluster status --cluster small 2>&1 | grep -q "workers are turned away"; }
eventually 10 turned_away
ok pcluster status --cluster small
says "as many files open as it may (160)" "ulimit -Hn"
kill $! 2> /dev/null || :
wait $! 2> /dev/null || :
ok pcluster stop --cluster small
stopped
