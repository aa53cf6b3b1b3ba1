#!/usr/bin/env bash
# `logs -f` shows what tasks print while they run, and ends with them.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 2
cat > slow.sh <<'SLOW'
echo "begin $1"
until [ -e "go-$1" ]; do sleep 0.05; done
echo "end $1"; echo "error $1" >&2
SLOW

ok pcluster map --detach --trials 0-1 -- sh slow.sh '{trial}'
pcluster logs -f > all 2>&1 & all=$!
pcluster logs last.1 --follow --stdout > one 2>&1 & one=$!
eventually 10 grep -q "begin 0" all
eventually 10 grep -q "begin 1" one
if grep -q "end" all one; then fail "before its end"; fi
touch go-1
wait "$one" || fail "logs -f of a task"          # its workload still runs
same "$(cat one)" "$(printf 'begin 1\nend 1')" "one task, one stream"
kill -0 "$all" || fail "logs -f ended before its workload"
touch go-0
wait "$all" || fail "logs -f"
for text in "begin 0" "end 0" "end 1" "error 0" "error 1" "==> 1.0#1 stdout <==" \
  "==> 1.1#1 stderr <=="; do
  grep -qF "$text" all || { cat all; fail "no '$text'"; }
done
ok pcluster logs -f 1                            # of what has ended: all, at once
same "$(grep -c -e begin -e end -e error "$dir/out")" 6 "lines"
code 2 pcluster logs -f 1 --json

# Ctrl-C leaves with 130, and the tasks go on.
rm go-0
ok pcluster map --detach --trials 0-0 -- sh slow.sh '{trial}'
code 130 timeout --foreground --preserve-status -s INT 2 "$program" logs -f
says "begin 0"
touch go-0
ok pcluster wait
stopped
ok pcluster logs -f 2                            # without a launcher
says "end 0"
