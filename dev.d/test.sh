#!/usr/bin/env bash
# ./dev test [REGEX]: set up, build four ways, and run every test, as root.
# ./dev test --pbs: build once, and run tests/pbs on the PBS or Torque here, as the user who asks.
# ./dev test --chaos: the long form of the campaign of faults (tests/faults) alone, an hour or so.
# SPDX-License-Identifier: MIT
#
# Namespaces, a Slurm of our own and a second user need root.  What is built and run lies below
# /var/tmp: /root is closed to that second user, and each host of the testbed has its own /tmp.
set -euo pipefail
umask 022
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."
user=pcluster-test
# Parts that are tested with sanitizers here, and those that are not: these need all of the program
# once more (`./dev build asan`, then ctest in build/asan, runs them all so).
sanitized=(base model core simulator script adapters io daemon)
not_sanitized='tree|runtime|cli'

# A directory of root's own, the same for each run in this checkout, so that builds are incremental.
work=/var/tmp/pcluster-test-$(cksum <<< "$PWD" | cut -d' ' -f1)
# shellcheck source=dev.d/steps.sh
. dev.d/steps.sh
# shellcheck source=dev.d/python.sh
. dev.d/python.sh

become_root() {
  (($(id -u) != 0)) || return 0
  command -v sudo > /dev/null ||
    die "the tests make network namespaces and a user of their own" "run ./dev test as root" 2
  exec sudo env CI="${CI:-}" "$0" "$@"
}

# Also forgets the builds of checkouts that are gone.
make_work() {
  local other
  for other in /var/tmp/pcluster-test-*/checkout; do
    if [[ -O $other && ! -e $(cat "$other") ]]; then rm -rf "${other%/checkout}"; fi
  done
  mkdir -m 755 "$work" 2> /dev/null || [[ -d $work && -O $work && ! -L $work ]] ||
    die "$work is not a directory of root's" "move it away" 2
  echo "$PWD" > "$work/checkout"
}

one_at_a_time() {
  exec {lock}> /run/pcluster-test.lock
  flock -n "$lock" || die "another ./dev test runs on this machine" "wait for it to end" 2
}

remove_user() {
  local code=$?
  trap - EXIT
  if ! userdel -r "$user" > "$work/log/userdel.log" 2>&1; then
    cat "$work/log/userdel.log" >&2
    code=1
  fi
  exit "$code"
}
make_user() {
  id -u "$user" > /dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
  trap remove_user EXIT
  trap 'exit 130' INT; trap 'exit 143' TERM HUP
}

build_all() {
  build_preset test "$work/dev"
  build_preset release "$work/release" pcluster
  rm -rf "$work/pcluster"
  step "install" cmake --install "$work/release" --prefix "$work/pcluster"
  local fuzzed
  fuzzed=(tests/fuzz/corpus/*)
  build_preset test-asan "$work/asan" "${sanitized[@]/#/test_}" "${fuzzed[@]/#*\//fuzz_}"
  build_preset test-tsan "$work/tsan" test_store
}

# One ctest over all builds: every test from dev, those of most parts again from asan, and those of
# the store's thread from tsan.
run_tests() {
  cat > "$work/CTestTestfile.cmake" <<CMAKE
subdirs(dev asan tsan)
CMAKE
  # Program tests run what users get; where CI is true, a skipped one counts as failed.
  PCLUSTER_TEST_PROGRAM=$work/pcluster/bin/pcluster PCLUSTER_TEST_USER=$user CI=${CI:-} \
    PCLUSTER_TEST_PYTHON=$work/python/bin/python \
    ctest --test-dir "$work" -j 2 --output-on-failure --no-tests=error "$@" \
    -E "^asan\.($not_sanitized)\$" {lock}>&-
}

# Its jobs run on other hosts: the program and the state must be where those see them.
test_pbs() {
  (($(id -u) != 0)) || die "root may not submit jobs" "run ./dev test --pbs as an ordinary user" 2
  command -v qsub > /dev/null || die "qsub is not on PATH" "log in to a host that submits jobs" 2
  setup_packages build unit
  build_preset release build/release pcluster programs
  PCLUSTER_TEST_ROOT=${PCLUSTER_TEST_ROOT:-$HOME} CI=true \
    ctest --test-dir build/release -C pbs -R '^pbs\.' --output-on-failure --no-tests=error
}
if [[ ${1:-} == --pbs ]]; then test_pbs; exit; fi

# shellcheck disable=SC2119
setup_packages build unit test python wheel
become_root "$@"
make_work
logs=$work/log
one_at_a_time
start_python "$work/python"
build_all
step "Python environment" await_python
make_user
if [[ ${1:-} == --chaos ]]; then
  run_tests -C chaos -R '^chaos\.'
else
  run_tests ${1:+-R "$1"}
fi
