#!/usr/bin/env bash
# Arguments, trials, variables, paths and values of profiles that would like to be code: each comes
# to its task byte by byte, none starts a process, none adds a directive to a job script.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
values() { python3 "$here/faults/values.py" "$@"; }

seed=1 tables=1 scripts=25
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || { seed=$RANDOM tables=10 scripts=400; }
rows=900 words=200
echo "seed $seed" > "$dir/seed"

# What a value that is run as a command leaves behind.
mkdir "$dir/bin"
printf '#!/bin/sh\necho "$0 $*" >> "%s/canaries"\n' "$dir" > "$dir/bin/canary"
chmod +x "$dir/bin/canary"
export PATH=$dir/bin:$PATH
ok canary
rm "$dir/canaries"

# The program, the state, the scratch and the working directory lie below such names too.
odd=$dir/$(values one $((seed + 1)))
mkdir -p "$odd"/{bin,tmp,work}
prefix=$(dirname "$(dirname "$(realpath "$program")")")
cp -l "$prefix"/bin/pcluster* "$odd/bin" 2> /dev/null || cp "$prefix"/bin/pcluster* "$odd/bin"
cp -rL "$prefix"/{lib,share} "$odd" 2> /dev/null || true
program=$odd/bin/pcluster
export PCLUSTER_DIR=$odd/state TMPDIR=$odd/tmp
state=$PCLUSTER_DIR/default
cd "$odd/work"
ok pcluster submit --jobs 1 --cores 2 --local-directory "$odd/tmp"

cat > "$dir/task" <<'TASK'
printf '%s\0' "$PCLUSTER_A" "$PCLUSTER_B" "$@" > "$OUT/$PCLUSTER_INDEX"
TASK
for ((i = 0; i < tables; i++)); do
  values table $((seed + i)) $rows > "$dir/table.csv"
  rm -rf "$dir/ran"; mkdir "$dir/ran"
  ok pcluster map --quiet -a "$dir/table.csv" --env "OUT=$dir/ran" -- \
    sh "$dir/task" '{a}' 'pre={b}=post' '{a}{b}'
  values check $((seed + i)) $rows "$dir"/ran/*

  # Words of a command, a variable and a directory, as they are.
  values words $((seed + i)) $words > "$dir/words"
  mapfile -d '' -t all < "$dir/words"
  at=$odd/$(values one $((seed + i + 7)))
  mkdir -p "$at"
  code 0 pcluster run --env "VALUE=${all[0]}" --chdir "$at" -- \
    sh -c 'printf "%s\0" "$VALUE" "$PWD" "$0" "$@" > "$PCLUSTER_RESULT.words"
           mv "$PCLUSTER_RESULT.words" "'"$dir/got"'"' "${all[@]}"
  { printf '%s\0' "${all[0]}" "$at" "${all[@]}"; } > "$dir/wanted"
  values same "$dir/wanted" "$dir/got"
done
ok pcluster results last --json

# Names: of clusters, pools and tags.  Refused, or only a name.
for ((i = 0; i < scripts; i++)); do
  name=$(values one $((seed + 100 + i)))
  for verb in "status --cluster" "run --quiet --tag"; do
    got=0
    # shellcheck disable=SC2046,SC2086  # words
    pcluster ${verb% *} "${verb##* }=$name" $([[ $verb != run* ]] || echo -- true) \
      > "$dir/name" 2>&1 || got=$?
    ((got <= 3)) || { cat "$dir/name" >&2; fail "the name '$name' ended with $got"; }
  done
done

read -r rendered refused <<< "$(values scripts $seed $scripts "$program" "$dir")"
((rendered * 3 >= scripts)) || fail "only $rendered of $scripts job scripts were not refused"
[[ ! -e $dir/canaries ]] || { cat "$dir/canaries" >&2; fail "values were run as commands"; }
[[ -z $(find "$dir" -name x -type f) ]] || fail "a value made a file"
report "$((tables * (2 * rows + words) + 4 * scripts)) values, $rendered job scripts by bash" \
  "($refused refused)"
stopped
