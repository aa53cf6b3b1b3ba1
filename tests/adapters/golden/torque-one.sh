#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#PBS -N pcl-default-k3x9
#PBS -r n
#PBS -W umask=022
#PBS -l nodes=1:ppn=1
PBS_JOBID=${PBS_JOBID:-$SLURM_JOB_ID} PBS_ARRAYID=${PBS_ARRAYID:-$SLURM_ARRAY_TASK_ID}
exec > /home/ann/.pcluster/default/jobs/k3x9"${PBS_ARRAYID:+-$PBS_ARRAYID}".out 2>&1
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PBS_JOBID%%.*}"
export PCLUSTER_JOB_INDEX="0"
export PCLUSTER_JOB_CORES="${PBS_NUM_PPN:-0}"
export PCLUSTER_JOB_MEM_MB="0"
export PCLUSTER_JOB_GPUS="0"
export PCLUSTER_JOB_END="0"
export PCLUSTER_JOB_WARNING="0"
export PCLUSTER_JOB_SIGNAL=""
cd /home/ann/.pcluster/default || exit 1
become=exec

set -- /opt/pcluster/bin/pcluster worker \
  --directory /home/ann/.pcluster/default \
  --cluster default \
  --token k3x9 \
  --scrub 'PBS_*' \
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127
