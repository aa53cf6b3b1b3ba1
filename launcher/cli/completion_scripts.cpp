// The scripts that make a shell ask `pcluster complete`.  It answers a candidate per line, with a
// tab before its help; ":file", ":directory" and ":command" leave the rest to the shell.
// SPDX-License-Identifier: MIT
#include "launcher/cli/completion.hpp"

namespace pcluster {
namespace {

constexpr std::string_view bash =
    R"script(# bash completion of pcluster: source it, or put it where bash-completion looks
# (pcluster completion bash > ~/.local/share/bash-completion/completions/pcluster).
_pcluster() {
  local line word program=${1/#\~\//$HOME/} current=${COMP_WORDS[COMP_CWORD]}
  [[ $current == = ]] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    case $word in
      :file) compopt -o filenames 2> /dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
      :directory) compopt -o filenames 2> /dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current") ;;
      :command)
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$current") ;;
      ?*) COMPREPLY+=("$word") ;;
    esac
  done < <("$program" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _pcluster pcluster
)script";

constexpr std::string_view zsh = R"script(#compdef pcluster
# zsh completion of pcluster: source it after compinit, or put it as _pcluster into your fpath.
_pcluster() {
  local line word
  local -a plain shown files
  for line in "${(@f)$(${~words[1]} complete -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
    word=${line%%$'\t'*}
    case $word in
      (:file) files=(_files) ;;
      (:directory) files=(_files -/) ;;
      (:command) files=(_command_names -e) ;;
      (?*) plain+=("$word"); shown+=("${line/$'\t'/  -- }") ;;
    esac
  done
  local got=1
  (( $#plain )) && compadd -l -d shown -a plain && got=0
  (( $#files )) && $files && got=0
  return got
}
if [[ ${funcstack[1]} == _pcluster ]]; then _pcluster "$@"; else compdef _pcluster pcluster; fi
)script";

constexpr std::string_view fish =
    R"script(# fish completion of pcluster: put it into ~/.config/fish/completions/pcluster.fish.
function __pcluster_candidates
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] complete -- $words[2..-1] "$current" 2> /dev/null)
    switch $line
      case ':file' ':command'
        __fish_complete_path "$current"
      case ':directory'
        __fish_complete_directories "$current"
      case '*'
        echo $line
    end
  end
end
complete -c pcluster -f -a '(__pcluster_candidates)'
)script";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return bash;
  if (shell == "zsh") return zsh;
  if (shell == "fish") return fish;
  return {};
}

}  // namespace pcluster
