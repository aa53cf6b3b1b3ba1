#!/usr/bin/env bash
# Completion in the shells themselves, and the files that an installed pcluster brings for them.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
mkdir bin
ln -s "$program" bin/pcluster
export PATH=$PWD/bin:$PATH
share=$(realpath "$(dirname "$program")/../share")

# bash: what TAB would offer after these words.
cat > ask.bash <<'END'
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
complete -p pcluster | grep -q -- '-F _pcluster' || exit 1
_pcluster pcluster "${COMP_WORDS[COMP_CWORD]}"
printf '%s\n' "${COMPREPLY[@]}"
END
pcluster completion bash > script.bash
offers() {            # WANT WORD...: the last word is being typed
  local want=$1; shift
  same "$(bash --norc ask.bash script.bash pcluster "$@" | paste -sd' ')" "$want" "bash: $*"
}
offers "status" stat
offers "start status" sta
offers "--partition" submit --part
offers "esi" submit --site e
offers "esi" submit --site = e
offers "16GBXS 16GBXL" submit --site esi -p 16GBX
offers "workers jobs pools workloads launcher" status ""
offers "ask.bash" start --config ask
offers "last" wait ""
offers "" nosuch ""
code 3 pcluster status                  # no launcher was started for that

ok pcluster submit --jobs 1 --cores 1
ok pcluster map -q --trials 0-1 -- true
offers "last 1" logs ""
offers "default" --cluster d
offers "default" submit --pool ""
ok pcluster map -q --tag night --trials 0-1 -- true
ok pcluster map -q --tag night --trials 0-1 -- true
offers "night" retry ni
offers "night" map --after n
offers "all w0" exec --on ""
offers "default" scale --pool d
ok pcluster submit --jobs 1 --cores 1 -q
begin=$(now_ms)
offers "1" results 1
at_most $(($(now_ms) - begin)) 1500 "ms to complete"

# A launcher that does not answer is not waited for.
kill -STOP "$(launcher_pid)"
begin=$(now_ms)
offers "" submit --pool ""
at_most $(($(now_ms) - begin)) 2500 "ms to complete without an answer"
kill -CONT "$(launcher_pid)"
stopped

# zsh, at a prompt of its own.
if command -v zsh > /dev/null; then
  pcluster completion zsh > script.zsh
  cat > ask.zsh <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D'
zpty -w shell 'source ./script.zsh; echo READY'
zpty -r shell text '*READY*READY*'
zpty -w -n shell $'pcluster submit --parti\t'
sleep 1
zpty -w -n shell $'16GB --site=es\t'
sleep 1
zpty -w -n shell $'\C-a\C-kecho OVER\n'
zpty -r shell text '*OVER*OVER*'
print -r -- "$text"
END
  timeout 20 zsh -f ask.zsh > "$dir/out" 2>&1 || { show; fail "zsh"; }
  says "submit --partition" "--site=esi"
fi

# fish.
if command -v fish > /dev/null; then
  pcluster completion fish > script.fish
  fish_offers() {
    timeout 20 fish -N -c "source script.fish; complete -C '$2'" > "$dir/out"
    same "$(cut -f1 "$dir/out" | paste -sd' ')" "$1" "fish: $2"
  }
  fish_offers "status" "pcluster stat"
  fish_offers "esi" "pcluster submit --site e"
  fish_offers "--site=esi" "pcluster submit --site=e"
fi

# What is installed is what the program prints.
cmp <(pcluster completion bash) "$share/bash-completion/completions/pcluster"
cmp <(pcluster completion zsh) "$share/zsh/site-functions/_pcluster"
cmp <(pcluster completion fish) "$share/fish/vendor_completions.d/pcluster.fish"

# Man pages: one per verb, and nothing that a formatter complains about.
pages=$share/man/man1
same "$(find "$pages/" -name 'pcluster*.1' | wc -l)" \
  "$(($(pcluster complete -- "" | wc -l) + 1))" "man pages"
cmp <(pcluster help --man wait) "$pages/pcluster-wait.1"
for page in "$pages"/*.1; do
  if command -v groff > /dev/null; then
    groff -man -ww -z -Tutf8 "$page" > "$dir/out" 2>&1
    silent_on out
  fi
  if command -v mandoc > /dev/null; then
    mandoc -Tlint -Wwarning "$page" 2>&1 | grep -v 'missing date' > "$dir/out" || true
    silent_on out
  fi
done
