#!/usr/bin/env bash
# stop ends the cluster with all that its tasks started, however they hide.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 2
cat > hide.sh <<'HIDE'
trap "" TERM HUP INT
(setsid -f sleep 4711)
setsid bash -c 'trap "" TERM; sleep 4711; :' &
touch "$1"
sleep 4711
HIDE
ok pcluster map --detach --trials 0-3 -- bash hide.sh 'up-{trial}'
eventually 10 test -e "$dir/work/up-3"
stopped
[[ ! -e $state/key ]] || fail "the key outlived stop"
ok pcluster stop                 # nothing to stop is no failure
