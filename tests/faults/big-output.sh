#!/usr/bin/env bash
# Much output, of one task and of many, and bytes that are no text: kept exactly, while the memory
# of worker, launcher and reader stays as it was, and other tasks go on.  PCLUSTER_CHAOS=1: 1 GB.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mb=200 tasks=40
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || mb=1000 tasks=1000
most_kb=20480                      # more memory than before, of any process
room_kb=$(df --output=avail "$dir" | tail -n 1)
((room_kb > (mb + tasks) * 3 * 1024)) || skip "too little room in $dir for $mb MB"

memory_kb() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
sum() { sha256sum | cut -d' ' -f1; }

ok pcluster submit --jobs 1 --cores 2
ok pcluster run -- cat "/proc/self/stat"
worker=$(awk '{ print $4 }' "$dir/out") launcher=$(launcher_pid)
grep -qa worker "/proc/$worker/cmdline" || fail "process $worker is no worker"
for pid in $worker $launcher; do echo 5 > "/proc/$pid/clear_refs"; done
worker_before=$(memory_kb "$worker" VmRSS) launcher_before=$(memory_kb "$launcher" VmRSS)

# One task, random bytes, while short tasks use the other core.
cat > write.sh << 'SH'
set -o pipefail
head -c "$1" /dev/urandom | tee >(sha256sum | cut -d' ' -f1 > "$2.part"; mv "$2.part" "$2")
until [[ -s $2 ]]; do sleep 0.01; done
SH
begin=$(now_ms)
large=$(pcluster map --quiet --detach --trials 0-0 -- \
  bash "$PWD/write.sh" $((mb << 20)) "$dir/sum" 2> /dev/null)
short=0
until [[ -s $dir/sum ]]; do
  ok timeout 10 "$program" run -- true
  short=$((short + 1))
done
ok pcluster wait "$large"
took=$(($(now_ms) - begin))
same "$(pcluster logs "$large" --stdout | sum)" "$(cat "$dir/sum")" "sha256 of $mb MB"
((short >= 3)) || fail "only $short short tasks ended meanwhile"

# Many tasks, each with its own.
many=$(pcluster map --quiet --detach --trials "1-$tasks" -- \
  bash "$PWD/write.sh" $((1 << 20)) "$dir/sum.{trial}" 2> /dev/null)
ok pcluster wait "$many"
for ((i = 1; i <= tasks; i += 1 + tasks / 20)); do
  same "$(pcluster logs "$many.$((i - 1))" --stdout | sum)" "$(cat "$dir/sum.$i")" \
    "output of task $i"
done

for one in "worker $worker $worker_before" "launcher $launcher $launcher_before"; do
  read -r who pid before <<< "$one"
  declare "$who=$(($(memory_kb "$pid" VmHWM) - before))"
  at_most "${!who}" $most_kb "kB more of the $who"
done
reader=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$program" logs "$large")
# shellcheck disable=SC2154        # set by declare
report "$mb MB of one task in $took ms, $tasks x 1 MB; kB more: worker $worker," \
  "launcher $launcher; logs has $reader kB; $short short tasks meanwhile"
at_most "$reader" $((most_kb * 3)) "kB of pcluster logs"
ok pcluster events
if grep -E "worker_gone|task_lost" "$dir/out" >&2; then fail "the worker was given up"; fi
stopped
