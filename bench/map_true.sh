#!/usr/bin/env bash
# The cost of a task: `pcluster map` of N `true` (result kept, output captured, journal on) against
# a bare posix_spawn loop, in pairs within one run.  CPU is that of all our processes: launcher,
# worker, tasks, client.
#
#   bench/map_true.sh PCLUSTER RAW_SPAWN [ROUNDS] [N]      prints medians of the paired ratios
#
# cpu_ratio_best: the least CPU of ours over the least of the loop's.  What else runs on the machine
# only adds to both.
# SPDX-License-Identifier: MIT
set -euo pipefail
pcluster=$1 raw=$2 rounds=${3:-7} n=${4:-10000}

work=$(mktemp -d)
export PCLUSTER_DIR=$work/state
trap '"$pcluster" stop > /dev/null 2>&1 || true; rm -rf "$work"' EXIT
tick=$(getconf CLK_TCK)

# cpu_us PID: user and system time of a process and of the children that it waited for.
cpu_us() {
  local fields
  fields=$(< "/proc/$1/stat")
  # shellcheck disable=SC2086
  set -- ${fields##*) }
  echo $(((${12} + ${13} + ${14} + ${15}) * 1000000 / tick))
}
median() {
  sort -g | awk '{v[NR] = $1}
    END {h = int(NR / 2); print NR % 2 ? v[h + 1] : (v[h] + v[h + 1]) / 2}'
}

"$pcluster" submit --site local --jobs 1 --cores 2 --slots-per-worker 2 > "$work/submit" 2>&1
state=$PCLUSTER_DIR/default
launcher=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$state/launcher.json" | head -n 1)
mapfile -t workers < <(pgrep -f "pcluster worker --directory $state ")
ours() {
  local sum=0 pid
  for pid in "$launcher" "${workers[@]}"; do sum=$((sum + $(cpu_us "$pid"))); done
  echo "$sum"
}
# One run of ours: "CPU_US_PER_TASK TASKS_PER_SECOND".
run_ours() {
  local before after start end client
  before=$(ours) start=$EPOCHREALTIME
  TIMEFORMAT='%U %S'
  client=$( { time "$pcluster" map --quiet --trials "0-$((n - 1))" -- true > /dev/null 2>&1; } 2>&1)
  end=$EPOCHREALTIME after=$(ours)
  awk -v a="$before" -v b="$after" -v s="$start" -v e="$end" -v c="$client" -v n="$n" \
    'BEGIN {split(c, t, " ")
            printf "%.1f %.1f\n", (b - a + (t[1] + t[2]) * 1e6) / n, n / (e - s)}'
}
run_raw() { "$raw" posix none "$n" 2 | awk '{print $3, $1}'; }

for ((round = 0; round < rounds; round++)); do
  # Whoever is first in a pair is so by turns.
  if ((round % 2)); then bare=$(run_raw) mine=$(run_ours); else mine=$(run_ours) bare=$(run_raw); fi
  echo "$mine $bare"
done > "$work/pairs"
cpu=$(awk '{print $1 / $3}' "$work/pairs" | median)
rate=$(awk '{print $2 / $4}' "$work/pairs" | median)
mine_cpu=$(awk '{print $1}' "$work/pairs" | median)
bare_cpu=$(awk '{print $3}' "$work/pairs" | median)
best() { sort -g | head -n 1; }
cpu_best=$(awk -v a="$(awk '{print $1}' "$work/pairs" | best)" \
  -v b="$(awk '{print $3}' "$work/pairs" | best)" 'BEGIN {print a / b}')
printf '{"bench":"map_true","tasks":%d,"rounds":%d,' "$n" "$rounds"
printf '"cpu_ratio":%.3f,"cpu_ratio_best":%.3f,"rate_ratio":%.3f,' "$cpu" "$cpu_best" "$rate"
printf '"cpu_us":%.1f,"bare_cpu_us":%.1f}\n' "$mine_cpu" "$bare_cpu"
