#!/usr/bin/env bash
# doctor on a machine without a queue: its rows, what it remembers, and that nothing of it stays.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

row() { grep -qE -- "^$1 +$2" "$dir/out" || { show; fail "row '$1' is not '$2'"; }; }
nothing_left() {
  nothing_runs || { left_running >&2; fail "processes of the probe are left"; }
  [[ ! -e $state ]] || fail "$state was made and not removed"
}

code 2 pcluster doctor --last
says "doctor has not looked yet"
ok pcluster doctor --dry-run
says " probe " "--directory $state/doctor-TOKEN" "# submitted with:"
nothing_left

ok pcluster doctor
row "probe job" "ok: job .* on $(hostname)"
row "node to login" "ok: .* ms"
row "login to node" "ok: .* ms"
row "directory on the node" "ok: $(hostname) sees it, .* a change is seen there after [0-9]+ ms"
row clocks "ok: $(hostname) is 0\.0"
row "job size" "ok: 1 core"
row limits "(ok|warning): locked memory"
row scratch "(ok|warning): tasks get $TMPDIR "
row "login hosts" "(ok|warning): "
nothing_left
if command -v mpiexec > /dev/null; then row mpiexec "ok: [0-9.]+, /"; fi

# Remembered, and told again in the same words.
cp "$dir/out" first
ok pcluster doctor --last
diff first "$dir/out" || fail "--last tells something else"
says "site local, seen from $(hostname) at 20"
ok pcluster doctor --last --site local --json
same "$(json 'd["kind"], d["probed"], all(x["state"] in ("ok", "warning") for x in i)')" \
  "doctor True True" "the document"
code 2 pcluster doctor --last --site esi
says "at site esi"

# A scratch that cannot be written fails, and 1 says so.
code 1 pcluster doctor --local-directory /proc
row scratch "failed: .*/proc"
says "--local-directory cannot be written there"

# What is remembered, submit says once: nothing here, and something where the disk is elsewhere.
ok pcluster submit --dry-run --jobs 1
! grep -q "^doctor, " "$dir/err" || { show; fail "a note on nothing"; }
file=$HOME/.local/state/pcluster/doctor/local.json
sed -i 's/"scratch_kind": "[a-z]*"/"scratch_kind": "ram"/
  s/"better_scratch": "[^"]*"/"better_scratch": "\/fast"/' "$file"
ok pcluster submit --dry-run --jobs 1
says "on the nodes is RAM; --local-directory /fast is a disk of theirs"
ok pcluster submit --dry-run --jobs 1 --local-directory "$TMPDIR"
! grep -q "/fast" "$dir/err" || { show; fail "a note on what was said"; }

# A program that the job cannot start, a port that is taken, words that are none.
cat > own.sh <<'END'
#!/bin/bash
echo "no luck today"
: {{worker_command}}
END
code 1 pcluster doctor --template own.sh
row "probe job" "failed: .*the job ended before it told anything"
says "no luck today"
nothing_left
code 2 pcluster doctor --ports 7-x
says "is no range of ports"
python3 - > port <<'END' &
import socket, time
s = socket.socket()
s.bind(("", 0))
s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(60)
END
eventually 5 test -s port
code 1 pcluster doctor --ports "$(< port)-$(< port)"
says "no port from $(< port) to $(< port) is free"
kill %1

# Ctrl-C (TERM does the same) while the probe waits: it and its files go, and 130 says so.
cat > own.sh <<'END'
#!/bin/bash
sleep 60
: {{worker_command}}
END
"$program" doctor --template own.sh > "$dir/out" 2> "$dir/err" &
doctor=$!
job_is_there() { compgen -G "$state/doctor-*/jobs/*.out"; }
eventually 5 job_is_there
kill -TERM $doctor
code 130 wait $doctor
says "interrupted: the probe job is cancelled"
nothing_left
