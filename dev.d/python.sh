# The Python environment of tests and benchmarks: Debian's Python, dev.d/python.txt, and ./python.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

pip_install() { "$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"; }

pinned() {                       # GROUPS, as a regular expression
  sed -nE "s/^($1): *//p" dev.d/python.txt | tr ' ' '\n'
}

# python_environment DIRECTORY: kept until dev.d/python.txt or the Python changes; ./python, which
# is installed as users do, is new each time.
python_environment() {
  local venv=$1 is source
  is=$(cat dev.d/python.txt dev.d/python.sh <(/usr/bin/python3 --version) | cksum)
  if [[ $(cat "$venv/is" 2> /dev/null) != "$is" ]]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    pinned '[a-z]+' | grep -v '^esi-acme=' > "$venv/packages.txt"
    pip_install "$venv" -r "$venv/packages.txt"
    # shellcheck disable=SC2046  # a list of names
    pip_install "$venv" --no-deps --target "$venv/acme" $(pinned acme)
    echo "$is" > "$venv/is"
  fi
  source=$(mktemp -d)            # setuptools writes into the sources
  cp -r python/. "$source"
  pip_install "$venv" --no-deps --no-build-isolation --force-reinstall "$source"
  rm -rf "$source"
}

# In the background, for most of it waits for downloads: start_python DIRECTORY, later await_python.
start_python() {
  mkdir -p "${logs:?from steps.sh}"
  (set -e; python_environment "$1") > "$logs/python.log" 2>&1 < /dev/null &
  python_pid=$!
}
await_python() {
  local code=0
  wait "$python_pid" || code=$?
  cat "$logs/python.log"
  return "$code"
}
