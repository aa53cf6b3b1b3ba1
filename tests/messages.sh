# Provokes the messages of docs/messages.md; local/messages.sh and slurm/messages.sh share it, and
# source it after lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# A function `row_ID` per row, with - as _, calls `say CMD...` last: that command's words on stderr
# must be the row's message and hint, and its exit code the row's.

say() {
  said=0
  "$@" > "$dir/out" 2> "$dir/err" < /dev/null || said=$?
}

# cell N ROW: the N-th cell, without the marks of code around it.
cell() {
  local text
  text=$(awk -F' [|] ' -v n="$1" '{ print $n }' <<< "$2")
  text=${text#'| '} text=${text%' |'}
  if [[ $text == '`` '* ]]; then text=${text#'`` '} text=${text%' ``'}
  elif [[ $text == '`'* ]]; then text=${text#'`'} text=${text%'`'}; fi
  printf '%s' "$text"
}

# A pattern that <placeholders> of the text match anything in.
pattern() { sed -E 's/[][\\.*^$()+?{}|]/\\&/g; s/<[a-z ]+>/.+/g' <<< "$1"; }

check_row() {
  local id=$1 row=$2 message hint want
  message=$(pattern "$(cell 2 "$row")") hint=$(cell 3 "$row") want=$(cell 4 "$row")
  "row_${id//-/_}"
  [[ $said == "$want" ]] || { show; fail "$id: exit code $said, not $want"; }
  if [[ $hint == - ]]; then
    message="(^|"$'\n'")pcluster: $message\$"
  else
    message="(^|"$'\n'")pcluster: $message"$'\n'"  $(pattern "$hint")\$"
  fi
  [[ $(cat "$dir/err") =~ $message ]] || { show; fail "$id: not as its row says: $message"; }
}

# check_section NAME: each row below that heading, and no provocation without a row.
check_section() {
  local rows row id ids=() function
  rows=$(awk -v name="## $1" '/^## /{ on = $0 == name } on && /^[|] `/' "$here/messages.md")
  while IFS= read -r row; do
    id=$(cell 1 "$row")
    ids+=("row_${id//-/_}")
    declare -F "row_${id//-/_}" > /dev/null || fail "no provocation of $id"
    check_row "$id" "$row"
  done <<< "$rows"
  for function in $(compgen -A function row_); do
    [[ " ${ids[*]} " == *" $function "* ]] || fail "$function provokes no row of docs/messages.md"
  done
  count=${#ids[@]}  # for the test to look at
}
