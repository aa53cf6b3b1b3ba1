#!/usr/bin/env bash
# On the testbed: commands of the scheduler that fail, hang, lose their answer or print rubbish.
# What runs goes on, nothing is submitted twice, and the scheduler is not stormed.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

# Each call takes the next word of $dir/COMMAND.says, the last one stays.
for command in sbatch squeue; do
  cat > "$dir/bin/$command" << SH
#!/bin/bash
echo "$command \$(date +%s%3N)" >> $dir/calls
real=$(PATH=$outer_path command -v $command) says=$dir/$command.says
mode=\$(head -n 1 \$says 2> /dev/null)
(( \$(wc -l < \$says) < 2 )) || sed -i 1d \$says
case \$mode in
  fails) echo "slurm error: Unable to contact slurm controller (connect failure)" >&2; exit 1 ;;
  loses) "\$real" "\$@" > /dev/null; echo "Socket timed out on send/recv operation" >&2; exit 1 ;;
  takes) "\$real" "\$@" > /dev/null; exec sleep 600 ;;
  hangs) exec sleep 600 ;;
  rubbish) head -c 5000 /dev/urandom; exit 0 ;;
  half) "\$real" "\$@" | head -c 20; kill -9 \$\$ ;;
esac
exec "\$real" "\$@"
SH
done
let_say() { printf '%s\n' "${@:2}" > "$dir/$1.says"; }
let_say sbatch right
let_say squeue right
others() { PATH=$outer_path "$@"; }
state_of() {
  pcluster status > "$dir/out" 2>&1
  awk -v pool="$1" '$2 == pool { print $3 }' "$dir/out"
}
waiting() { others squeue --me -h -r -t pending -o %i | wc -l; }
states_are() { [[ $(state_of "$1" | sort -u | tr '\n' ' ') == "$2 " ]]; }

ok pcluster submit --partition 16GBXL --jobs 2 --cores 1 --time 20m
tasks=100
pcluster map --quiet --trials "1-$tasks" -- sh -c 'echo x >> "$1/$0"; exec sleep 0.2' '{trial}' \
  "$dir/work" > "$dir/map" 2>&1 &
map=$!

# Taken, and the answer is lost; never taken; rubbish for an answer.  Each is looked up by its name,
# and only what the queue does not know is submitted once more.
begin=$SECONDS
before=$(calls sbatch)
options=(--partition 16GBXL --cores 1 --time 20m --no-wait --directive "--begin=now+1hour")
submits=(loses fails)
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || submits=(loses fails rubbish)
let_say sbatch "${submits[@]}" right
let_say squeue fails right
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || let_say squeue fails half rubbish right
for pool in "${submits[@]}"; do ok pcluster submit "${options[@]}" --pool "$pool" --jobs 2; done
for pool in "${submits[@]}"; do eventually 90 states_are "$pool" pending; done
wait $map || { cat "$dir/map" >&2; fail "map ended with $?"; }
same "$(cat "$dir"/work/* | wc -l)" "$tasks" "starts of $tasks tasks"
same "$(waiting)" $((2 * ${#submits[@]})) "jobs in the queue"
same "$(($(calls sbatch) - before))" $((2 * ${#submits[@]} - 1)) \
  "calls of sbatch for ${#submits[@]} submits, all but the first of which came to nothing"
report "${#submits[@]} submits without an answer were known after $((SECONDS - begin)) s"

# The queue does not answer: nothing is believed to have ended, tasks go on.
let_say squeue fails rubbish hangs
before=$(calls squeue)
begin=$SECONDS
outage=5
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || outage=130
while ((SECONDS - begin < outage)); do
  ok pcluster map --quiet --trials 1-20 -- true
  sleep 1
done
states_are loses pending || { show; fail "a job that waits is shown otherwise"; }
asked=$(($(calls squeue) - before))
at_most "$asked" $((2 + outage / 60)) "calls of squeue in $outage s that had no answer"
if [[ ${PCLUSTER_CHAOS:-} == 1 ]]; then
  # sbatch takes the job and then hangs until it is killed, with the queue away.
  let_say sbatch takes right
  ok pcluster submit "${options[@]}" --pool hung --jobs 2
  sleep 70
  let_say squeue right
  eventually 400 states_are hung pending
  same "$(waiting)" 8 "jobs in the queue"
fi
report "$asked calls of squeue in $outage s without an answer"
let_say squeue right
stopped_on_slurm
