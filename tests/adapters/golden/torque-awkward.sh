#!/bin/bash
# A job of pcluster: records when it began, sets up, and becomes the worker.
# SPDX-License-Identifier: MIT
#PBS -N pcl-default-k3x9
#PBS -t 0-1
#PBS -q "a b"
#PBS -A "it's"
#PBS -r n
#PBS -W umask=022
#PBS -l nodes=1:ppn=1
PBS_JOBID=${PBS_JOBID:-$SLURM_JOB_ID} PBS_ARRAYID=${PBS_ARRAYID:-$SLURM_ARRAY_TASK_ID}
exec > '/home/Jürgen o'\''Neil/$x "y"'/jobs/k3x9"${PBS_ARRAYID:+-$PBS_ARRAYID}".out 2>&1
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_ID="${PBS_JOBID%%.*}"
export PCLUSTER_JOB_INDEX="${PBS_ARRAYID}"
export PCLUSTER_JOB_CORES="${PBS_NUM_PPN:-0}"
export PCLUSTER_JOB_MEM_MB="0"
export PCLUSTER_JOB_GPUS="0"
export PCLUSTER_JOB_END="0"
export PCLUSTER_JOB_WARNING="0"
export PCLUSTER_JOB_SIGNAL=""
cd '/home/Jürgen o'\''Neil/$x "y"' || exit 1
# Set-up lines of the site and the user:
echo "it's $HOME"
cat <<'END'
a ) brace } and `tick`
END
become=exec
# Epilogue of the site and the user: however this job ends, and its exit code stays the worker's.
epilogue() {
  :
echo "done: $?" # } comment )
# the last line is a comment
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
echo 'προ' # (comment
set -- '/opt/Müller'\''s $HOME/"bin"/pcluster' worker \
  --directory '/home/Jürgen o'\''Neil/$x "y"' \
  --cluster default \
  --token k3x9 \
  --local-directory '/tmp/a b
$(id)' \
  --scrub 'PBS_*' \
  --scrub 'SLURM_*' \
  --scrub 'SLURMD_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
if [ -x "$1" ]; then $become "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127
