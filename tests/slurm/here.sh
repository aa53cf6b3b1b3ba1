#!/usr/bin/env bash
# submit --here: workers in an allocation that is there already, and what is left when either ends.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

printf '#!/bin/sh\necho "srun $*" >> %s\nexec %s "$@"\n' "$dir/calls" "$(command -v srun)" \
  > "$dir/bin/srun"
chmod 755 "$dir/bin/srun"

code 2 pcluster submit --here
says "this shell is in no allocation" "salloc --nodes=2"

# allocate OPTION...: an allocation, as the shell of salloc sees it.
allocate() {
  ok salloc --no-shell "$@"
  allocation=$(sed -n 's/.*Granted job allocation \([0-9]*\).*/\1/p' "$dir/err")
  # shellcheck disable=SC2046
  read -r nodes count cpus <<< "$(command squeue -h -j "$allocation" -o '%N %D %C')"
  inside=(env SLURM_JOB_ID="$allocation" SLURM_JOB_NODELIST="$nodes" SLURM_JOB_NUM_NODES="$count"
    SLURM_JOB_CPUS_PER_NODE="$((cpus / count))(x$count)" SLURM_MEM_PER_NODE=1000
    SLURM_NTASKS=1 SLURM_CPUS_PER_TASK=1 "$program")
}
steps() { command squeue -s -h -j "$allocation" -o %i | grep -vcE '\.(extern|batch)' || :; }
runs() { [[ $(command squeue -h -j "$allocation" -o %T) == RUNNING ]]; }

# As people do it: a shell of salloc.
ok salloc -N2 -c2 --mem=1000 -t 10 bash -c "
  '$program' submit --here &&
  '$program' map --trials 0-7 -- sh -c 'uname -n; sleep 0.1; [ \"\$PCLUSTER_CORES\" = 1 ]' &&
  '$program' logs last && '$program' status jobs && '$program' status workers --json > workers &&
  '$program' stop && squeue -h -j \$SLURM_JOB_ID -o 'the allocation is %T'"
says "2/2 workers available (2 hosts" "8 done" node1 node2 "the allocation is RUNNING"
grep -qE '^[0-9]+\+[0-9]+ ' "$dir/out" || { show; fail "the allocation's id is not shown"; }
same "$(calls sbatch)" 0 "calls of sbatch"
cp workers "$dir/out"
same "$(json '{(x["cores"], x["memory"] >> 20) for x in i}')" "{(2, 1000)}" "sizes"
eventually 10 nothing_runs

# In a job script: the launcher runs on the first of its nodes.
ok sbatch -N2 -c2 --mem=1000 -t 10 -o "$dir/batch" --wrap "'$program' submit --here &&
  '$program' map --trials 0-7 -- sh -c 'uname -n; sleep 0.1'; '$program' logs last
  '$program' stop; echo over"
eventually 20 grep -qx over "$dir/batch"
cp "$dir/batch" "$dir/out"
says "2/2 workers available (2 hosts" node1 node2 "stopped: 1 job, 2 workers"
eventually 5 queue_is_empty
same "$(calls sbatch)" 1 "calls of sbatch, ours"

# Ranks over its nodes; nothing of the scheduler's comes to them, nor of the shell's to the step.
allocate -N2 -c2 --mem=1000 -t 10
ok "${inside[@]}" submit --here
code 3 "${inside[@]}" submit --here --cluster other --timeout 5
says "allocation $allocation has workers already: job $allocation+"
ok pcluster stop --cluster other
if command -v mpiexec > /dev/null; then
  ok pcluster run -np 4 -- sh -c 'echo "$(uname -n) ${SLURM_JOB_ID:-none}"'
  same "$(sort -u "$dir/out" | tr '\n' ' ')" "node1 none node2 none " "ranks"
fi
stopped
runs || fail "stop ended the allocation"
same "$(steps)" 0 "steps after stop"

# Again; then the allocation ends, and that is told.
ok "${inside[@]}" submit --here
same "$(workers_home)" 2 "workers at home"
command scancel "$allocation"
none_home() { [[ $(workers_home) == 0 ]]; }
eventually 10 none_home
end_is_told() { pcluster events | grep "allocation $allocation has ended"; }
eventually 35 end_is_told
stopped_on_slurm
