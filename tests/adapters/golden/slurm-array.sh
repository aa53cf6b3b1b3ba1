#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#SBATCH --job-name=pcl-default-k3x9
#SBATCH --array=0-9
#SBATCH --output=/home/ann/.pcluster/default/jobs/k3x9-%a.out
#SBATCH --partition=long
#SBATCH --account=lab7
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=6
#SBATCH --mem-per-cpu=1667M
#SBATCH --gres=gpu:1
#SBATCH --time=1-12:00:00
#SBATCH --constraint=haswell
#SBATCH --qos=high
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
export PCLUSTER_JOB_INDEX="${SLURM_ARRAY_TASK_ID}"
export PCLUSTER_JOB_CORES="${SLURM_CPUS_ON_NODE:-0}"
export PCLUSTER_JOB_MEM_MB="${SLURM_MEM_PER_NODE:-$((SLURM_MEM_PER_CPU * SLURM_CPUS_ON_NODE))}"
export PCLUSTER_JOB_GPUS="${SLURM_GPUS_ON_NODE:-0}"
export PCLUSTER_JOB_END="${SLURM_JOB_END_TIME:-$((${PCLUSTER_JOB_STARTED%.*} + 129600))}"
export PCLUSTER_JOB_WARNING="0"
export PCLUSTER_JOB_SIGNAL=""
trap '' USR1
# Set-up lines of the site and the user:
module load openmpi
export A="b c"
become=exec

set -- /opt/pcluster/bin/pcluster worker \
  --directory /home/ann/.pcluster/default \
  --cluster default \
  --token k3x9 \
  --slots 3 \
  --local-directory '/scratch/$USER' \
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'SRUN_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
export SLURM_OVERLAP=1
# shellcheck disable=SC2016  # the nodes expand it
start='if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
$become srun --nodes=2 --ntasks=2 --ntasks-per-node=1 \
  --cpus-per-task="$SLURM_CPUS_ON_NODE" --mpi=none --export=ALL --no-kill \
  --kill-on-bad-exit=0 /bin/sh -c "$start" pcluster "$@"
