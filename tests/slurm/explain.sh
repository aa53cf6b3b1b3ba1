#!/usr/bin/env bash
# explain: which partition would start the jobs sooner, and what is reserved before them.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
(($(id -u) == 0)) || skip "only root reserves nodes and makes partitions"

undo() {
  command scancel --me
  for _ in {1..80}; do queue_is_empty && break; sleep 0.1; done
  scontrol delete reservation=upkeep
  scontrol delete partitionname=busy
} > /dev/null 2>&1
# waits PATTERN: jobs pend, for a reason like that.
waits() { command squeue --me -h -t pending -o %r | grep -q "$@"; }
explained() {
  ok pcluster explain last --json
  json '{x["what"]: x["text"] for x in i}.get("'"$1"'", "")'
}

# node1 is all that `busy` has, and it is taken for 10 h; the other two are free.
scontrol create partitionname=busy nodes=node1 maxtime=2-0 defmempercpu=1000 state=up
ok sbatch -J taken -p busy -c 8 -t 10:00:00 --mem=1000 --wrap "sleep 600"
runs() { [[ $(command squeue --me -h -t running -o %j) == taken ]]; }
eventually 10 runs
code 0 pcluster submit --jobs 1 --cores 8 --partition busy --time 1h --no-wait
ok pcluster map --detach --trials 0-0 -- true
eventually 10 waits .
calls_before=$(calls sbatch)
told=$(explained sooner)
[[ $told == "would start at "*" sooner than in busy: pcluster submit --partition "* ]] ||
  { show; fail "what would start sooner: $told"; }
[[ $told == *" 9 h sooner"* || $told == *" 10 h sooner"* ]] || fail "by how much: $told"
report "$(($(calls sbatch) - calls_before)) estimates: $told"
same "$(($(calls sbatch) - calls_before))" 2 "estimates: one of an empty partition is enough"
same "$(command squeue --me -h | wc -l)" 2 "jobs: nothing was submitted"
same "$(explained reservation)" "" "a reservation where there is none"
# What it says is so.
ok pcluster submit --jobs 1 --cores 8 --time 1h --partition "${told##* }"
ok pcluster wait last
command scancel --name=taken
stopped_on_slurm

# All hosts are reserved in 3 h: 4 h wait until after that, 2 h 50 min do not.
scontrol create reservation reservationname=upkeep starttime=now+3hours duration=300 \
  flags=maint nodes=ALL users=root > /dev/null
code 0 pcluster submit --jobs 1 --cores 2 --partition 16GBXL --time 4h --no-wait
ok pcluster map --detach --trials 0-0 -- true
eventually 10 waits -i maint
told=$(explained reservation)
[[ $told == "cannot start before reservation upkeep is over (maintenance of node[1-3], "* ]] ||
  { show; fail "the reservation: $told"; }
report "$told"
# shellcheck disable=SC2086  # its last words are options
ok pcluster submit --jobs 1 --cores 2 --partition 16GBXL ${told##*pcluster submit }
ok pcluster wait last
ok pcluster explain last
stopped_on_slurm
