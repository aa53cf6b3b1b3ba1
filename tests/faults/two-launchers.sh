#!/usr/bin/env bash
# Two launchers, two login nodes, one state directory: the second is refused and says who has it, or
# takes over; the first then writes nothing more and ends, also when it was frozen; never both.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
(($(id -u) == 0)) || skip "only root gives a process another host name"

# Another login node is a host name of its own; the launcher's socket, which would not reach it, is
# taken away where that counts.
take_over() {
  rm "$state/socket"
  ok on "$1" "$program" submit --jobs 2 --cores 1 --take-over
}
on() { unshare --uts sh -c 'hostname "$1"; shift; exec "$@"' sh "$@"; }
launch() { on "$1" timeout 20 "$program" launcher --directory "$state" --cluster default; }
has_ended() { [[ $(awk '{ print $3 }' "/proc/$1/stat" 2> /dev/null || echo Z) == Z ]]; }
holder() { sed -n 's/.*"host": *"\([^"]*\)".*/\1/p' "$state/lock"; }
segments_of() { ls -l --time-style=full-iso "$state"/journal/; }
joined() { pcluster events --json > "$dir/out"; grep -c '"joined"' "$dir/out" || true; }

ok pcluster submit --jobs 2 --cores 1
first=$(launcher_pid)
code 3 launch login2
says "process $first on $(hostname)" "pcluster there" "--take-over"
ok on login2 "$program" status
says "w0" "w1"
same "$(launcher_pid)" "$first" "the launcher that serves another login node"

# Taken over while it lives and works.
pcluster map --quiet --detach --trials 0-299 -- \
  sh -c 'echo "$0" >> "$1"; exec sleep 0.05' '{trial}' "$dir/ran" > "$dir/id" 2> /dev/null
pcluster map --quiet --detach --priority 5 --trials 0-0 -- \
  sh -c 'echo began >> "$0"; sleep 4; echo ended >> "$0"' "$dir/long" > "$dir/long.id" 2> /dev/null
eventually 5 test -s "$dir/long"
begin=$(now_ms)
take_over login2
second=$(launcher_pid)
same "$(holder)" login2 "who has the lock"
eventually 6 has_ended "$first"
noticed=$(($(now_ms) - begin))
grep -q "taken this cluster over, process $second on login2" "$state/launcher.log" ||
  fail "the log does not say who took over"
ok on login2 "$program" wait "$(cat "$dir/id")"
ok on login2 "$program" wait "$(cat "$dir/long.id")"
same "$(tr '\n' ' ' < "$dir/long")" "began ended " "a task that ran meanwhile"
same "$(sort "$dir/ran" | uniq -d | wc -l)" 0 "tasks that ran twice"
ok on login2 "$program" results "$(cat "$dir/id")" --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "300 True" "results"

# Frozen, as a paused machine is, and taken over: when it goes on it writes nothing.
kill -STOP "$second"
take_over login3
third=$(launcher_pid)
ok on login3 "$program" map --quiet --trials 0-99 -- true
before=$(segments_of)
kill -CONT "$second"
eventually 6 has_ended "$second"
same "$(segments_of)" "$before" "the journal, once the frozen launcher went on"
same "$(launcher_pid) $(holder)" "$third login3" "who serves"
ok on login3 "$program" map --quiet --trials 0-9 -- true

# All at once, and nobody has it: one gets it.
kill -9 "$third"
rounds=5
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || rounds=100
for ((round = 0; round < rounds; round++)); do
  eventually 5 has_ended "$third"
  rm -f "$state/lock"
  for i in 1 2 3 4; do launch "login$i" > "$dir/launch.$i" 2>&1 & done
  one_serves() { on "$(holder)" "$program" status; }
  eventually 10 one_serves
  refused() {
    [[ $(grep -lE "process [0-9]+ on login|names no launcher" "$dir"/launch.? | wc -l) == 3 ]]
  }
  eventually 5 refused
  third=$(launcher_pid)
  kill -9 "$third"
done
report "a launcher that was taken over ended after $noticed ms; $rounds x 4 at once: one each"
same "$(sort "$dir/ran" | wc -l)" 300 "tasks that ran"
ok pcluster submit --jobs 2 --cores 1 --take-over
stopped
