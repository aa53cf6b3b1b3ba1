#!/usr/bin/env bash
# Profiles beside a live Slurm: routing to the smallest that fits, `sites check`, `sites new` and
# its use, QOS and excluded nodes in the script, and ports in the range that was said.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

# By the profile's numbers (the testbed's partitions have no limits of memory), and times that are
# the live ones: XS 12 h, S 1 d, L 5 d.
ok pcluster submit --site esi --memory 9000M --dry-run
says "partition 16GBS: the smallest that fits 8.8 GB" "#SBATCH --partition=16GBS" "--mem=9000M"
ok pcluster submit --site esi --memory 9000M --time 30h --dry-run
says "#SBATCH --partition=16GBL"
ok pcluster submit --site esi --memory 8000M --dry-run
says "#SBATCH --partition=16GBS" "8GBS would do with --memory 7900M"
code 2 pcluster submit --site esi --memory 64G --dry-run
says "fits a worker with 64 GB" "the most is 23.3 GB (24GB"
code 2 pcluster submit --site esi --partition E880 --dry-run
says "has ppc64le machines" "--worker-binary"
# Without a profile: no node has so much, by what they say themselves.
code 2 pcluster submit --memory 900000G --dry-run
says "no partition of site generic-slurm fits"
(($(calls scontrol) > 0)) || fail "nobody asked what the nodes have"

# ESI's profile, here: its time limits are not said, and that is no difference; other things are.
code 1 pcluster sites check esi --json
differ=$(json '[x["partition"] + "." + x["what"] for x in i if x["differs"]]')
[[ " $differ " == *" 32GBS.partition "* && " $differ " == *" E880.memory "* ]] || fail "$differ"
[[ " $differ " != *" 8GBS."* ]] || fail "8GBS is as the profile says: $differ"

# A profile of what is here has no differences, and routes like any other.
ok pcluster sites new testbed --save
says "testbed.yaml is written"
ok pcluster sites check testbed
says "verified_on: "
ok pcluster sites list
says testbed esi
file=$HOME/.config/pcluster/sites/testbed.yaml
grep -q 'exclude: .*staff' "$file" || fail "a partition for some is to be excluded: $(< "$file")"
ok pcluster submit --site testbed --time 3d --dry-run
says "L: the smallest that fits 3d00h"
sed -i -E '/^  "?8GBL"?:/s/max_cores: [0-9]+/max_cores: 77/; /^  48GBM/d' "$file"
code 1 pcluster sites check testbed
says 8GBL 77 48GBM
code 2 pcluster sites new testbed --save
says "is there already"

ok pcluster submit --qos high --exclude-node other1 --exclude-node other2 --dry-run
says "#SBATCH --qos=high" "#SBATCH --exclude=other1,other2"

# The launcher and a worker listen in the range; only the interface's address is told.
net=$(grep -oP -m1 'NodeAddr=\K[0-9]+\.[0-9]+\.[0-9]+' "$SLURM_CONF")
of_launcher() {
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
    "$state/launcher.json" "$1"
}
first=$((20000 + RANDOM % 20000))
ok pcluster submit --partition 8GBS --jobs 1 --ports "$first-$((first + 9))" --interface "$net.*"
[[ $(of_launcher addresses) =~ ^\[\'$net\.[0-9]+\',\ \'127.0.0.1\'\]$ ]] ||
  fail "workers are told $(of_launcher addresses)"
port=$(of_launcher port)
((port >= first && port <= first + 9)) || fail "the launcher listens on $port, not from $first"
grep -q -- "--ports $first-$((first + 9))" "$state"/jobs/*.sh || fail "the worker is not told"
job=$(command squeue --me -h -o %i)
listens() {
  command srun --jobid="$job" --overlap -N1 -n1 ss -Hltn | awk '{ print $4 }' |
    awk -F: -v a="$first" '$NF >= a && $NF <= a + 9' | grep -q .
}
command -v ss > /dev/null && { listens || fail "no worker listens from $first"; }
# A later launcher listens there, too.
kill "$(of_launcher pid)"
eventually 10 pcluster status
port=$(of_launcher port)
((port >= first && port <= first + 9)) || fail "the second launcher listens on $port"
stopped_on_slurm
