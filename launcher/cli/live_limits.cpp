// Asks the scheduler, and remembers what was slow to come.
// SPDX-License-Identifier: MIT
#include "launcher/cli/live_limits.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/library.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_questions = 8;
constexpr Micros patience_of_further = 3 * second;
constexpr std::time_t kept_for = 600;  // seconds

// Answers of one question each, on this host: "HOST: COMMAND", then what it said.
struct Kept {
  std::string path, key;

  std::optional<CommandResult> read() const {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return {};
    const auto age = std::time(nullptr) - info.st_mtime;
    if (age < 0 || age > kept_for) return {};  // below: the clock was set back since
    const auto text = read_file_if_there(path);
    if (!text || !text->starts_with(key + "\n")) return {};
    auto said = text->substr(key.size() + 1);
    return CommandResult{said.empty() ? 1 : 0, false, std::move(said), ""};
  }
  // Only where there is a place already: a submit that comes to nothing leaves nothing behind.
  void write(const CommandResult& said) const {
    if (exists(path.substr(0, path.rfind('/')))) write_file(path, key + "\n" + said.out, 0600);
  }
};

Kept kept_answer(const Session& session, const Argv& argv, std::size_t number) {
  const auto root = session.state().root;
  return {fmt::format("{}/.limits-{}", root.substr(0, root.rfind('/')), number),
          fmt::format("{}: {}", hostname(), shell_join(argv))};
}

CommandResult ask(const Argv& argv) {
  CommandOptions patience;
  patience.timeout = patience_of_further;
  const auto said = run_command(argv, patience);
  return {said.exit_code, said.timed_out, said.timed_out ? "" : said.out, said.err};
}

CommandResult ask_or_remember(const Session& session, const Argv& argv, std::size_t number) {
  if (number == 0) return ask(argv);  // quick, and says which scheduler this is
  const auto kept = kept_answer(session, argv, number);
  if (auto known = kept.read()) return std::move(*known);
  auto said = ask(argv);
  // Who waited in vain does not wait again at the next submit.
  if (said.exit_code == 0 || said.timed_out) kept.write(said);
  return said;
}

// The smaller of two, where 0 is none.
void cap(std::uint32_t& most, std::uint32_t limit) {
  if (limit > 0 && (most == 0 || limit < most)) most = limit;
}

}  // namespace

Limits ask_limits(const Adapter& adapter, const std::optional<CommandResult>& known,
                  const Surroundings& here, bool dry) {
  const auto argv = adapter.limits();
  if (!known && (argv.empty() || !here.on_path(argv.front()))) return {};
  const auto output = known ? *known : ask_scheduler(argv);
  auto seen = adapter.limits_seen(output);
  if (seen || dry) return {seen};
  if (!adapter.not_set_up.empty() && output.err.find(adapter.not_set_up) != output.err.npos)
    return {{}, false};
  const auto words = lines(output.err);
  throw Error(Exit::refused,
              fmt::format("the scheduler does not answer: {}",
                          !words.empty() ? printable(words.front())
                                         : fmt::format("{} gave nothing", shell_join(argv))),
              "nothing was submitted; try again when it is back");
}

void ask_further(const Session& session, const Adapter& adapter, const Submitter& who,
                 const Surroundings& here, LiveLimits& limits) {
  if (adapter.next_limits == nullptr || !limits) return;
  try {
    std::vector<CommandResult> said;
    while (said.size() < most_questions) {
      const auto argv = adapter.next_limits(who, said);
      if (argv.empty() || !here.on_path(argv.front())) break;
      said.push_back(ask_or_remember(session, argv, said.size()));
    }
    adapter.add_limits(who, said, *limits);
  } catch (const Error&) {  // a number that nobody can read: the scheduler has the last word anyway
  }
}

void keep_to(const LiveLimits& live, Plan& plan) {
  if (!live) return;
  const auto& wanted = plan.spec.partition;
  const auto found = std::ranges::find_if(*live, [&](const PartitionLimits& limits) {
    return wanted.empty() ? limits.is_default : limits.name == wanted;
  });
  if (found == live->end()) return;
  auto& manners = plan.spec.manners;
  cap(manners.max_jobs, found->max_jobs);
  cap(manners.max_array, found->max_array);
  const auto note = [&](std::uint32_t most, std::string_view may) {
    if (most == 0 || plan.jobs <= most) return false;
    plan.notes.push_back(
        fmt::format("partition {} lets a user {} {} jobs at a time: {} are asked "
                    "for",
                    found->name, may, most, plan.jobs));
    return true;
  };
  if (!note(found->max_jobs, "have")) note(found->max_running, "run");
}

}  // namespace pcluster
