#!/usr/bin/env bash
# The exit codes that scripts rely on, and messages that say what to do.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Wrong usage: 2, with the nearest name.
code 2 pcluster frobnicate
code 2 pcluster stauts
says 'did you mean "status"'
code 2 pcluster submit --partiton 16GBXL
says "--partition"
code 2 pcluster map --trials 0-3
code 2 pcluster map --trials 3-0 -- true
code 2 pcluster submit --jobs 0
code 2 pcluster --cluster 'a,b' status
ok pcluster --version
ok pcluster --help
says submit map run stop

# No launcher: 3; for run, whose codes are the program's, 125.
code 3 pcluster map --trials 0-3 -- true
says "pcluster submit"
code 3 pcluster status --json
same "$(json '[bool(d["error"][key]) for key in ("code", "message", "hint")]')" "True True True" \
  "an error as JSON"
code 125 pcluster run -np 1 -- true

ok pcluster submit --jobs 1 --cores 2
code 2 pcluster results 99
code 1 pcluster map --trials 0-3 -- sh -c 'exit $(({trial} % 2 * 5))'
ok pcluster results --json
same "$(json '[x["exit_code"] for x in i]')" "0 5 0 5" "exit codes of tasks"
same "$(json '[x["state"] for x in i]')" "done failed done failed" "states of tasks"
code 1 pcluster map --trials 0-0 -- sh -c 'kill -9 $$'
ok pcluster results --json
same "$(json 'i[0]["state"], i[0]["signal"]')" "failed 9" "a task that a signal ended"
code 7 pcluster run -np 1 -- sh -c 'exit 7'
ok pcluster run -np 1 -- true
says_no_task() { code 2 pcluster "$1" "$2"; says "$3"; }
says_no_task results 1.4 "workload 1 has no task 4"
says_no_task logs 1.99999 "they are 0-3"
says_no_task wait 1.2 "pcluster wait 1"
stopped
