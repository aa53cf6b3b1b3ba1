#!/usr/bin/env bash
# A cut cable, and a half-open one, on the testbed: both sides notice within 15 s, the task goes to
# another worker, and what the old attempt says late is refused; a cut under 10 s costs nothing.
# PCLUSTER_CHAOS=1: all of them; else the half-open one alone.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
(($(id -u) == 0)) || skip "only root pulls cables"

undo() {
  testbed heal node1 2> /dev/null
  testbed unblock node1 "${port:-1}" 2> /dev/null
  command scancel --me
}
state_of() {
  pcluster status --json > "$dir/status" 2> /dev/null
  python3 -c 'import json, sys
print(*[x["state"] for x in json.load(open(sys.argv[1]))["items"] if x["host"] == sys.argv[2]])' \
    "$dir/status" "$1"
}
away() { [[ $(state_of node1) != busy ]]; }
home() { [[ $(state_of node1) == *@(busy|idle)* ]]; }
# Each attempt of a trial writes a line when it begins and when it ends; the first is slow.
# shellcheck disable=SC2016    # expanded by the task
slow='echo "begin $(uname -n)" >> "$0"
[ "$(grep -c begin "$0")" != 1 ] || sleep "$1"
echo "end $(uname -n)" >> "$0"'

ok pcluster submit --jobs 1 --cores 1 --directive=--nodelist=node1 --directive=--no-kill
port=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["port"])' "$state/launcher.json")

# ------------------------------------------------------------ a cut, and a wall in one direction

# silent HOW: the task of node1 goes to node2; the first attempt ends unheard, and does not count.
silent() {
  local how=$1 begin noticed
  ok pcluster map --detach --trials 0-0 -- sh -c "$slow" "$dir/$how" 25
  eventually 10 grep -q begin "$dir/$how"
  ok pcluster submit --jobs 1 --cores 1 --pool other --directive=--nodelist=node2
  if [[ $how == cut ]]; then testbed cut node1; else testbed block node1 "$port" --silent; fi
  begin=$(now_ms)
  eventually 20 away
  noticed=$(($(now_ms) - begin))
  eventually 10 grep -q node2 "$dir/$how"
  sleep 6
  if [[ $how == cut ]]; then testbed heal node1; else testbed unblock node1 "$port"; fi
  [[ $how == cut ]] || eventually 30 home
  ok timeout 90 "$program" wait last
  ok pcluster results last --json
  same "$(json 'len(i), i[0]["state"], i[0]["host"], i[0]["attempt"]')" "1 done node2 2" \
    "the task ($how)"
  same "$(grep -c begin "$dir/$how")" 2 "attempts ($how)"
  report "$how: noticed after $noticed ms"
  at_most "$noticed" 15500 "ms until it was noticed ($how)"
  ok pcluster scale 0 --pool other
}
silent one-way
if [[ ${PCLUSTER_CHAOS:-} != 1 ]]; then
  stopped_on_slurm
  exit 0
fi

# ------------------------------------------------------------ under 10 s: nothing

ok pcluster map --detach --trials 0-0 -- sh -c "$slow" "$dir/short" 12
eventually 10 grep -q begin "$dir/short"
testbed cut node1
sleep 8
testbed heal node1
ok timeout 60 "$program" wait last
same "$(grep -c begin "$dir/short")" 1 "attempts through a cut of 8 s"
ok pcluster results last --json
same "$(json 'i[0]["state"], i[0]["attempt"]')" "done 1" "the task through a cut of 8 s"

# Slurm gives a node up after 3 s and ends its job: the cable comes last.
silent cut
stopped_on_slurm
