#!/usr/bin/env bash
# The messages of docs/messages.md on sites and partitions, where no scheduler is: provoked, and
# compared with their rows.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/messages.sh
. "$here/messages.sh"

bare() { say env PATH="$dir/tmp" "$program" "$@"; }
say_at() {
  local site=$1; shift
  bare submit --site "$site" --dry-run "$@"
}

row_nothing_fits() { say_at esi --memory 900G; }
row_other_arch() {
  sed 's/ppc64le/pdp11/g' "$(dirname "$program")/../share/pcluster/site-configs/esi.yaml" > esi.yaml
  say_at ./esi.yaml --partition E880
}
row_time_required() { say_at cannon; }
row_ports() { say pcluster submit --ports 70000 --dry-run; }
row_sites_word() { say pcluster sites chek; }
row_sites_words() { say pcluster sites show esi local; }
row_sites_scheduler() { say pcluster sites new here --scheduler nqs; }
row_sites_no_answer() { bare sites check esi; }
row_sites_no_scheduler() { bare sites new here; }
row_sites_name() { say pcluster sites new a/b; }
row_import_no_file() { say pcluster sites import; }
row_import_missing() { say pcluster sites import none.yaml; }
row_sites_there() {
  echo 'partitions: {long: {max_runtime: 60}}' > long.yaml
  say pcluster sites import long.yaml --scheduler local -o long.yaml
}

check_section Sites
