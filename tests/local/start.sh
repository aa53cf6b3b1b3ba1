#!/usr/bin/env bash
# start takes every value from a file; an unknown key is told with its line and the nearest one.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

printf 'site: local\njobs: 2\ncores: 1\n' > cluster.yaml
ok pcluster start --config cluster.yaml
same "$(workers_home)" 2 "workers from the file"
stopped

mkdir -p "$HOME/.config/pcluster"
printf 'jobs: 1\ncores: 2\n' > "$HOME/.config/pcluster/config.yaml"
ok pcluster start --num-engines 3
ok pcluster status --json
same "$(json 'len(i), i[0]["slots"]')" "1 3" "workers and slots"
stopped

printf 'jobs: 2\nparition: 16GBXL\n' > cluster.yaml
code 2 pcluster start --config cluster.yaml
says "cluster.yaml:2" "parition" 'did you mean' 'partition'
code 2 pcluster start --config no-such.yaml
says "no-such.yaml"
