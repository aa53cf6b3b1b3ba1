#!/usr/bin/env bash
# doctor on Slurm: all is well; an address that is blocked, a directory that nodes do not see; and
# submit names the hop at which workers stop.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

row() { grep -qE -- "^$1 +$2" "$dir/out" || { show; fail "row '$1' is not '$2'"; }; }
nothing_left() {
  eventually 5 queue_is_empty
  [[ -z $(compgen -G "$state/doctor-*") ]] || fail "files of the probe are left"
}

ok env -u TMPDIR "$program" doctor --partition 16GBXL
row "probe job" "ok: job [0-9]+ on node[1-3], "
row "node to login" "ok: 10\.231\.[0-9]+\.1 in [0-9.]+ ms"
row "login to node" "ok: 10\.231\.[0-9]+\.1[1-3] in [0-9.]+ ms"
row "directory on the node" "ok: node[1-3] sees it, .* seen there after [0-9]+ ms, here after"
row clocks "ok: node[1-3] is 0\.0"
row "job size" "ok: 1 core"
row "scratch" "warning: tasks get /tmp \\(tmpfs: RAM, "  # as each host of the testbed has it
says "better: --local-directory /var/tmp"
row "queue from the node" "ok: the scheduler answers there"
nothing_left
same "$(calls sbatch)" 1 "jobs submitted"
ok pcluster doctor --last --site generic-slurm --json
same "$(json 'd["partition"], len(d["reached"])')" "16GBXL 1" "what is remembered"
address=$(json 'd["reached"][0]')

# Each host's /tmp is its own: nothing of the job is to be seen here.
here_only=$(mktemp -d /tmp/pcl.XXXXXX)
PCLUSTER_DIR=$here_only/state code 1 pcluster doctor --partition 16GBXL
row "probe job" "failed: job [0-9]+: the job ended .*before it told anything"
says "does its node see that directory?"
rm -r "$here_only"
nothing_left

# The address that reached it is the first that a launcher names; then its port is closed to hosts.
(($(id -u) == 0)) || { stopped_on_slurm; exit 0; }
ok pcluster submit --partition 16GBXL --jobs 1
same "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["addresses"][0])' \
  < "$state/launcher.json")" "$address" "the first address"
port=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["port"])' < "$state/launcher.json")
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
undo() {
  local host
  for host in node1 node2 node3; do
    testbed unblock $host "$port"
    testbed unblock $host "$free"
  done 2> /dev/null  # most are open again
  command scancel --me
}
for host in node1 node2 node3; do testbed block $host "$port"; testbed block $host "$free"; done

code 1 pcluster doctor --partition 16GBXL --ports "$free-$free"
row "node to login" "failed: node[1-3] reaches no address of the launcher: .*$address: refused"
row "directory on the node" "ok: .* a change and its answer take [0-9]+ ms"
row clocks "ok: "

code 4 pcluster submit --partition 16GBXL --jobs 1 --pool other --timeout 4
hop="[0-9]+ address(es)? tried from node[1-3]: .*1 refused"
grep -qE "0/1 workers available after .*: 1 [a-z]+; $hop" "$dir/err" ||
  { show; fail "the hop is not named"; }
says "see where it stops: pcluster doctor --partition 16GBXL"
for host in node1 node2 node3; do testbed unblock $host "$port"; testbed unblock $host "$free"; done
eventually 20 eval '[[ $(workers_home) == 1 ]]'
stopped_on_slurm
