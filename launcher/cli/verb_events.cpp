// `pcluster events`: what happened in the cluster, from its journal; needs no launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/events.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/journal_tail.hpp"
#include "launcher/io/loop.hpp"

namespace pcluster {
namespace {

constexpr Option events_options[] = {
    {"-f,--follow", "", "wait for more, until Ctrl-C or the end of the cluster"},
    {"--since", "TIME|SEQ", "10m (ago), a UTC time, or the number of the last event seen"},
};

constexpr Micros look_every = 200 * millisecond;

class Printer {
 public:
  Printer(const Session& session, Since since)
      : session_(session), since_(since), tail_(session.state().journal()) {}

  void print_new() {
    std::string text;
    tail_.read_new([&](std::uint64_t number, const Record& record) {
      const auto event = events_.take(number, record);
      if (!event || !since_.includes(*event)) return;
      text += session_.json ? event_line(*event) : event_text(*event);
      if (text.size() < enough) return;
      write_out(text);
      text.clear();
    });
    if (!text.empty()) write_out(text);
  }

 private:
  static constexpr std::size_t enough = 64 * 1024;
  const Session& session_;
  Since since_;
  JournalTail tail_;
  EventMaker events_;
};

int run_events(const Session& session, const Arguments& arguments) {
  const auto said = arguments.text("since");
  const auto since = said ? parse_since(*said, unix_now()) : Since{};
  const auto state = session.state();
  if (!exists(state.journal()))
    throw Error(Exit::refused, fmt::format("no journal of a cluster \"{}\"", session.cluster),
                "start a cluster with: pcluster submit --jobs N");
  Printer printer(session, since);
  if (!arguments.has("follow")) {
    printer.print_new();
    return static_cast<int>(Exit::done);
  }
  catch_interrupts();
  for (;;) {
    const bool ended = exists(state.stopped());  // before the look: nothing comes after it
    printer.print_new();
    if (ended || hung_up()) return static_cast<int>(Exit::done);
    if (interrupts() > 0) return static_cast<int>(Exit::interrupted);
    pause_for(look_every);
  }
}

}  // namespace

const Verb verb_events{
    .name = "events",
    .summary = "what happened, one line each; --json: one object a line",
    .operands_name = "",
    .operands = Operands::none,
    .options = events_options,
    .more_options = {},
    .examples =
        "pcluster events --since 10m\n"
        "pcluster events --follow --json | jq 'select(.event == \"task_failed\")'\n"
        "pcluster events --since 1234 --json        # docs/events.md lists the names",
    .run = run_events,
    .description =
        "Prints what happened to jobs, workers, workloads and tasks, the oldest first. It reads "
        "the journal, so that it needs no launcher and works after stop. With --json each line "
        "is an object; the number in it is what --since takes to go on from there.",
};

}  // namespace pcluster
