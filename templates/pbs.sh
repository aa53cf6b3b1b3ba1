#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
## Rendered by adapters/render.cpp; `pcluster submit --dry-run` prints the result.  Lines with two
## marks are not in it.  docs/job-scripts.md has the fields, and how to write one of your own.
{{#directives}}
#PBS {{.}}
{{/directives}}
## The clock comes first; bash before 5 has none of its own, and some languages write 0,5.
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="{{job_id}}"
export PCLUSTER_JOB_INDEX="{{job_index}}"
export PCLUSTER_JOB_CORES="{{job_cores}}"
export PCLUSTER_JOB_MEM_MB="{{job_memory_mb}}"
export PCLUSTER_JOB_GPUS="{{job_gpus}}"
export PCLUSTER_JOB_END="{{job_end}}"
export PCLUSTER_JOB_WARNING="{{job_warning}}"
export PCLUSTER_JOB_SIGNAL="{{job_signal}}"
## The job starts in the home directory.
cd {{directory}} || exit 1
{{#setup}}
# Set-up lines of the site and the user:
{{setup}}
{{/setup}}
become=exec
{{#epilogue}}
# Epilogue of the site and the user: however this job ends, and its exit code stays the worker's.
epilogue() {
  :
{{epilogue}}
}
## Whoever ends the job may say so twice: the epilogue is not to die of that.
trap 'code=$?; trap "" TERM INT HUP; (epilogue) || :; exit "$code"' EXIT
## The worker runs beside this shell, which hands signals on: a scheduler may tell the shell alone.
## A trap ends `wait` early; the worker is then waited for again.
run_beside() {
  "$@" &
  worker=$! told=yes
  trap 'told=yes; kill -TERM "$worker" 2> /dev/null || :' TERM INT HUP
  while [ -n "$told" ]; do told='' code=0; wait "$worker" || code=$?; done
  exit "$code"
}
become=run_beside
{{/epilogue}}
{{#prologue}}
# Prologue of the site and the user:
{{prologue}}
{{/prologue}}

set -- {{worker_command}}
{{#many_nodes}}
## One worker per node: the nodefile has a line for each chunk.  pbsdsh takes no environment along,
## and PBS_NODEFILE is empty on the first node.
environment={{directory}}/jobs/{{token}}-$PCLUSTER_JOB_ID.env
(umask 077; export -p > "$environment") || exit 1
# shellcheck disable=SC2016  # the nodes expand it
start='. "$1" && cd "$PWD" || exit; shift
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
$become pbsdsh -- /bin/bash -c "$start" pcluster "$environment" "$@"
{{/many_nodes}}
{{^many_nodes}}
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127
{{/many_nodes}}
