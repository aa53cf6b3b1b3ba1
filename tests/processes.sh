# Which processes came from here: found by a path that they carry in their environment or arguments.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# processes_of PATH: pids of all that were started with PATH in their environment or arguments.
# (This shell is none of them if it made PATH itself, nor is grep: it reads its pattern.)
processes_of() {
  local file pid found=()
  while IFS= read -r file; do
    pid=${file#/proc/} pid=${pid%%/*}
    if [[ -d /proc/$pid ]]; then found+=("$pid"); fi
  done < <(env -i grep -lsaF -f <(echo "$1") /proc/[0-9]*/environ /proc/[0-9]*/cmdline)
  ((${#found[@]} == 0)) || printf '%s\n' "${found[@]}" | sort -un
}

# show_processes PID...: for messages.
show_processes() {
  local pid
  for pid; do echo "  $pid $(tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline")"; done
}

# worker_above PID: the worker that PID hangs below.
worker_above() {
  local pid=$1
  until ((pid <= 1)) || grep -q "^[^ ]*pcluster worker " <(tr '\0' ' ' < "/proc/$pid/cmdline"); do
    pid=$(awk '{ print $4 }' "/proc/$pid/stat")
  done
  echo "$pid"
}

# workers_below_guards STATE: pids of the workers here of the cluster in this directory.  They have
# the words of their guards; so has, for a moment, what they fork.
workers_below_guards() {
  local pid parent words=" worker --directory $1 "
  declare -A above=()
  while read -r pid parent; do above[$pid]=$parent; done < <(ps -eo pid=,ppid=,args= |
    awk -v words="$words" 'index($0, words) && !/awk -v/ { print $1, $2 }')
  for pid in "${!above[@]}"; do
    parent=${above[$pid]}
    if [[ -n ${above[$parent]:-} && -z ${above[${above[$parent]}]:-} ]]; then echo "$pid"; fi
  done
}
