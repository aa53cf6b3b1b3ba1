#!/usr/bin/env bash
# On the testbed: no process of a running cluster, no job script, no record of the scheduler and no
# file that others may read has the key, in any form; and the look for it finds one that is planted.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

cat > look.py << 'SCRIPT'
import base64, os, stat, sys
key_file, pids, places = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
text = open(key_file).read().strip()
raw = bytes.fromhex(text)
forms = {"raw": raw, "hex": text.encode(), "HEX": text.upper().encode()}
# base64 at each alignment: the middle of it is the same whatever stands before.
for shift in range(3):
    forms[f"base64 {shift}"] = base64.b64encode(bytes(shift) + raw)[4:40]
    forms[f"base64url {shift}"] = base64.urlsafe_b64encode(bytes(shift) + raw)[4:40]
looked = found = 0

def look(name, text):
    global looked, found
    looked += 1
    for form, bytes_ in forms.items():
        if bytes_ in text:
            found += 1
            print(f"{name}: the key ({form})")

for pid in pids:
    for what in "cmdline", "environ":
        try:
            look(f"{pid}/{what}", open(f"/proc/{pid}/{what}", "rb").read())
        except OSError:
            pass
for place in places:
    for above, _, names in os.walk(place):
        for name in names:
            path = os.path.join(above, name)
            about = os.lstat(path)
            if os.path.samefile(path, key_file) or not stat.S_ISREG(about.st_mode):
                continue
            look(path, open(path, "rb").read())
    if os.path.isfile(place):
        look(place, open(place, "rb").read())
print(f"looked at {looked}")
sys.exit(found != 0)
SCRIPT

# look PLACE...: and all processes of this cluster, its tasks, jobs and clients; of nobody else.
look() { python3 look.py "$state/key" "$(processes_of "$dir" | tr '\n' ' ')" "$@"; }

ok pcluster submit --jobs 2 --cores 2
pcluster map --quiet --trials 0-1 -- sh -c 'sleep 300' > "$dir/map" 2>&1 &
if command -v mpiexec > /dev/null; then
  pcluster run --quiet -np 2 -- sh -c 'sleep 300' > "$dir/run" 2>&1 &
  eventually 20 pgrep -f mpiexec
fi
tasks_run() { (($(pgrep -fc 'sleep 300') >= 2)); }
eventually 20 tasks_run
: > "$dir/records"
for job in $(command squeue --me -h -o %A); do
  scontrol show job -dd "$job" >> "$dir/records"
  scontrol write batch_script "$job" - >> "$dir/records"
done
grep -q "pcl-default" "$dir/records" || fail "the scheduler's records lack the job"
grep -q "PCLUSTER\|pcluster" "$dir/records" || fail "the scheduler's records lack the script"
ok look "$dir/records" "$dir/calls" "$state"
(($(processes_of "$dir" | wc -w) >= 8)) ||
  fail "few processes: $(processes_of "$dir" | wc -w)"
report "no key: $(tail -n 1 "$dir/out")"

# The look can find: in a command line, an environment, a file.
finds() { ! look "${@:2}" > "$dir/out" 2>&1 && grep -qF -- "$1" "$dir/out"; }
key=$(< "$state/key")
python3 -c 'import time; time.sleep(30)' "$key" &
planted=$!
eventually 5 finds "$planted/cmdline: the key (hex)"
kill $planted
text=$(python3 -c 'import base64, sys
print("x" + base64.b64encode(b"ab" + bytes.fromhex(sys.argv[1])).decode())' "$key")
PLANTED=$text sleep 30 &
planted=$!
eventually 5 finds "$planted/environ: the key (base64"
kill $planted
python3 -c 'import sys
open("raw", "wb").write(b"..." + bytes.fromhex(sys.argv[1]))' "$key"
finds "raw: the key (raw)" "$PWD" || fail "the look does not find a key in a file"
rm raw
ok look

# Nobody else may even enter, and the key is its owner's alone; it goes with its cluster, and the
# next one has another.
same "$(stat -c %a "$state") $(stat -c %a "$state/key") $(stat -c %a "$state/socket")" \
  "700 600 600" "modes"
stopped_on_slurm
[[ ! -e $state/key ]] || fail "the key outlives its cluster"
ok pcluster submit --jobs 1 --cores 1
[[ $(< "$state/key") != "$key" ]] || fail "two clusters with one key"
stopped_on_slurm
