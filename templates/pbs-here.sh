#!/bin/bash
# Workers of pcluster on the nodes of an allocation that is there already, one on each host.
# SPDX-License-Identifier: MIT
## Rendered by adapters/render.cpp for `pcluster submit --here`.  Lines with two marks are not in
## it.  docs/job-scripts.md has the fields.  local-jobs starts it where the launcher runs, and sets
## the job's id: the allocation's number, "+", and the process.
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_INDEX="{{job_index}}"
export PCLUSTER_JOB_CORES="{{job_cores}}"
export PCLUSTER_JOB_MEM_MB="{{job_memory_mb}}"
export PCLUSTER_JOB_GPUS="{{job_gpus}}"
allocation=${PCLUSTER_JOB_ID%+*}
{{#setup}}
# Set-up lines of the site and the user:
{{setup}}
{{/setup}}
{{#epilogue}}
# Epilogue of the site and the user: however this job ends.
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
## pbs_tmrsh takes no environment along, and no shell: the nodes read ours from a file.
environment={{directory}}/jobs/{{token}}-here.env
(umask 077; export -p > "$environment") || exit 1
# shellcheck disable=SC2016  # the nodes expand it
start='. "$1" && cd "$PWD" || exit; shift
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
workers=() told=''
trap 'told=yes' TERM INT HUP
for host in $(sort -u "$PBS_NODEFILE"); do
  setsid pbs_tmrsh "$host" /bin/bash -c "$start" pcluster "$environment" "$@" &
  workers+=($!)
done
any_left() {
  local pid
  for pid in "${workers[@]}"; do
    if kill -0 "$pid" 2> /dev/null; then return 0; fi
  done
  return 1
}
## A signal ends `wait`; the launcher has told the workers to leave, too.
until [ -n "$told" ] || ! any_left; do wait "${workers[@]}" || :; done
for _ in {1..40}; do
  any_left || break
  sleep 0.1
done
if any_left; then kill -TERM "${workers[@]}" 2> /dev/null || :; fi
if [ -z "$told" ]; then
  ## The launcher reads this, when the job is not listed any more.
  reason="all workers in allocation $allocation have ended"
  echo "pcluster: $reason" >&2
  printf '%s|ENDED|%s\n' "$PCLUSTER_JOB_ID" "$reason" > {{directory}}/jobs/{{token}}.ended
fi
