#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#SBATCH --job-name=pcl-default-k3x9
#SBATCH --array=0-3
#SBATCH --chdir=/home/ann/.pcluster/default
#SBATCH --output=/home/ann/.pcluster/default/jobs/k3x9-%a.out
#SBATCH --partition=long
#SBATCH --account=lab7
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=4000M
#SBATCH --gres=gpu:1
#SBATCH --time=01:30:00
#SBATCH --signal=B:USR1@90
#SBATCH --constraint=haswell
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
export PCLUSTER_JOB_INDEX="${SLURM_ARRAY_TASK_ID}"
export PCLUSTER_JOB_CORES="${SLURM_CPUS_ON_NODE:-0}"
export PCLUSTER_JOB_MEM_MB="${SLURM_MEM_PER_NODE:-$((SLURM_MEM_PER_CPU * SLURM_CPUS_ON_NODE))}"
export PCLUSTER_JOB_GPUS="${SLURM_GPUS_ON_NODE:-0}"
export PCLUSTER_JOB_END="${SLURM_JOB_END_TIME:-$((${PCLUSTER_JOB_STARTED%.*} + 5400))}"
export PCLUSTER_JOB_WARNING="90"
export PCLUSTER_JOB_SIGNAL="USR1"
trap '' USR1
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
trap 'code=$?; trap "" TERM INT HUP USR1; (epilogue) || :; exit "$code"' EXIT
run_beside() {
  "$@" &
  worker=$! told=yes
  trap 'told=yes; kill -TERM "$worker" 2> /dev/null || :' TERM INT HUP
  trap 'told=yes; kill -USR1 "$worker" 2> /dev/null || :' USR1
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
  --scrub 'SRUN_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127
