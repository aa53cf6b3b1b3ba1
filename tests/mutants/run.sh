#!/bin/bash
# run.sh BUILD_DIR [--seeds N] [--only WORD] [--check]: puts each deliberate bug of list.txt into a
# copy of its file, builds the unit tests and the simulator with it, and says whether they saw it.
# SPDX-License-Identifier: MIT
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?"usage: run.sh BUILD_DIR [--seeds N] [--only WORD] [--check]"}
shift
seeds=300 only="" check=""
while [ $# -gt 0 ]; do
  case $1 in
    --seeds) seeds=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --check) check=yes; shift ;;
    *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
  esac
done
limit=${PCLUSTER_MUTANT_SECONDS:-120} # a bug may also make it go round and round
jobs=${PCLUSTER_JOBS:-$(nproc)}
flags=(-std=c++20 -O1 -w -DFMT_HEADER_ONLY -DMSGPACK_NO_BOOST -DPCLUSTER_VERSION='"mutant"' -I.)
cxx=${CXX:-g++}
command -v ccache >/dev/null && cxx="ccache $cxx"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ------------------------------------------------------------ the list: one directory per mutant
count=0
read_list() {
  local part="" line
  while IFS= read -r line; do
    case $line in
      "=== "*) count=$((count + 1)); dir=$work/$(printf %02d $count); mkdir "$dir"
               echo "${line#=== }" >"$dir/name"; : >"$dir/old"; : >"$dir/new"; part="" ;;
      "--- "*) echo "${line#--- }" >"$dir/file"; part=old ;;
      "+++") part=new ;;
      *) if [ -n "$part" ]; then printf '%s\n' "$line" >>"$dir/$part"; fi ;;
    esac
  done <"$root/tests/mutants/list.txt"
}

# $1: a mutant's directory.  Writes mutant.cpp; fails when its text does not occur exactly once.
mutate() {
  local text old new rest
  text=$(<"$root/$(<"$1/file")") old=$(<"$1/old") new=$(<"$1/new") # $(<) drops the empty last lines
  rest=${text/"$old"/}
  [ ${#text} -ne ${#rest} ] && [ "$rest" = "${rest/"$old"/}" ] || return 1
  printf '%s\n' "${text/"$old"/"$new"}" >"$1/mutant.cpp"
}

read_list
broken=0
for dir in "$work"/[0-9]*; do
  mutate "$dir" && continue
  echo "does not match any more (or more than once): $(<"$dir/name") in $(<"$dir/file")"
  broken=1
done
if [ $broken -ne 0 ]; then echo "tests/mutants/list.txt must follow the sources"; exit 1; fi
if [ -n "$check" ]; then echo "$count mutants, all match"; exit 0; fi

# ------------------------------------------------------------ what is the same for all, built once
# A copy: the tree may change meanwhile.
tree=$work/tree
mkdir "$tree" && cd "$root" || exit 1
cp --parents launcher/base/*.hpp launcher/model/*.hpp launcher/core/*.[ch]pp \
  mpi-runtime/{agent*,job_end}.[ch]pp \
  tests/main.cpp tests/core/*.[ch]pp tests/simulator/*.[ch]pp \
  tests/runtime/{acts,agent_rig}.hpp tests/runtime/test_agent*.cpp "$tree"
for library in model base; do
  cp "$build/libpcluster_$library.a" "$tree" ||
    { echo "run.sh: build pcluster_$library there first (./dev build)" >&2; exit 1; }
done
cd "$tree" || exit 1
product=(launcher/core/*.cpp mpi-runtime/{agent*,job_end}.cpp)
units=(tests/main.cpp tests/core/*.cpp tests/runtime/test_agent*.cpp)
simulator=(tests/main.cpp tests/simulator/*.cpp)
libraries=(libpcluster_model.a libpcluster_base.a)
object() { echo "$work/${1//\//_}.o"; }
objects() { local file; for file; do object "$file"; done; }
export -f object
export work
printf '%s\n' "${product[@]}" "${units[@]}" "${simulator[@]}" | sort -u |
  xargs -P "$jobs" -I{} bash -c "$cxx ${flags[*]@Q} -c {} -o \"\$(object {})\"" || exit 1

# $1: a directory, $2: the file whose object is $1/mutant.o instead; empty: none.  Links both
# programs.
link() {
  local mine tests
  mapfile -t mine < <(objects "${product[@]}" | grep -vxF "$(object "$2")")
  [ -n "$2" ] && mine+=("$1/mutant.o")
  mapfile -t tests < <(objects "${units[@]}")
  ${CXX:-g++} -o "$1/units" "${mine[@]}" "${tests[@]}" "${libraries[@]}" || return 1
  mapfile -t tests < <(objects "${simulator[@]}")
  ${CXX:-g++} -o "$1/simulator" "${mine[@]}" "${tests[@]}" "${libraries[@]}"
}

# $1: a directory with both programs.  Says who saw a bug; nothing when nobody did.
run() {
  local saw=""
  # In a shell of their own: theirs is the word about how a test was killed.
  (timeout "$limit" "$1/units"; exit $?) >"$1/units.out" 2>&1 || saw="unit tests"
  (timeout "$limit" "$1/simulator" --seeds "1-$seeds"; exit $?) >"$1/simulator.out" 2>&1 ||
    saw="${saw:+$saw, }simulator"
  rm -f "$1/units" "$1/simulator"
  echo "$saw"
}

mkdir "$work/none"
link "$work/none" "" || exit 1
saw=$(run "$work/none")
if [ -n "$saw" ]; then
  echo "without any mutant these fail already: $saw" >&2
  tail -5 "$work/none"/*.out >&2
  exit 1
fi

# $1: a mutant's directory.  Its verdict goes to $1/verdict.
try() {
  local dir=$1 saw
  if $cxx "${flags[@]}" -c "$dir/mutant.cpp" -o "$dir/mutant.o" 2>"$dir/log" &&
    link "$dir" "$(<"$dir/file")" 2>>"$dir/log"; then
    saw=$(run "$dir")
    echo "${saw:-SURVIVED}" >"$dir/verdict"
    grep -m1 -oE 'seed [0-9]+: .*' "$dir/simulator.out" >"$dir/why" 2>/dev/null
    rm -f "$dir/mutant.o"
  else
    echo "DOES NOT COMPILE" >"$dir/verdict"
  fi
}

for dir in "$work"/[0-9]*; do
  case $(<"$dir/name") in *"$only"*) ;; *) rm -r "$dir"; continue ;; esac
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  try "$dir" &
done
wait

# ---------------------------------------------------------------- the table
tried=0 caught=0 survivors=()
for dir in "$work"/[0-9]*; do
  tried=$((tried + 1)) verdict=$(<"$dir/verdict")
  printf '%-72s %s\n' "$(<"$dir/name")" "$verdict"
  [ -n "${PCLUSTER_MUTANT_WHY:-}" ] && sed 's/^/    /' "$dir/why"
  case $verdict in
    SURVIVED) survivors+=("$(<"$dir/name")") ;;
    "DOES NOT COMPILE") sed 's/^/    /' "$dir/log" | head -5; broken=1 ;;
    *) caught=$((caught + 1)) ;;
  esac
done
[ $tried -gt 0 ] || { echo "no mutant is called *$only*" >&2; exit 2; }
echo "$caught of $tried mutants caught ($((100 * caught / tried)) %), $seeds seeds each"
for name in "${survivors[@]}"; do echo "survivor: $name"; done
exit $broken
