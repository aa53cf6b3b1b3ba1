#!/usr/bin/env bash
# `map --resident`: one process per slot serves all trials; what becomes of those that do not.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# fence LANGUAGE: the first block of docs/resident.md in that language.
fence() { awk -v begin="\`\`\`$1" '/^```$/ { on = 0 } on; $0 == begin && !n { on = ++n }' \
  "$here/resident.md"; }
resident_gone() { ! processes_of "$dir" | xargs -r -n1 -I% cat /proc/%/comm | grep -qx "$1"; }

ok pcluster submit --jobs 1 --cores 2

# The page's program is the file, and both run as they stand: twice started, fifty trials.
fence c > resident.c
cmp "$here/examples/resident.c" resident.c || fail "the C example of docs/resident.md"
cc -Wall -Wextra -Werror -o resident resident.c
cat > counted << 'SH'
#!/bin/sh
echo $$ >> starts
exec "$@"
SH
chmod 755 counted
ok pcluster map --resident --trials 0-49 -- ./counted ./resident
same "$(wc -l < starts)" 2 "starts for 50 trials on 2 slots"
ok pcluster results --json
same "$(json 'sum(int(x["square"]) for x in i)')" 40425 "the sum of the squares"
ok pcluster logs last.7
says "trial 7"
eventually 5 resident_gone resident  # its workload has ended

# Trials in advance: each answer is that of its trial.
cc -O1 -D_GNU_SOURCE -o line "$here/bench/resident_line.c"
ok pcluster map --resident --trials 0-1999 -- ./line 256 result
ok pcluster results --json
same "$(json '[int(x["x"]) for x in i] == list(range(2000))')" True "answers of trials in advance"

if command -v python3 > /dev/null; then
  fence python > resident.py
  cmp "$here/examples/resident.py" resident.py || fail "the Python example of docs/resident.md"
  cp "$here/examples/pcluster_resident.py" .
  rm starts
  printf 'trial\n3\n0.5\nnan\nbad\n' > t.csv
  code 1 pcluster map --resident -a t.csv -- ./counted python3 resident.py
  same "$(wc -l < starts)" 2 "starts in Python: an exception is an answer"
  ok pcluster results --json
  same "$(json '[x.get("square") for x in i]')" "9.0 0.25 None None" "squares"
  ok pcluster results --failed
  says "ValueError: Out of range float" "ValueError: could not convert string to float"
fi

# A resident of our own: what it does is the trial's word.
cat > moody << 'SH'
#!/bin/sh
echo $$ >> starts
echo '{"ready":true}' >&4
while read -r line <&3; do
  case $line in
    *'"attempt":1,'*crash* | *crash-always*) kill -SEGV $$ ;;
    *garbage*) echo 'result: 4' >&4 ;;
    *hang*) sleep 1000 ;;
    *leave*) echo '{"done":true}' >&4; exit 0 ;;
    *) echo '{"done":true}' >&4 ;;
  esac
done
SH
chmod 755 moody
moody() { rm -f starts; pcluster map --resident "$@"; }
states() { json '[x["state"] for x in i]'; }

# A crash costs its trial an attempt and the next trial gets a new process.
ok moody --retries 1 -- ./moody ::: a b crash d e
ok pcluster results --json
same "$(json '[x["attempt"] for x in i]')" "1 1 2 1 1" "attempts"
[[ $(wc -l < starts) == [23] ]] || fail "starts with a crash: $(wc -l < starts)"
code 1 moody --retries 1 -- ./moody ::: a crash-always c garbage e
ok pcluster results --json
same "$(states)" "done failed done failed done" "states"
ok pcluster results --failed
says "the resident ended: signal 11" 'the resident answered "result: 4": it is not JSON'

# Whoever leaves between two trials costs none of them anything.
ok moody -- ./moody ::: leave leave leave leave leave leave
same "$(wc -l < starts)" 6 "starts of those that leave"

# What says nothing is reported, not waited for.
code 1 pcluster map --resident --ready-within 1s -- sleep 1000 ::: a
ok pcluster results
says 'has not said {"ready":true} within 1.0s' docs/resident.md
code 1 pcluster map --resident -- echo hello ::: a
ok pcluster results
says 'never said {"ready":true}'
code 1 pcluster map --resident -- ./nosuch ::: a
ok pcluster results
says "command not found"

# Cancelled, or over its time: the resident goes, and the others' trials do not.
code 1 moody --time 1s -- ./moody ::: hang b c
ok pcluster results --json
same "$(states)" "failed done done" "states with a time limit"
moody --detach -- ./moody ::: a b hang > "$dir/out" 2>&1
eventually 5 grep -q . starts
eventually 5 sh -c "'$program' status workloads --json | grep -q '\"done\":2'"
ok pcluster cancel last
code 1 pcluster wait last
eventually 5 resident_gone moody

# Idle ones of a workload that goes on make room for other work.
moody --detach --tag long -- ./moody ::: a b hang > "$dir/out" 2>&1
eventually 5 sh -c "'$program' status workloads --json | grep -q '\"done\":2'"
ok pcluster run -- true
ok pcluster cancel long

# What it is for.
time_of() {
  local begin; begin=$(now_ms)
  ok pcluster map -q "$@"
  echo $(($(now_ms) - begin))
}
resident=$(time_of --resident --trials 0-1999 -- ./resident)
process=$(time_of --trials 0-1999 -- true)
at_most "$resident" "$process" "time of 2000 trials, against one process each"
report "2000 trials: $((2000000 / resident)) per s with residents, $((2000000 / process)) with a" \
  "process each"
stopped
