// A template of a site's own, and values of a user's: job script or Error.  Up to the first zero
// byte the template, then the value of every field.
// SPDX-License-Identifier: MIT
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/script/template.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {
namespace {

std::string rendered(std::string_view text, const Fields& fields) {
  try {
    return render(text, fields, "fuzz.sh");
  } catch (const Error& error) {
    must(error.what()[0] != '\0', "an error says something");
    return {};
  }
}

// Only quotes may be outside of single quotes.
bool is_one_word(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') {
      quoted = !quoted;
    } else if (!quoted && text[i] == '\\') {
      ++i;
    } else if (!quoted && std::string_view(" \t\n;&|<>()$`\"*?[#~{}").find(text[i]) !=
                              std::string_view::npos) {
      return false;
    }
  }
  return !quoted;
}

}  // namespace

void run(std::string_view input) {
  const auto end = std::min(input.find('\0'), input.size());
  const std::string value(input.substr(std::min(end + 1, input.size())));
  const Fields fields = {{"word", ShellWord{value}},
                         {"words", ShellWords{{value, value}}},
                         {"directive", DirectiveValue{value}},
                         {"lines", ShellLines{{value}}},
                         {"code", ShellCode{"${SLURM_JOB_ID}"}},
                         {"list", std::vector<DirectiveValue>{{value}, {"--b"}}},
                         {"flag", !value.empty()}};
  static_cast<void>(rendered(input.substr(0, end), fields));
  const auto word = rendered("{{word}}", fields);
  must(is_one_word(word), "a value is one word of the shell");
  const auto line = rendered("{{#list}}\n#SBATCH {{.}}\n{{/list}}\n", fields);
  must(line.empty() || line.find("\n#SBATCH --b") == line.find('\n'), "a value adds no directive");
}

}  // namespace pcluster::fuzz
