#!/usr/bin/env bash
# Workloads in their order: --after waits for all of the first, and does not begin when that failed.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 2
ok pcluster map --detach --trials 0-1 -- sh -c 'sleep 1; touch first-$PCLUSTER_TRIAL'
ok pcluster map --after 1 --trials 0-3 -- sh -c 'test -e first-0 && test -e first-1'
code 0 pcluster map --detach --trials 0-1 -- sh -c 'sleep 1; exit 3'
ok pcluster explain last
ok pcluster map --detach --after last --trials 0-4 -- touch never
ok pcluster explain last
says "waits" "waiting for workload 3"
code 1 pcluster wait last
says "5 cancelled" "workload 3, which it comes after, failed"
[[ ! -e never ]] || fail "it ran, and what it comes after had failed"
ok pcluster run --after-any 3 -- touch always
[[ -e always ]] || fail "--after-any did not run"
ok pcluster status
code 125 pcluster run --after 3 -- touch never
code 2 pcluster map --after 99 --trials 0-1 -- true
says "there is no workload 99"
code 2 pcluster map --after 1.0 --trials 0-1 -- true
stopped
