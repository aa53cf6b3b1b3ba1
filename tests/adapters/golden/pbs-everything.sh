#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#PBS -N pcl-default-k3x9
#PBS -J 0-9
#PBS -q small
#PBS -A lab7
#PBS -r n
#PBS -W umask=022
#PBS -l walltime=36:00:00
#PBS -j oe
#PBS -k oed
#PBS -l select=1:ncpus=2:mem=4000mb:ngpus=1
#PBS -m n
#PBS -l license=2
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PBS_JOBID%%.*}"
export PCLUSTER_JOB_INDEX="${PBS_ARRAY_INDEX}"
export PCLUSTER_JOB_CORES="${NCPUS:-0}"
export PCLUSTER_JOB_MEM_MB="4000"
export PCLUSTER_JOB_GPUS="1"
export PCLUSTER_JOB_END="$((${PCLUSTER_JOB_STARTED%.*} + 129600))"
export PCLUSTER_JOB_WARNING="90"
export PCLUSTER_JOB_SIGNAL=""
cd /home/ann/.pcluster/default || exit 1
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
  --scrub 'PBS_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127
