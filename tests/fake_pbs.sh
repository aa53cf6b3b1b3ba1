#!/usr/bin/env bash
# A FAKE of PBS's commands, for machines that have none: it prints what OpenPBS 23.06 printed, and
# runs jobs as processes here.  Its name says which command it is; its state is in $FAKE_PBS.
# SPDX-License-Identifier: MIT
#
# Files in $FAKE_PBS make it worse: no-history; full (jobs stay queued); down (nobody answers);
# lost (the next qsub is taken, and then fails).  It cannot show what a real one alone does: a node
# of its own, limits, times.
set -euo pipefail
all=$FAKE_PBS/jobs
mkdir -p "$all"
me=$(realpath "$0")
as=${0##*/}

fails() { echo "$2" >&2; exit "$1"; }
get() { cat "$all/$1/$2" 2> /dev/null || true; }
put() { printf '%s\n' "$3" > "$all/$1/$2"; }
id_of() { local id=${1%%.*}; id=${id%]}; echo "${id/\[/_}"; }       # 12[3].fake is in 12_3
shown() { [[ $1 == *_* ]] && echo "${1/_/[}].fake" || echo "$1.fake"; }

# ------------------------------------------------------------------ qsub

walltime='' queue=workq name='' array='' select='' output='' umask=077
option() {           # OPTION VALUE
  case $1 in
    -N) name=$2 ;;
    -J) array=$2 ;;
    -q) queue=$2 ;;
    -o) output=$2 ;;
    -l)
      case $2 in
        select=*) [[ -n $select ]] || select=${2#*=} ;;
        walltime=*) walltime=${2#*=} ;;
        place=*) ;;
        *)
          fails 5 "qsub: \"-lresource=\" cannot be used with \"select\" or \"place\", resource is: \
${2%%=*}" ;;
      esac ;;
    -W) if [[ $2 == umask=* ]]; then umask=${2#*=}; fi ;;
    -A | -r | -j | -k) ;;
    *) fails 2 "qsub: invalid option -- '${1#-}'" ;;
  esac
}

new_job() {          # ID [INDEX]
  local cores=1
  mkdir "$all/$1"
  if [[ $select =~ :ncpus=([0-9]+) ]]; then cores=${BASH_REMATCH[1]}; fi
  put "$1" name "$name"; put "$1" queue "$queue"; put "$1" walltime "$walltime"
  put "$1" cores "$cores"; put "$1" nodes "${select%%:*}"; put "$1" umask "$umask"
  put "$1" index "${2:-}"; put "$1" output "${output//^array_index^/${2:-}}"
  put "$1" comment "Not Running: Insufficient amount of resource: ncpus "
  cp "$script" "$all/$1/SC"
  put "$1" state Q
  if ((cores > 32)); then
    put "$1" comment "Can Never Run: Insufficient amount of resource: ncpus (R: $cores A: 10 T: 10)"
  elif [[ ! -e $FAKE_PBS/full ]]; then
    setsid -f bash "$me" __run "$1" < /dev/null > /dev/null 2>&1
  fi
}

qsub() {
  [[ ! -e $FAKE_PBS/down ]] ||
    fails 162 $'Connection refused\nqsub: cannot connect to server fake (errno=15010)'
  while [[ $1 == -* ]]; do
    if [[ $1 == -f ]]; then shift; else option "$1" "$2"; shift 2; fi
  done
  script=$1
  local line number
  while read -r line; do
    # shellcheck disable=SC2086        # words of a directive
    if [[ $line == '#PBS '* ]]; then option ${line#\#PBS }; fi
  done < "$script"
  case $queue in
    workq | small) ;;
    disabled) fails 173 "qsub: Queue is not enabled" ;;
    *) fails 170 "qsub: Unknown queue" ;;
  esac
  number=$(($(cat "$FAKE_PBS/next" 2> /dev/null || echo 1)))
  echo $((number + 1)) > "$FAKE_PBS/next"
  if [[ -n $array ]]; then
    local i first=${array%-*} last=${array#*-}
    ((last > first)) || fails 2 "qsub: illegal -J value"
    for ((i = first; i <= last; i++)); do new_job "${number}_$i" "$i"; done
  else
    new_job "$number"
  fi
  if rm "$FAKE_PBS/lost" 2> /dev/null; then fails 255 "Failed to recv data from background qsub"; fi
  if [[ -n $array ]]; then echo "${number}[].fake"; else echo "$number.fake"; fi
}

# The job itself, in a session of its own; TERM is for what it runs.
run() {              # ID
  local job=$all/$1 pid code=0
  trap : TERM
  put "$1" pid $$
  put "$1" stime "$(date +%s)"
  put "$1" state R
  umask "$(get "$1" umask)"
  cd "$HOME"
  env -i HOME="$HOME" USER="$(id -un)" PATH="$PATH" FAKE_PBS="$FAKE_PBS" PBS_JOBID="$(shown "$1")" \
    PBS_ARRAY_INDEX="$(get "$1" index)" NCPUS="$(get "$1" cores)" \
    PBS_ENVIRONMENT=PBS_BATCH bash "$job/SC" > "$(get "$1" output)" 2>&1 & pid=$!
  wait "$pid" || code=$?
  while kill -0 "$pid" 2> /dev/null; do wait "$pid" || code=$?; done
  over "$1" "$code" $((code == 0 ? 92 : 93))
}
over() {             # ID EXIT_STATUS SUBSTATE
  put "$1" exit "$2"
  [[ -s $all/$1/substate ]] || put "$1" substate "$3"
  if [[ -e $FAKE_PBS/no-history ]]; then rm -rf "${all:?}/$1"; else put "$1" state F; fi
}

# ------------------------------------------------------------------ qselect, qstat

jobs() { ls -v "$all"; }

qselect() {
  local history='' id wanted=''
  [[ ! -e $FAKE_PBS/down ]] || fails 162 "qselect: cannot connect to server fake (errno=15010)"
  while (($#)); do
    case $1 in
      -x) history=yes; shift ;;
      -u) shift 2 ;;
      -N) wanted=$2; shift 2 ;;
      *) fails 2 "usage: qselect" ;;
    esac
  done
  if [[ -n $history && -e $FAKE_PBS/no-history ]]; then
    echo "qselect: PBS is not configured to maintain job history" >&2
    exit 0
  fi
  for id in $(jobs); do
    if [[ $(get "$id" name) != "$wanted" ]]; then continue; fi
    if [[ -z $history && $(get "$id" state) == F ]]; then continue; fi
    if [[ $id == *_* ]]; then echo "${id%_*}[].fake"; else echo "$id.fake"; fi
  done | uniq
}

attribute() {        # NAME VALUE: a line break and a tab after 78 characters
  local line="    $1 = $2"
  while ((${#line} > 78)); do
    echo "${line:0:78}"
    line=$'\t'${line:78}
  done
  echo "$line"
}
status() {           # ID
  local state; state=$(get "$1" state)
  echo "Job Id: $(shown "$1")"
  attribute Job_Name "$(get "$1" name)"
  attribute job_state "${state:-F}"
  if [[ -s $all/$1/stime ]]; then
    attribute exec_host "$(uname -n)/0"
    attribute stime "$(LC_ALL=C date -d "@$(get "$1" stime)" '+%a %b %e %H:%M:%S %Y')"
  fi
  if [[ -n $(get "$1" walltime) ]]; then attribute Resource_List.walltime "$(get "$1" walltime)"; fi
  attribute substate "$(get "$1" substate)"
  attribute Variable_List $'PBS_O_HOME=/h,N=line1\nline2,BIN='$'\377\376'
  if [[ -s $all/$1/stime ]]; then attribute comment "Job run at some time on (fake:ncpus=1)"
  else attribute comment "$(get "$1" comment)"; fi
  if [[ -s $all/$1/exit ]]; then attribute Exit_status "$(get "$1" exit)"; fi
  echo
}

queues() {
  printf 'Queue: workq\n    queue_type = Execution\n    enabled = True\n    started = True\n\n'
  printf 'Queue: small\n    queue_type = Execution\n    resources_max.ncpus = 2\n'
  printf '    resources_max.walltime = 01:00:00\n    enabled = True\n    started = True\n\n'
  printf 'Queue: disabled\n    queue_type = Execution\n    enabled = False\n    started = True\n\n'
  printf 'Queue: route\n    queue_type = Route\n    route_destinations = small\n'
  printf '    enabled = True\n    started = True\n\n'
}

qstat() {
  local history='' id job code=0
  if [[ $* == --version ]]; then echo "pbs_version = 23.06.06"; exit; fi
  [[ ! -e $FAKE_PBS/down ]] ||
    fails 255 $'Connection refused\nqstat: cannot connect to server fake (errno=15010)'
  case $* in
    '-Q -f') queues; exit ;;
    '-B -f') printf 'Server: fake\n    default_queue = workq\n'; exit ;;
    '-x -t -f '*) history=yes; shift 3 ;;
    '-t -f '*) shift 2 ;;
    *) fails 2 "qstat: conflicting options." ;;
  esac
  for id; do
    local found=''
    for job in $(jobs); do
      if [[ $id == "${job%_*}"'[].fake' || $id == "$(shown "$job")" ]]; then
        if [[ -n $history || $(get "$job" state) != F || $job == *_* ]]; then
          # Of an array, the whole of it comes first.
          if [[ -z $found && $job == *_* ]]; then
            printf 'Job Id: %s\n    Job_Name = %s\n    job_state = B\n    Exit_status = 1\n\n' \
              "$id" "$(get "$job" name)"
          fi
          status "$job"
          found=yes
        fi
      fi
    done
    if [[ -z $found ]]; then echo "qstat: Unknown Job Id $id" >&2; code=153; fi
  done
  exit "$code"
}

# ------------------------------------------------------------------ qdel, pbsdsh

qdel() {
  local id job code=0 pid
  [[ ! -e $FAKE_PBS/down ]] ||
    fails 162 $'Connection refused\nCouldn\'t connect to cluster: fake'
  for id; do
    job=$(id_of "$id")
    case $(get "$job" state) in
      '') echo "qdel: Unknown Job Id $id" >&2; code=153 ;;
      F) echo "qdel: Job has finished $id" >&2; code=35 ;;
      Q) put "$job" substate 91; put "$job" state F ;;
      *)
        put "$job" substate 91
        for pid in $(ps -o pid= -s "$(get "$job" pid)"); do
          kill -TERM "$pid" 2> /dev/null || true
        done ;;
    esac
  done
  exit "$code"
}

# A task per chunk, without the job's own environment, from the home directory.
pbsdsh() {
  [[ $1 == -- ]] || fails 2 "usage: pbsdsh"
  shift
  local i pids=()
  cd "$HOME"
  for ((i = 0; i < $(get "$(id_of "$PBS_JOBID")" nodes); i++)); do
    env -i HOME="$HOME" PATH=/bin:/usr/bin PBS_JOBID="$PBS_JOBID" "$@" & pids+=("$!")
  done
  wait "${pids[@]}"
}

# One program on a host of the job, likewise; its words are no shell's.
pbs_tmrsh() {        # HOST PROGRAM ARGUMENT...
  local host=$1; shift
  [[ -n ${PBS_JOBCOOKIE:-} ]] || fails 1 "pbs_tmrsh: not within a job"
  grep -qx "$host" "$PBS_NODEFILE" || fails 1 "pbs_tmrsh: unknown host $host"
  cd "$HOME"
  exec env -i HOME="$HOME" PATH=/bin:/usr/bin PBS_JOBID="$PBS_JOBID" "$@"
}

case $as:${1:-} in
  *:__run) shift; run "$@" ;;
  qsub:*) qsub "$@" ;;
  qselect:*) qselect "$@" ;;
  qstat:*) qstat "$@" ;;
  qdel:*) qdel "$@" ;;
  pbsdsh:*) pbsdsh "$@" ;;
  pbs_tmrsh:*) pbs_tmrsh "$@" ;;
  *) fails 2 "fake_pbs.sh: call it by the name of a command" ;;
esac
exit
