#!/usr/bin/env bash
# Jobs come up and are known to be alive; topping up; another shape is another pool; stop.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 1
says "2 jobs x (1 node, 1 core" "2/2 workers available"
same "$(workers_home)" 2 "workers at home"
same "$(stat -c %a "$state") $(stat -c %a "$state/key")" "700 600" \
  "modes of state directory and key"

# The same shape tops up to N; another shape has a pool of its own, and cannot have this one's name.
ok pcluster submit --jobs 3 --cores 1
same "$(workers_home)" 3 "workers after topping up"
code 2 pcluster submit --jobs 1 --cores 2 --pool default
says "pool default has jobs of another shape"
ok pcluster submit --jobs 1 --cores 2
says "pool pool-2: 1/1 workers available"
same "$(workers_home)" 4 "workers of both pools"

# Who says no size wants more of the same.
ok pcluster submit --cluster sizes --jobs 1
ok pcluster submit --cluster sizes --jobs 2
says "2/2 workers available"
ok pcluster status --cluster sizes pools --json
same "$(json 'len(i)')" 1 "pools of workers without a size"
ok pcluster stop --cluster sizes

# Names of workers are never used again.
ok pcluster status --json
same "$(json 'sorted(x["id"] for x in i)')" "w0 w1 w2 w3" "names"
stopped
code 3 pcluster status
says "pcluster submit"
