#!/usr/bin/env bash
# ./dev wheel [DIR]: a Python wheel of the package with a release build in it, as pcluster/program,
# for machines like this one: it is tagged for the platform, without a claim of manylinux.
# SPDX-License-Identifier: MIT
set -euo pipefail
umask 022
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."
# shellcheck source=dev.d/steps.sh
. dev.d/steps.sh

(($# <= 1)) || die "unexpected word '$2'" "write: ./dev wheel [DIR]" 2
to=$(realpath -m "${1:-build/wheel}")
tree=$to/tree                   # the package as it is packed
python=/usr/bin/python3         # Debian's, which the packages are for

# What differs from `pip install ./python`: the program, its command, the platform's name.
make_tree() {
  rm -rf "$tree"
  mkdir -p "$to"
  cp -r python "$tree"
  rm -rf "$tree"/{build,tests} "$tree"/src/*.egg-info
  if [[ -n $installed ]]; then
    cp -r "$installed" "$tree/src/pcluster/program"
  else
    cmake --install build/release --prefix "$tree/src/pcluster/program"
  fi
  cat >> "$tree/pyproject.toml" <<TOML

[project.scripts]
pcluster = "pcluster.program:main"
TOML
  "$python" - "$tree/setup.cfg" <<PYTHON
import sys, sysconfig
platform = sysconfig.get_platform().translate(str.maketrans("-.", "__"))
with open(sys.argv[1], "w") as file:
    file.write(f"[bdist_wheel]\nplat_name = {platform}\n")
PYTHON
}

# Without the network: what it needs are Debian's packages.
make_wheel() {
  "$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps \
    --no-build-isolation --wheel-dir "$to" "$tree"
}

installed=${PCLUSTER_INSTALLED:-}     # what `./dev install` made, if it is there already
if [[ -n $installed ]]; then
  setup_packages wheel
else
  setup_packages build unit wheel
  build_preset release build/release
fi
step "the package with the program" make_tree
step "the wheel" make_wheel
rm -rf "$tree"
ls "$to"/pcluster-*.whl
