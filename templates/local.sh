#!/bin/bash
# A local job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
## Rendered by adapters/render.cpp; `pcluster submit --dry-run` prints the result.  Lines with two
## marks are not in it.  local-jobs sets the job's id and index, as a scheduler would.
## The clock comes first; bash before 5 has none of its own, and some languages write 0,5.
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="{{job_id}}"
export PCLUSTER_JOB_INDEX="{{job_index}}"
export PCLUSTER_JOB_CORES="{{job_cores}}"
export PCLUSTER_JOB_MEM_MB="{{job_memory_mb}}"
export PCLUSTER_JOB_GPUS="{{job_gpus}}"
{{#setup}}
# Set-up lines of the site and the user:
{{setup}}
{{/setup}}

set -- {{worker_command}}
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: no executable $1 here: was it moved or rebuilt?" >&2
exit 127
