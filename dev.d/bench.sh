# ./dev bench: the table of rows, and the benchmarks that need a scheduler, MPI or Python.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

bench() {
  case ${1:-} in
    mpi | slurm | clients | polite) "bench_$1" "${@:2}" ;;
    *) bench_table "$@" ;;
  esac
}

bench_table() {
  { setup_packages build unit; build_preset release build/release; } >&2    # stdout may be JSON
  python3 bench/table.py --program build/release/bin/pcluster --tools build/release/bench "$@"
}

bench_clients() {
  setup_packages build unit python
  build_preset release build/release pcluster
  step "Python environment" python_environment build/python
  bench/clients.sh build/release/bin/pcluster build/python/bin/python "$@"
}

bench_mpi() {
  setup_packages build unit test
  build_preset release build/release pcluster
  bench/mpi.sh build/release/bin/pcluster "${1:-15}" one
  (($(id -u) != 0)) || bench/mpi.sh build/release/bin/pcluster "${1:-15}" two
}

bench_slurm() {
  setup_packages build unit test
  build_preset release build/release pcluster
  bench/slurm_api.sh build/release/bin/pcluster-slurm "$@"
}

bench_polite() {
  setup_packages build unit
  build_preset dev build/dev test_simulator
  PCLUSTER_POLITE=1 build/dev/tests/test_simulator -tc='a day of*'
}
