#!/bin/bash
# A local job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
## Rendered by adapters/render.cpp; `pcluster submit --dry-run` prints the result.  Lines with two
## marks are not in it.  docs/job-scripts.md has the fields.  local-jobs sets the job's id and
## index, as a scheduler would.
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
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: no executable $1 here: was it moved or rebuilt?" >&2
exit 127
