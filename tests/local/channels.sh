#!/usr/bin/env bash
# Channels: bytes both ways, ends, MPI ranks, chosen workers, and how fast all that is.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# client SCENARIO [OPTIONS]: its own checks are what counts.
client() {
  timeout 60 python3 "$here/channels.py" "$1" "$state" "$program" "${@:2}" > "$dir/out" \
    2> "$dir/err" || { show; fail "channels, $1"; }
}
# shellcheck disable=SC2046  # a list of pids
engines() {
  show_processes $(processes_of "$dir") | grep "[c]hannel_engine" | grep -cv " channels " || true
}

ok pcluster submit --jobs 2 --cores 1
client echo --slots 2 --tag sound
ok pcluster logs sound
says "hello from 0" "hello from 1"       # what a program prints is no part of its channel
client crash --tag crashes
ok pcluster results crashes --json
same "$(json '[(x["state"], x["attempt"]) for x in i]')" "('done', 2)" "the second attempt"
client cancelled --slots 2
same "$(engines)" 0 "engines that run after a cancel"

sed -n '/^    import struct/,/^    sys.exit/s/^    //p' "$here/channels.md" > example.py
ok env PATH="$(dirname "$program"):$PATH" python3 example.py
same "$(sort "$dir/out" | tr '\n' ' ')" "0 0 olleh 1 1 olleh " "its example"

ok pcluster map --detach --tag full --trials 0-1 -- sleep 60
client beside --on w0,w1                 # the slots are full, and it takes none
ok pcluster cancel full
if command -v mpiexec > /dev/null; then
  client ranks --ranks 2 --cores 1 --tag split
  ok pcluster logs split
  says "rank 0" "rank 1"
fi

client measure
while read -r line; do report "$line"; done < "$dir/out"
stopped
