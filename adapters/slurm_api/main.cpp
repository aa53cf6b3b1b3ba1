// `pcluster-slurm`: Slurm through its library, for pcluster.  A program of its own, for the library
// changes with every release of Slurm, prints by itself, ends the process when its configuration is
// bad, and is under the GPL.  JSON on stdout, also when something is wrong.
// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "adapters/slurm_api/library.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_api {
namespace {

// What the library prints goes to a file in memory, and from there into the answer.
class Prints {
 public:
  Prints() : stderr_(dup(2)), file_(memfd_create("said", MFD_CLOEXEC)) {
    if (stderr_ >= 0 && file_ >= 0) dup2(file_, 2);
  }
  Words take() {  // and prints to stderr as before
    if (stderr_ < 0 || file_ < 0) return {};
    dup2(stderr_, 2);
    std::string all;
    char some[4096];
    lseek(file_, 0, SEEK_SET);
    for (ssize_t n; (n = read(file_, some, sizeof some)) > 0;)
      all.append(some, static_cast<std::size_t>(n));
    close(file_);
    file_ = -1;
    Words words;
    for (const auto& line : lines(all)) words.push_back(without_prefixes(line));
    return words;
  }

 private:
  static std::string without_prefixes(std::string_view line) {
    for (const std::string_view prefix : {"pcluster-slurm: ", "error: ", "fatal: "})
      if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    return std::string(line);
  }
  int stderr_, file_;
};

Prints* prints = nullptr;
bool answered = false;

void print(const Json& answer) {
  std::cout << answer.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

void say(const Failure& failure) {
  answered = true;
  auto said = prints->take();
  auto words = failure.words;
  if (words.empty() && !said.empty()) {
    words = said.back();
    said.pop_back();
  }
  print({{"error", {{"code", failure.code}, {"library", said}, {"words", words}}}});
  for (const auto& line : said) std::cerr << "pcluster-slurm: error: " << line << '\n';
  for (const auto& line : lines(words)) std::cerr << "pcluster-slurm: error: " << line << '\n';
}

// The library ends the process itself when it finds no configuration.
void at_exit() {
  if (!answered) say({refused, "", 0});
}

struct Verb {
  std::string_view name;
  Json (*run)(const Words&);
};
constexpr Verb verbs[] = {{"submit", submit},  {"jobs", jobs},     {"partitions", partitions},
                          {"nodes", nodes},    {"cancel", cancel}, {"ping", ping},
                          {"version", version}};

// The library would look for it for a minute.
void check_configuration() {
  const char* file = std::getenv("SLURM_CONF");
  if (file != nullptr && *file != 0 && access(file, R_OK) != 0)
    throw Failure{refused, std::string("SLURM_CONF names ") + file + ": " + std::strerror(errno)};
}

int run(const Words& words) {
  const auto* verb =
      words.empty() ? std::end(verbs) : std::ranges::find(verbs, words[0], &Verb::name);
  try {
    if (verb == std::end(verbs))
      throw Failure{usage,
                    "pcluster-slurm submit | jobs | partitions | nodes | cancel | ping | version"};
    check_configuration();
    slurm_init(nullptr);
    const auto answer = verb->run({words.begin() + 1, words.end()});
    answered = true;
    for (const auto& line : prints->take()) std::cerr << "pcluster-slurm: " << line << '\n';
    print(answer);
    return done;
  } catch (const Failure& failure) {
    say(failure);
    return failure.exit_code;
  }
}

}  // namespace

void check(int said) {
  if (said == SLURM_SUCCESS) return;
  const int code = said > 0 ? said : last_error();
  const char* words = slurm_strerror(code);
  // Another release on the other side: its own commands know better.
  const bool strange = code == SLURM_PROTOCOL_VERSION_ERROR;
  throw Failure{strange ? use_command : refused, words == nullptr ? "" : words, code};
}

}  // namespace pcluster::slurm_api

int main(int count, char** words) {
  using namespace pcluster::slurm_api;
  static Prints all;
  prints = &all;
  std::atexit(at_exit);
  return run({words + 1, words + count});
}
