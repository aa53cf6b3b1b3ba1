#!/usr/bin/env bash
# A launcher whose host is lost: the refusal names --take-over, which submit and stop have.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

lose_host() {
  kill -9 "$(launcher_pid)"
  sed -i "s/\"host\": *\"[^\"]*\"/\"host\": \"elsewhere\"/" "$state/launcher.json" "$state/lock"
}

ok pcluster submit --jobs 1 --cores 1
ok pcluster run -- true
lose_host
for verb in status submit stop; do
  code 3 pcluster $verb
  says "runs on elsewhere" "--take-over"
done
ok pcluster submit --jobs 1 --cores 1 --take-over
same "$(workers_home)" 1 "the worker came back"
ok pcluster run -- true
lose_host
ok pcluster stop --take-over
says "results and logs stay until this cluster's next submit"
eventually 10 nothing_runs
ok pcluster submit --jobs 1 --cores 1
says "2 workloads of the last session, with results and logs, are removed"
stopped
