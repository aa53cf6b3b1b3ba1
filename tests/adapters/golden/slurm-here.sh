#!/bin/bash
# Workers of pcluster on the nodes of an allocation that is there already, in one job step.
# SPDX-License-Identifier: MIT
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_INDEX="0"
export PCLUSTER_JOB_MEM_MB="4000"
allocation=${PCLUSTER_JOB_ID%+*}
for name in ${!SLURM_@}; do
  [[ $name == SLURM_CONF* ]] || unset "$name"
done
# Set-up lines of the site and the user:
export SLURM_CONF=/etc/slurm.conf
module load neuron
export OMP_PROC_BIND=close
# Epilogue of the site and the user: however this job ends, and its exit code stays the step's.
epilogue() {
  :
rm -rf /scratch/$USER
date
}
trap 'code=$?; trap "" TERM INT HUP; (epilogue) || :; exit "$code"' EXIT
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
# shellcheck disable=SC2016  # the nodes expand it
start='export PCLUSTER_JOB_CORES="${SLURM_CPUS_ON_NODE:-0}"
export PCLUSTER_JOB_GPUS="${SLURM_GPUS_ON_NODE:-0}"
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
setsid srun --jobid="$allocation" --overlap --nodes=2 --ntasks=2 \
  --ntasks-per-node=1 --cpu-bind=none --mpi=none --export=ALL --input=none --no-kill \
  --kill-on-bad-exit=0 --job-name=pcl-default-k3x9 /bin/sh -c "$start" pcluster "$@" &
step=$! told='' code=0
trap 'told=yes' TERM INT HUP
wait "$step" || code=$?
if [ -n "$told" ]; then
  for _ in {1..40}; do
    kill -0 "$step" 2> /dev/null || exit 0
    sleep 0.1
  done
  kill -TERM "$step" 2> /dev/null || :
  wait "$step" || :
  exit 0
fi
reason="the workers' step has ended with $code"
case $(squeue -h -t all -j "$allocation" -o %T 2> /dev/null) in
  '' | *RUNNING* | *SUSPENDED*) ;;
  *) reason="allocation $allocation has ended" ;;
esac
echo "pcluster: $reason" >&2
printf '%s|ENDED|%s\n' "$PCLUSTER_JOB_ID" "$reason" > /home/ann/.pcluster/default/jobs/k3x9.ended
exit "$code"
