#!/usr/bin/env bash
# Tasks that use more memory than they asked for are ended, and told from others that are killed.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --cores 2 --memory 1G
hog='import os, sys, time
held = bytearray(int(sys.argv[1]) << 20)
time.sleep(0.2 if len(held) < (150 << 20) else 3)'

# One of four uses too much; as root by a control group of its own, else it is watched.
code 1 pcluster map --memory 200M --trials 10,20,30,400 -- python3 -c "$hog" '{trial}'
says "1 of 4 failed" "1 ran out of memory" "pcluster retry 1 --memory 400M"
ok pcluster results 1 --failed
says "out of memory: " " of 200 MB on $(hostname)"
ok pcluster results 1 --json
same "$(json '[x.get("cause", "-") for x in i]')" "- - - out_of_memory" "causes"
same "$(json 'i[3]["memory_limit"]')" $((200 << 20)) "limit"
(($(json 'i[3]["max_rss"]') > 190 << 20)) || { show; fail "the peak is not told"; }

# With more it does; and the journal's replay keeps why the first did not.
ok pcluster retry 1 --memory 600M
same "$(pcluster results 2 --json | python3 -c 'import json, sys; print([
  x["state"] for x in json.load(sys.stdin)["items"]])')" "['done']" "retried"

# Of the whole tree, in processes that share what a fork copies: twice 60 MB are 60.
ok pcluster map --memory 150M --trials 1 -- python3 -c 'import os, time
held = bytearray(90 << 20)
children = [os.fork() for i in range(2)]
time.sleep(0.8)'

# Killed by somebody, and within its memory: no word of it.
code 1 pcluster map --memory 200M --trials 1 -- sh -c 'kill -KILL $$'
ok pcluster results last --json
same "$(json '[x.get("cause", "-") for x in i]')" "-" "a kill"
left() {
  local pid
  for pid in $(processes_of "$dir"); do
    find /sys/fs/cgroup/memory -maxdepth 4 -name "pcluster.$pid.*"
  done
}
[[ ! -d /sys/fs/cgroup/memory || -z $(left 2> /dev/null) ]] || fail "a control group is left"
stopped
