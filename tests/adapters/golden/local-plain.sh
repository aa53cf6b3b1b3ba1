#!/bin/bash
# A local job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PCLUSTER_JOB_ID}"
export PCLUSTER_JOB_INDEX="${PCLUSTER_JOB_INDEX}"
export PCLUSTER_JOB_CORES="0"
export PCLUSTER_JOB_MEM_MB="0"
export PCLUSTER_JOB_GPUS="0"
export PCLUSTER_JOB_END="0"
export PCLUSTER_JOB_WARNING="0"
export PCLUSTER_JOB_SIGNAL=""
become=exec

set -- /opt/pcluster/bin/pcluster worker \
  --directory /home/ann/.pcluster/default \
  --cluster default \
  --token k3x9 \
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'PBS_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: no executable $1 here: was it moved or rebuilt?" >&2
exit 127
