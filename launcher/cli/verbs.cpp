// The table of verbs, and help made from it.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr const Verb* table[] = {
    &verb_submit, &verb_start,  &verb_scale,   &verb_with,  &verb_stop,  // workers
    &verb_map,    &verb_run,    &verb_mpiexec, &verb_exec,  &verb_channels, &verb_wait,
    &verb_retry,  // work
    &verb_cancel, &verb_status, &verb_results, &verb_logs,  &verb_explain,  &verb_events,
    &verb_doctor, &verb_smoke,  &verb_render,  &verb_sites, &verb_config,   &verb_completion};

// What the overview says before a verb, and so of those up to the next.
constexpr std::pair<const Verb*, std::string_view> headings[] = {
    {&verb_submit, "workers:"},
    {&verb_map, "work:"},
    {&verb_status, "what happens and why:"},
    {&verb_doctor, "this site and this shell:"},
};

constexpr Option everywhere[] = {
    {"--cluster", "NAME", "the cluster to use ($PCLUSTER_CLUSTER, else \"default\")", false,
     Completes::cluster},
    {"--json", "", "one JSON document on stdout, errors too"},
    {"-q,--quiet", "", "say nothing but results and errors"},
    {"-h,--help", "", "this text"},
};

constexpr std::size_t help_column = 30;

std::string option_line(const Option& option) {
  auto left = "  " + replace_all(std::string(option.names), ",", ", ");
  if (!option.value.empty()) left += " " + std::string(option.value);
  if (left.size() + 2 > help_column)
    return fmt::format("{}\n{:{}}{}\n", left, "", help_column, option.help);
  return fmt::format("{:<{}}{}\n", left, help_column, option.help);
}

std::string option_lines(std::span<const Option> options) {
  std::string text;
  for (const auto& option : options) text += option_line(option);
  return text;
}

std::string indented(std::string_view text) {
  std::string all;
  for (const auto& line : lines(text)) all += "  " + line + "\n";
  return all;
}

// Sentences as lines of a terminal's width.
std::string wrapped(std::string_view text) {
  constexpr std::size_t width = 80;
  std::string all, line;
  for (const auto& word : split(text, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      all += line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return all + line + "\n";
}

}  // namespace

std::span<const Verb* const> verbs() { return table; }
std::span<const Option> global_options() { return everywhere; }

const Verb* find_verb(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Verb::name);
  return found == std::end(table) ? nullptr : *found;
}

std::string_view long_name(const Option& option) {
  const auto at = option.names.find("--");
  const auto name = option.names.substr(at == option.names.npos ? 1 : at + 2);
  return name.substr(0, name.find(','));
}

std::string usage(const Verb& verb) {
  std::string text = fmt::format("pcluster {}", verb.name);
  if (!verb.options.empty() || !verb.more_options.empty()) text += " [OPTIONS]";
  if (!verb.operands_name.empty()) text += fmt::format(" {}", verb.operands_name);
  return text;
}

std::vector<std::string> option_names(const Verb& verb) {
  std::vector<std::string> names;
  for (const auto options : {verb.options, verb.more_options, global_options()})
    for (const auto& option : options)
      for (auto& name : split(option.names, ',')) names.push_back(std::move(name));
  return names;
}

std::string overview() {
  std::string text =
      "pcluster: worker jobs that phone home, and trials and MPI programs on them.\n\n"
      "usage: pcluster VERB [OPTIONS]     (pcluster help VERB says more)\n\n";
  for (const auto* verb : table) {
    for (const auto& [first, heading] : headings)
      if (first == verb) text += fmt::format("{}\n", heading);
    text += fmt::format("  {:<12}{}\n", verb->name, verb->summary);
  }
  text += "\non every verb:\n" + option_lines(everywhere) +
          option_line({"--version", "", "the version of pcluster"});
  return text +
         "\nexamples:\n"
         "  pcluster submit --partition 16GBXL --jobs 10\n"
         "  pcluster map --trials 0-499 -- python trial.py {trial}\n"
         "  pcluster run -np 16 -- nrniv -mpi -python model.py\n"
         "  pcluster stop\n";
}

std::string help(const Verb& verb) {
  std::string text =
      fmt::format("pcluster {}: {}\n\nusage: {}\n", verb.name, verb.summary, usage(verb));
  if (!verb.description.empty()) text += fmt::format("\n{}", wrapped(verb.description));
  if (!verb.options.empty() || !verb.more_options.empty())
    text += "\noptions:\n" + option_lines(verb.options) + option_lines(verb.more_options);
  text += "\non every verb:\n" + option_lines(everywhere);
  if (verb.environment != nullptr) text += "\nenvironment:\n" + indented(verb.environment());
  if (!verb.examples.empty()) text += "\nexamples:\n" + indented(verb.examples);
  return text;
}

}  // namespace pcluster
