#!/usr/bin/env bash
# Trials of tables, files and lists, times channels: what their tasks get, and what is refused.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

logs() { ok pcluster logs "$@"; }
# printed TEXT: all that the tasks of the last workload printed, a line each, sorted.
printed() {
  ok pcluster logs last --stdout
  same "$(grep -v -e '^==>' -e '^$' "$dir/out" | sort)" "$(printf '%s\n' "$@" | sort)" "output"
}

# What is wrong is told before a launcher is looked for.
printf 'alpha,name\n1,"x\n' > bad.csv
code 2 pcluster map -a bad.csv -- echo '{alpha}'
says "bad.csv, line 2" "never closed"
code 2 pcluster map -a none.csv -- echo
says "there is no file none.csv"
code 2 pcluster map --trials 0-1 -- echo ::: a
says "two places"
code 2 pcluster map --trials 0-1 --channels 5 -- echo
says "--chan-per-worker"
code 2 pcluster map --tag last --trials 0-1 -- echo
says "is no name for a workload"

ok pcluster submit --jobs 1 --cores 2

printf '\xef\xbb\xbf%s\r\n' alpha,'in file',cluster > t.csv
printf '%s\r\n' '0.5,"r 1/a.mat",x' '1.5,"say ""hi"", you",y' >> t.csv
code 2 pcluster map -a t.csv -- echo '{alhpa}'
says '{alhpa} is no column' 'did you mean "alpha"' '{{alhpa}}'
ok pcluster map --tag table -a t.csv --output 'out-{alpha}' -- sh -c \
  'echo "$1|$2|$PCLUSTER_ALPHA|$PCLUSTER_IN_FILE|$PCLUSTER_CLUSTER|$PCLUSTER_TRIAL"
   echo "{\"alpha\": 3}" > "$PCLUSTER_RESULT"' - '{in file}' '{2/.}-{index}'
same "$(cat out-0.5)" 'r 1/a.mat|a-0|0.5|r 1/a.mat|default|0' "first row"
same "$(cat out-1.5)" 'say "hi", you|say "hi", you-1|1.5|say "hi", you|default|1' "second row"
code 2 pcluster map --shell -a t.csv -- 'echo {in file}'
says 'not one plain word' '$PCLUSTER_IN_FILE'

# Its columns, in all forms of the results; its tag where an id is.
ok pcluster results table
says "alpha" "in file" 'say "hi", you'
ok pcluster results table.1 --json
same "$(json 'i[0]["alpha"], i[0]["result_alpha"], i[0]["cluster"]')" "1.5 3 y" "columns as JSON"
ok pcluster results table --csv
python3 - "$dir/out" <<'PYTHON' || { show; fail "results --csv"; }
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert [r["in file"] for r in rows] == ["r 1/a.mat", 'say "hi", you'], rows
assert [(r["alpha"], r["result_alpha"], r["state"]) for r in rows] == [
    ("0.5", "3", "done"), ("1.5", "3", "done")], rows
PYTHON
ok pcluster status workloads --json
same "$(json 'i[-1]["tag"]')" table "tag in status"
ok pcluster status
says table
code 2 pcluster results tabel
says 'did you mean "table"'

# Lists: GNU parallel's habits.
ok pcluster map -- printf '%s-%s\n' '{2}' '{1}' ::: a 'b c' ::: x y
printed x-a y-a 'x-b c' 'y-b c'
ok pcluster results
says 'task  1    2  state'
ok pcluster map echo ::: one 'two  words'      # no -- , and the value is appended
printed one 'two  words'
ok pcluster map --link -- echo '{1}{2}{}' ::: a b c ::: 1 2
printed 'a1a 1' 'b2b 2' 'c1c 1'
printf 'd/x.txt\nd/y.tar.gz\n' > files
ok pcluster map -- echo {} '{.}' '{/}' '{//}' '{/.}' '{1/}' :::: files
printed 'd/x.txt d/x x.txt d x x.txt' 'd/y.tar.gz d/y.tar y.tar.gz d y.tar y.tar.gz'
ok pcluster map -a files -- echo '{/.}' '{{}}' '{2}'
printed 'x {} {2}' 'y.tar {} {2}'
ok pcluster run -- echo '{}' '{1}' '{.}'       # no trial: its braces are its own
says '{} {1} {.}'
pcluster map -a - -- echo '{/}' < files > "$dir/out" 2> "$dir/err" || { show; fail "map -a -"; }
printed x.txt y.tar.gz
code 2 pcluster map -- echo ::: a b :::+ c
says "2" "--link"

# Channels, from 0, the last one excluded.
ok pcluster map --trials 3-4 --channels 5 --chan-per-worker 2 -- sh -c \
  'echo {trial} {first_channel} {last_channel} $PCLUSTER_FIRST_CHANNEL-$PCLUSTER_LAST_CHANNEL'
says "2 trials x 3 chunks of at most 2 channels = 6 tasks"
printed '3 0 2 0-2' '3 2 4 2-4' '3 4 5 4-5' '4 0 2 0-2' '4 2 4 2-4' '4 4 5 4-5'
ok pcluster results
says first_channel last_channel
ok pcluster map --detach --trials 1-3 --channels 1000 --chan-per-worker 1 -- sleep 60
says "3 trials x 1000 chunks" "a larger --chan-per-worker"
ok pcluster cancel last
stopped
