#!/usr/bin/env bash
# The launcher dies and its journal is damaged: the next verb starts it again, what had finished is
# there but for the damaged records, and the log says which tasks run again.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 2
ok pcluster map --quiet --trials 0-19 -- sh -c 'echo "$0" >> "$1"' '{trial}' "$dir/ran"
same "$(wc -l < "$dir/ran")" 20 "tasks that ran"
kill -9 "$(launcher_pid)"
journal=$(printf '%s\n' "$state"/journal/*.log | tail -n 1)

# One bit of the record of the tenth result, before the last one of a sequence of them.
python3 - "$journal" <<'PYTHON'
import sys
path = sys.argv[1]
with open(path, "rb") as file:
    text = bytearray(file.read())
starts, at = [], text.find(b"\xb7pcj")
while at >= 0:
    starts.append(at)
    at = text.find(b"\xb7pcj", at + 1)
settled = [at for at in starts if text[at + 24:at + 26] == b"\x92\x0b"]   # TaskSettled
text[settled[9] + 30] ^= 4
with open(path, "wb") as file:
    file.write(text)
PYTHON
printf 'garbage behind the end' >> "$journal"

ok pcluster run --quiet -- true       # needs a launcher
same "$(sed -n 's/.*records replayed//p' "$state/launcher.log" | wc -l)" 2 "launchers"
has_run() { (($(wc -l < "$dir/ran") == $1)); }
eventually 10 has_run 21
ok pcluster wait 1
ok pcluster results 1 --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "20 True" "results"
again=$(sed -n 's/.*had finished and run again: //p' "$state/launcher.log")
same "$again" "1.$(tail -n 1 "$dir/ran")" "what the log names"
report "20 results, 1 damaged: $again ran again"
stopped
