#!/usr/bin/env bash
# 10,000 short tasks: every result and every output is kept.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 1
ok pcluster map --trials 0-9999 -- true
ok pcluster results --json
same "$(json 'len(i), len({x["trial"] for x in i}), {x["state"] for x in i} == {"done"}')" \
  "10000 10000 True" "results of true"

ok pcluster map --trials 1-10000 -- echo 'trial {trial}'
ok pcluster logs last
same "$(grep -c '^trial [0-9]*$' "$dir/out")" 10000 "lines kept"
same "$(grep '^trial' "$dir/out" | sort -u | wc -l)" 10000 "distinct lines kept"
stopped
