#!/usr/bin/env bash
# A map of 1,000 trials: each has its result, its columns and its output.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 2
cat > trial.sh <<'TRIAL'
echo "out of $1"
echo "err of $1" >&2
echo "{\"square\": $(($1 * $1))}" > "$PCLUSTER_RESULT"
TRIAL
ok pcluster map --trials 0-999 -- sh trial.sh '{trial}'
ok pcluster results --json
same "$(json 'd["version"], d["kind"], len(i)')" "1 tasks 1000" "document"
same "$(json 'len({x["id"] for x in i})')" 1000 "distinct tasks"
same "$(json '{x["state"] for x in i} == {"done"}')" True "all done"
same "$(json 'all(x["square"] == int(x["trial"]) ** 2 for x in i)')" True "columns"
same "$(json '{(x["exit_code"], x["attempt"], x["host"] != "") for x in i} == {(0, 1, True)}')" \
  True "exit codes, attempts and hosts"
same "$(json 'all(x["end"] >= x["start"] for x in i)')" True "times"
same "$(json 'len({x["worker"] for x in i})')" 2 "workers that had work"

id=$(json 'i[7]["id"]')
ok pcluster logs "$id"
says "out of 7" "err of 7"
ok pcluster logs last
same "$(grep -c '^out of ' "$dir/out")" 1000 "lines of output kept"
stopped
ok pcluster results --json          # without a launcher
same "$(json 'len(i)')" 1000 "results after stop"
