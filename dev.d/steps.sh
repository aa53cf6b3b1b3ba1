# Steps of ./dev: a line each, their output in a log; packages; builds.  Sourced, in the checkout.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

logs=build/log

die() { echo "dev: $1" >&2; [[ -z ${2:-} ]] || echo "     $2" >&2; exit "${3:-1}"; }

# All of a short log; of a long one, its first error and its end.
show_log() {
  if (($(wc -l < "$1") <= 150)); then cat "$1"; return; fi
  grep -m 1 -A 40 -E 'FAILED|[Ee]rror' "$1" || true
  echo "   ..."
  tail -n 60 "$1"
}

# step WHAT CMD...: run CMD quietly; its log is shown if it fails, and ./dev ends.
step() {
  local what=$1 log start=$SECONDS code=0; shift
  mkdir -p "$logs"
  log=$logs/$(tr -cs 'A-Za-z0-9.\n' - <<< "$what").log
  printf '%s ... ' "$what"
  "$@" > "$log" 2>&1 < /dev/null || code=$?
  if ((code == 0)); then echo "$((SECONDS - start)) s"; return; fi
  echo "failed (exit code $code)"
  show_log "$log"
  die "$what failed, see above" "the whole log: $log" "$code"
}

# ------------------------------------------------------------------ packages

packages_of() {      # GROUP...
  local group
  for group; do
    grep -q "^$group:" dev.d/packages.txt || die "no group '$group' in dev.d/packages.txt" "" 2
    sed -n "s/^$group: *//p" dev.d/packages.txt | tr ' ' '\n'
  done | sort -u
}
installed() {
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2> /dev/null |
    sed -n 's/^installed //p' | sort -u
}

may_sudo() {
  command -v sudo > /dev/null || return
  sudo -n true 2> /dev/null || { [[ -t 0 ]] && sudo true; }
}

# setup_packages GROUP...: nothing at all when nothing is missing.
setup_packages() {
  local missing as_root=()
  # shellcheck disable=SC2048,SC2086  # a list of names
  missing=$(packages_of $*)
  if command -v dpkg-query > /dev/null; then missing=$(comm -23 <(echo "$missing") <(installed)); fi
  [[ -n $missing ]] || return 0
  missing=$(paste -sd' ' <<< "$missing")
  command -v apt-get > /dev/null ||
    die "this machine has no apt-get; pcluster's build needs what Debian calls" "$missing" 2
  if (($(id -u) != 0)); then
    as_root=(sudo)
    may_sudo || die "packages are missing, and this user may not install them; as root, run:" \
      "apt-get install $missing" 2
  fi
  step "apt-get update" "${as_root[@]}" apt-get -q update
  # shellcheck disable=SC2086  # a list of names
  step "install $(wc -w <<< "$missing") packages" \
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $missing
}

# ------------------------------------------------------------------ builds

# build_preset PRESET DIRECTORY [TARGET...]
build_preset() {
  local preset=$1 directory=$2 options=(); shift 2
  grep -q "\"name\": \"$preset\"" CMakePresets.json ||
    die "no preset '$preset' (release, dev, asan)" "" 2
  if command -v ccache > /dev/null; then options=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  step "configure $preset" cmake --preset "$preset" -B "$directory" "${options[@]}"
  step "build $preset" cmake --build "$directory" -j "$(nproc)" ${1:+--target "$@"}
}
