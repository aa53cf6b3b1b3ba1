#!/usr/bin/env bash
# Torque's commands for real, as Slurm's wrappers have them: qsub, qstat and qdel, and no other.
# SPDX-License-Identifier: MIT
#
# What the wrappers (Debian's slurm-wlm-torque) cannot show, and tests/adapters alone holds: ids
# with a server's name and of an array's jobs (12[3].server; here each is a plain number, and qdel
# of the first one ends the whole array), exit_status and comment in a listing, PBS_ variables and
# the home directory in a job, qstat -t, --version, a nodefile and pbsdsh, -k, and all of PBS Pro:
# select, place, -J, history, PBS's exit codes.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
command -v qsub > /dev/null || skip "no commands of Torque are installed"

# Its own commands alone: Slurm's are found by the wrappers, and by nobody else.
for command in qsub qstat qdel; do
  printf '#!/bin/sh\necho "%s $*" >> %s\nexec %s "$@"\n' "$command" "$dir/calls" \
    "$(command -v $command)" > "$dir/bin/$command"
done
chmod 755 "$dir"/bin/*

# They say no version: nobody takes a Slurm with these commands for Torque.
unset PCLUSTER_SITE
ok pcluster config show
says "generic-slurm"
export PCLUSTER_SITE=generic-torque

code 2 pcluster submit --partition nosuch --jobs 1
says "nosuch" "16GBXL"
ok pcluster submit --partition 8GBS --cores 2 --memory 300M --time 10m --jobs 2
says "2/2 workers available"
same "$(calls qsub) $(calls sbatch) $(calls scancel)" "1 0 0" "calls of qsub, sbatch, scancel"
same "$(workers_home)" 2 "workers at home"
same "$(squeue --me -h -r -t R -o '%C %m %l' | sort -u)" "2 300M 10:00" "cores, memory, time"
# Its ids are those of the listing, and no others come and go.
same "$(json 'all(x["job"].isdigit() for x in i)')" True "ids of the listing"
jobs() { pcluster status jobs --json > "$dir/out" && json 'sorted(x["id"] for x in i)'; }
two_jobs() { [[ $(jobs) =~ ^[0-9]+\ [0-9]+$ ]]; }
eventually 20 two_jobs             # a bare number does not tell an array's ids: they are looked up
[[ -e $(echo "$state"/jobs/*-1.out) ]] || fail "a job's output is not where it belongs"

ok pcluster map --trials 0-19 -- sh -c 'echo "{trial} on $(hostname), $(umask)"'
ok pcluster results --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "20 True" "results"
ok pcluster logs last
same "$(grep -c ' on node[123], 0022$' "$dir/out")" 20 "outputs from the nodes"

# One job by itself, in a pool of its own; then all end.
ok pcluster submit --partition 8GBS --cores 1 --time 10m --jobs 1
says "1/1 workers available"
code 3 pcluster submit --partition down --cores 1 --time 3m --jobs 1 --directive '-l nodes=99'
says "Requested node configuration is not available" "fewer --cores"
stopped_on_slurm
(($(calls qdel) > 0 && $(calls scancel) == 0)) || fail "not ended by qdel"
ls "$dir/work" > "$dir/out"
silent_on out
