// Man pages: the tables of the verbs in the words of man(7).  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/man.hpp"

#include <fmt/format.h>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// Text as roff prints it unchanged: backslashes, dashes, and points at the begin of lines.
std::string roff(std::string_view text) {
  std::string all;
  for (const auto& line : lines(text)) {
    if (!all.empty()) all += '\n';
    if (line.starts_with('.') || line.starts_with('\'')) all += "\\&";
    for (const char c : line) {
      if (c == '\\') all += "\\e";
      if (c == '-') all += "\\-";
      if (c == '\'') all += "\\(aq";
      if (c == '`') all += "\\(ga";
      if (c == '^') all += "\\(ha";
      if (c == '~') all += "\\(ti";
      if (std::string_view("\\-'`^~").find(c) == std::string_view::npos) all += c;
    }
  }
  return all;
}

std::string heading(const std::string& name, const std::string& summary) {
  std::string title;
  for (const char c : name) title += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return fmt::format(".TH {} 1 \"\" \"pcluster {}\" \"User commands\"\n.SH NAME\n{} \\- {}\n",
                     title, PCLUSTER_VERSION, roff(name), roff(summary));
}

std::string entry(std::string_view term, std::string_view value, std::string_view text) {
  auto all = fmt::format(".TP\n.B {}", roff(term));
  if (!value.empty()) all = fmt::format(".TP\n.BI \"{} \" \"{}\"", roff(term), roff(value));
  return all + "\n" + roff(text) + "\n";
}

std::string options_text(std::span<const Option> options) {
  std::string all;
  for (const auto& option : options)
    all += entry(replace_all(std::string(option.names), ",", ", "), option.value, option.help);
  return all;
}

std::string examples_text(std::string_view examples) {
  return ".SH EXAMPLES\n.nf\n" + roff(examples) + "\n.fi\n";
}

constexpr std::pair<std::string_view, std::string_view> exit_codes[] = {
    {"0", "done"},
    {"1", "some tasks failed"},
    {"2", "wrong usage or configuration"},
    {"3", "no launcher runs, or it or the scheduler refused"},
    {"4", "timed out"},
    {"125", "of verbs that pass on the exit code of a program: a failure of pcluster's own"},
    {"130", "interrupted"},
};

constexpr std::pair<std::string_view, std::string_view> variables[] = {
    {"PCLUSTER_CLUSTER", "the cluster to use, as --cluster"},
    {"PCLUSTER_DIR",
     "where clusters keep their state; the nodes must see it (default ~/.pcluster)"},
    {"PCLUSTER_SHARE", "where templates and site profiles lie, instead of beside the program"},
};

std::string ending(const std::string& environment, const std::string& others) {
  std::string all = ".SH EXIT STATUS\n";
  for (const auto& [code, what] : exit_codes) all += entry(code, "", what);
  all += ".SH ENVIRONMENT\n";
  for (const auto& [name, what] : variables) all += entry(name, "", what);
  for (const auto& line : lines(environment)) {
    const auto name = line.substr(0, line.find(' '));
    if (name != "PCLUSTER_CLUSTER") all += entry(name, "", trim(line.substr(name.size())));
  }
  return all + ".SH SEE ALSO\n" + others + "\n";
}

std::string reference(std::string_view page, std::string_view after) {
  return fmt::format(".BR {} (1){}", roff(page), after);
}

}  // namespace

std::string man_page(const Verb& verb) {
  auto all = heading(fmt::format("pcluster-{}", verb.name), std::string(verb.summary));
  all += fmt::format(".SH SYNOPSIS\n.B {}\n", roff(usage(verb)));
  all += ".SH DESCRIPTION\n" + roff(verb.description.empty() ? verb.summary : verb.description) +
         "\n.SH OPTIONS\n";
  all +=
      options_text(verb.options) + options_text(verb.more_options) + options_text(global_options());
  if (!verb.examples.empty()) all += examples_text(verb.examples);
  return all +
         ending(verb.environment == nullptr ? "" : verb.environment(), reference("pcluster", ""));
}

std::string man_page() {
  auto all =
      heading("pcluster", "worker jobs that phone home, and trials and MPI programs on them");
  all += ".SH SYNOPSIS\n.B pcluster\n.I VERB\n[OPTIONS]\n.SH DESCRIPTION\n";
  all += roff(
             "One command gets you worker jobs that are known to be alive; the next runs your "
             "trials, or one trial split over MPI ranks, on all of them. The same lines work on a "
             "laptop and on a cluster. Each verb has a page of its own.") +
         "\n.SH VERBS\n";
  std::string others;
  for (const auto* verb : verbs()) {
    all += entry(verb->name, "", verb->summary);
    const bool last = verb == verbs().back();
    others += reference(fmt::format("pcluster-{}", verb->name), last ? "" : ",\n");
  }
  all += ".SH OPTIONS\n" + options_text(global_options());
  all += examples_text(
      "pcluster submit --partition 16GBXL --jobs 10\n"
      "pcluster map --trials 0-499 -- python trial.py {trial}\n"
      "pcluster run -np 16 -- nrniv -mpi -python model.py\n"
      "pcluster stop");
  return all + ending("", others);
}

}  // namespace pcluster
