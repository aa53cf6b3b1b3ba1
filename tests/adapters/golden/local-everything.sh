#!/bin/bash
# A local job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PCLUSTER_JOB_ID}"
export PCLUSTER_JOB_INDEX="${PCLUSTER_JOB_INDEX}"
export PCLUSTER_JOB_CORES="2"
export PCLUSTER_JOB_MEM_MB="4000"
export PCLUSTER_JOB_GPUS="1"
export PCLUSTER_JOB_END="0"
export PCLUSTER_JOB_WARNING="0"
export PCLUSTER_JOB_SIGNAL=""
# Set-up lines of the site and the user:
module load neuron
export OMP_PROC_BIND=close
become=exec
# Epilogue of the site and the user: however this job ends, and its exit code stays the worker's.
epilogue() {
  :
rm -rf /scratch/$USER
date
}
trap 'code=$?; trap "" TERM INT HUP; (epilogue) || :; exit "$code"' EXIT
run_beside() {
  "$@" &
  worker=$! told=yes
  trap 'told=yes; kill -TERM "$worker" 2> /dev/null || :' TERM INT HUP
  while [ -n "$told" ]; do told='' code=0; wait "$worker" || code=$?; done
  exit "$code"
}
become=run_beside
# Prologue of the site and the user:
mkdir -p /scratch/$USER
set -- /opt/pcluster/bin/pcluster worker \
  --directory /home/ann/.pcluster/default \
  --cluster default \
  --token k3x9 \
  --slots 2 \
  --local-directory /scratch \
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'PBS_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: no executable $1 here: was it moved or rebuilt?" >&2
exit 127
