# ./dev fuzz: each reader of others' bytes under libFuzzer, with sanitizers.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# fuzz [--seconds N] [NAME..]: new inputs are kept in build/fuzz/found/NAME, what broke in
# build/fuzz/broken; a file of there in tests/fuzz/corpus/NAME is a test from then on.
fuzz() {
  local seconds=60 names=()
  while (($# > 0)); do
    case $1 in
      --seconds) seconds=${2:?"--seconds N"}; shift ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  ((${#names[@]} > 0)) || mapfile -t names < <(ls tests/fuzz/corpus)
  setup_packages build unit fuzz
  build_preset fuzz build/fuzz "${names[@]/#/fuzz_}"
  mkdir -p build/fuzz/broken
  for name in "${names[@]}"; do step "fuzz $name, $seconds s" fuzz_one "$name" "$seconds"; done
}
# shellcheck disable=SC2317        # step calls it
fuzz_one() {
  mkdir -p "build/fuzz/found/$1"
  "build/fuzz/tests/fuzz_$1" -max_total_time="$2" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/broken/$1-" \
    "build/fuzz/found/$1" "tests/fuzz/corpus/$1"
}
