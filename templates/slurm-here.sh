#!/bin/bash
# Workers of pcluster on the nodes of an allocation that is there already, in one job step.
# SPDX-License-Identifier: MIT
## Rendered by adapters/render.cpp for `pcluster submit --here`.  Lines with two marks are not in
## it.  docs/job-scripts.md has the fields.  local-jobs starts it where the launcher runs, and sets
## the job's id: the allocation's number, "+", and the process.
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_INDEX="{{job_index}}"
export PCLUSTER_JOB_MEM_MB="{{job_memory_mb}}"
allocation=${PCLUSTER_JOB_ID%+*}
## What is left of an allocation, or of another step, would be options of srun.
for name in ${!SLURM_@}; do
  [[ $name == SLURM_CONF* ]] || unset "$name"
done
{{#setup}}
# Set-up lines of the site and the user:
{{setup}}
{{/setup}}
{{#epilogue}}
# Epilogue of the site and the user: however this job ends, and its exit code stays the step's.
epilogue() {
  :
{{epilogue}}
}
trap 'code=$?; trap "" TERM INT HUP; (epilogue) || :; exit "$code"' EXIT
{{/epilogue}}
{{#prologue}}
# Prologue of the site and the user:
{{prologue}}
{{/prologue}}

set -- {{worker_command}}
## The sizes are each node's own.  A step without --cpus-per-task has all that the job has there.
# shellcheck disable=SC2016  # the nodes expand it
start='export PCLUSTER_JOB_CORES="${SLURM_CPUS_ON_NODE:-0}"
export PCLUSTER_JOB_GPUS="${SLURM_GPUS_ON_NODE:-0}"
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
## In a session of its own: srun that is told to end kills at once, and workers would rather leave.
setsid srun --jobid="$allocation" --overlap --nodes={{nodes}} --ntasks={{nodes}} \
  --ntasks-per-node=1 --cpu-bind=none --mpi=none --export=ALL --input=none --no-kill \
  --kill-on-bad-exit=0 --job-name={{job_name}} /bin/sh -c "$start" pcluster "$@" &
step=$! told='' code=0
trap 'told=yes' TERM INT HUP
wait "$step" || code=$?
if [ -n "$told" ]; then
  for _ in {1..40}; do
    kill -0 "$step" 2> /dev/null || exit 0
    sleep 0.1
  done
  kill -TERM "$step" 2> /dev/null || :
  wait "$step" || :
  exit 0
fi
## The launcher reads this, when the job is not listed any more.
reason="the workers' step has ended with $code"
case $(squeue -h -t all -j "$allocation" -o %T 2> /dev/null) in
  '' | *RUNNING* | *SUSPENDED*) ;;
  *) reason="allocation $allocation has ended" ;;
esac
echo "pcluster: $reason" >&2
printf '%s|ENDED|%s\n' "$PCLUSTER_JOB_ID" "$reason" > {{directory}}/jobs/{{token}}.ended
exit "$code"
