// The entry of all verbs: finds the verb, runs it, and turns an Error into words and an exit code.
// SPDX-License-Identifier: MIT
#include "launcher/cli/cli.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/man.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verb_completion.hpp"
#include "launcher/cli/verbs.hpp"

namespace pcluster {
namespace {

const Verb& verb_named(const std::string& name) {
  if (const auto* verb = find_verb(name)) return *verb;
  std::vector<std::string> names{"help"};
  for (const auto* verb : verbs()) names.emplace_back(verb->name);
  throw Error(Exit::usage,
              fmt::format("unknown verb \"{}\"{}", printable(name), did_you_mean(name, names)),
              "see: pcluster --help");
}

// `pcluster help [--man] [VERB]`.
int print_help(std::vector<std::string> words) {
  const bool man = std::erase(words, "--man") > 0;
  std::erase_if(words, [](const auto& word) { return word == "--help" || word == "-h"; });
  if (words.size() > 1)
    throw Error(Exit::usage, fmt::format("help: unexpected word \"{}\"", printable(words[1])),
                "write: pcluster help [--man] [VERB]");
  if (words.empty())
    write_out(man ? man_page() : overview());
  else
    write_out(man ? man_page(verb_named(words[0])) : help(verb_named(words[0])));
  return static_cast<int>(Exit::done);
}

int without_verb(const std::vector<std::string>& words) {
  const std::string first = words.empty() ? "" : words.front();
  if (first == "--version") {
    write_out("pcluster " PCLUSTER_VERSION "\n");
    return static_cast<int>(Exit::done);
  }
  if (first == "--help" || first == "-h") {
    write_out(overview());
    return static_cast<int>(Exit::done);
  }
  if (!first.empty())
    throw Error(Exit::usage, fmt::format("no verb after {}", printable(first)),
                "see: pcluster --help");
  write_err(overview());
  return static_cast<int>(Exit::usage);
}

int run_verb(const std::vector<std::string>& words) {
  if (!words.empty() && words.front() == "help")
    return print_help({words.begin() + 1, words.end()});
  const auto line = find_verb_in(words);
  if (line.verb.empty()) return without_verb(line.words);
  const auto& verb = verb_named(line.verb);
  const Arguments arguments(verb, line.words);
  if (arguments.has("help")) {
    write_out(help(verb));
    return static_cast<int>(Exit::done);
  }
  return verb.run(make_session(arguments, read_environment()), arguments);
}

// `run`, and all that passes a program's own code on, has 125 for failures that are ours.
int exit_code(const Error& error, const std::vector<std::string>& words) {
  const auto verb = find_verb_in(words).verb;
  const bool passes_codes = verb == "run" || verb == "with" || verb == "mpiexec";
  const bool ours = error.code() != Exit::usage && error.code() != Exit::interrupted;
  return static_cast<int>(passes_codes && ours ? Exit::ours : error.code());
}

}  // namespace

int run_cli(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!words.empty() && words.front() == "complete")  // a shell asks, no person
    return answer_completion({words.begin() + 1, words.end()});
  try {
    return run_verb(words);
  } catch (const Error& error) {
    if (wants_json(words)) {
      const bool frames = find_verb_in(words).verb == "channels";  // that is what stdout is for
      try {
        frames ? write_err(error_document(error)) : write_out(error_document(error));
      } catch (const Error&) {  // stdout is closed: the exit code still tells
      }
    } else {
      write_err(fmt::format("pcluster: {}\n", error.what()));
      if (!error.hint().empty()) write_err(fmt::format("  {}\n", error.hint()));
    }
    return exit_code(error, words);
  }
}

}  // namespace pcluster
