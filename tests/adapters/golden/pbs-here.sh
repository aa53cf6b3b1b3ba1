#!/bin/bash
# Workers of pcluster on the nodes of an allocation that is there already, one on each host.
# SPDX-License-Identifier: MIT
PCLUSTER_JOB_STARTED=${EPOCHREALTIME:-$(date +%s.%N)}
export PCLUSTER_JOB_STARTED="${PCLUSTER_JOB_STARTED/,/.}"
export PCLUSTER_JOB_INDEX="0"
export PCLUSTER_JOB_CORES="2"
export PCLUSTER_JOB_MEM_MB="4000"
export PCLUSTER_JOB_GPUS="1"
allocation=${PCLUSTER_JOB_ID%+*}
# Set-up lines of the site and the user:
export SLURM_CONF=/etc/slurm.conf
module load neuron
export OMP_PROC_BIND=close
# Epilogue of the site and the user: however this job ends.
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
  --scrub 'PBS_*' \
  --scrub 'PMI_*' \
  --scrub 'PMI2_*' \
  --scrub 'PMIX_*'
environment=/home/ann/.pcluster/default/jobs/k3x9-here.env
(umask 077; export -p > "$environment") || exit 1
# shellcheck disable=SC2016  # the nodes expand it
start='. "$1" && cd "$PWD" || exit; shift
if [ -x "$1" ]; then exec "$@"; fi
echo "pcluster: $(uname -n) has no executable $1: a file system is not mounted there?" >&2
exit 127'
workers=() told=''
trap 'told=yes' TERM INT HUP
for host in $(sort -u "$PBS_NODEFILE"); do
  setsid pbs_tmrsh "$host" /bin/bash -c "$start" pcluster "$environment" "$@" &
  workers+=($!)
done
any_left() {
  local pid
  for pid in "${workers[@]}"; do
    if kill -0 "$pid" 2> /dev/null; then return 0; fi
  done
  return 1
}
until [ -n "$told" ] || ! any_left; do wait "${workers[@]}" || :; done
for _ in {1..40}; do
  any_left || break
  sleep 0.1
done
if any_left; then kill -TERM "${workers[@]}" 2> /dev/null || :; fi
if [ -z "$told" ]; then
  ## The launcher reads this, when the job is not listed any more.
  reason="all workers in allocation $allocation have ended"
  echo "pcluster: $reason" >&2
  printf '%s|ENDED|%s\n' "$PCLUSTER_JOB_ID" "$reason" > /home/ann/.pcluster/default/jobs/k3x9.ended
fi
