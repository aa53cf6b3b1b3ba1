#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#PBS -N pcl-default-k3x9
#PBS -q small
#PBS -A lab7
#PBS -r n
#PBS -W umask=022
#PBS -l walltime=01:30:00
#PBS -l nodes=3:ppn=2:gpus=1
#PBS -l pmem=2000mb
PBS_JOBID=${PBS_JOBID:-$SLURM_JOB_ID} PBS_ARRAYID=${PBS_ARRAYID:-$SLURM_ARRAY_TASK_ID}
exec > /home/ann/.pcluster/default/jobs/k3x9"${PBS_ARRAYID:+-$PBS_ARRAYID}".out 2>&1
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PBS_JOBID%%.*}"
export PCLUSTER_JOB_INDEX="0"
export PCLUSTER_JOB_CORES="${PBS_NUM_PPN:-2}"
export PCLUSTER_JOB_MEM_MB="4000"
export PCLUSTER_JOB_GPUS="1"
export PCLUSTER_JOB_END="$((${PCLUSTER_JOB_STARTED%.*} + 5400))"
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
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
environment=/home/ann/.pcluster/default/jobs/k3x9-$PCLUSTER_JOB_ID.env
(umask 077; export -p > "$environment") || exit 1
# shellcheck disable=SC2016  # the nodes expand it
start='. "$1" && cd "$PWD" || exit; shift
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
$become pbsdsh -u /bin/bash -c "$start" pcluster "$environment" "$@"
