// `pcluster logs`: what tasks wrote to stdout and stderr, with or without a launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/follow.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/output_reader.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/spool.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr Option logs_options[] = {
    {"-f,--follow", "", "print what is there, then what comes, until its end"},
    {"--stdout", "", "only what went to stdout"},
    {"--stderr", "", "only what went to stderr"},
};

std::string_view name_of(Stream stream) { return stream == Stream::out ? "stdout" : "stderr"; }

// By task, then attempt, then stream; the pieces of one stream stay in the order they were written.
std::vector<SpoolPiece> in_order(std::vector<SpoolPiece> pieces, const Arguments& arguments) {
  const bool out = arguments.has("stdout"), err = arguments.has("stderr");
  if (out != err)
    std::erase_if(pieces,
                  [&](const auto& p) { return p.stream != (out ? Stream::out : Stream::err); });
  std::ranges::stable_sort(pieces, {}, [](const SpoolPiece& p) {
    return std::tuple(p.attempt.task.index, p.attempt.number, p.attempt.epoch, p.stream);
  });
  return pieces;
}

// On a terminal no task may drive it: control bytes are shown, line breaks and tabs stay.
std::string shown(const std::string& bytes, bool terminal) {
  if (!terminal) return bytes;
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = bytes.find_first_of("\n\t", at);
    text += printable(std::string_view(bytes).substr(at, end - at));
    if (end == bytes.npos) break;
    text += bytes[end];
    at = end + 1;
  }
  return text;
}

class Printer {
 public:
  // `headings`: before the first piece, too.
  Printer(const Session& session, bool headings) : session_(session), headings_(headings) {}

  void print(const std::vector<SpoolPiece>& pieces) {
    for (const auto& piece : pieces) {
      auto heading = fmt::format("{} {}", to_string(piece.attempt), name_of(piece.stream));
      if (heading != last_ && (headings_ || !last_.empty()))
        write_out(fmt::format("{}==> {} <==\n", line_open_ ? "\n" : "", heading));
      last_ = std::move(heading);
      const auto text = shown(read_piece(piece), session_.out_is_terminal);
      write_out(text);
      if (!text.empty()) line_open_ = text.back() != '\n';
    }
  }

 private:
  const Session& session_;
  bool headings_, line_open_ = false;
  std::string last_;
};

void print_json(const std::vector<SpoolPiece>& pieces) {
  std::vector<OutputView> views;
  for (const auto& piece : pieces) {
    const auto stream = name_of(piece.stream);
    if (views.empty() || views.back().attempt != piece.attempt || views.back().stream != stream)
      views.push_back({piece.attempt, stream, {}});
    views.back().text += read_piece(piece);
  }
  write_out(logs_document(views));
}

// Until the task or its workload has ended.  The launcher only says that end; what is printed comes
// from the workers' files.
int follow_output(const Session& session, const TaskRef& ref, const Arguments& arguments) {
  if (session.json)
    throw Error(Exit::usage, "logs --follow prints as it comes: no document",
                "leave --json out, or --follow");
  const auto state = session.state();
  const auto tasks = task_count(read_spec(state, ref.workload).trials);
  OutputReader reader(state, ref);
  Printer printer(session, !ref.index && tasks > 1);
  const auto print_new = [&] { printer.print(in_order(reader.take_new(), arguments)); };
  const auto ended = [&] { return ref.index && has_settled(state, {ref.workload, *ref.index}); };
  const auto waiting = exists(state.stopped()) ? TaskState::cancelled : TaskState::queued;
  auto end = Followed::End::finished;
  const auto so_far = progress_of(ref.workload, tasks, count_settled(state, ref.workload), waiting);
  if (!ended() && !so_far.finished) {
    auto client = reach_launcher(session);
    catch_interrupts();
    client.send(Follow{ref.workload});
    bool last = false;
    const FollowRules rules{.show = false,
                            .cancels = false,
                            .meanwhile =
                                [&] {
                                  if (!reader.due()) return;
                                  last = ended();  // before the look: its output is there by then
                                  print_new();
                                },
                            .enough = [&] { return last; }};
    end = follow(session, client, ref.workload, rules).end;
  }
  print_new();
  return static_cast<int>(end == Followed::End::interrupted ? Exit::interrupted : Exit::done);
}

int run_logs(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  if (arguments.has("follow")) return follow_output(session, ref, arguments);
  const auto state = session.state();
  const auto pieces = in_order(find_output(state, ref.workload, ref.index), arguments);
  std::string elsewhere;
  if (pieces.empty()) {
    const auto spec = read_spec(state, ref.workload);  // throws when there is none
    check_index(ref, spec);
    elsewhere = spec.task.output;
  }
  if (session.json) {
    print_json(pieces);
    return static_cast<int>(Exit::done);
  }
  if (!elsewhere.empty())
    session.say(
        fmt::format("the tasks wrote to files of their own (--output): {}", printable(elsewhere)));
  else if (pieces.empty())
    session.say("nothing was written");
  const bool several = std::ranges::any_of(pieces, [&](const SpoolPiece& piece) {
    return piece.attempt != pieces.front().attempt || piece.stream != pieces.front().stream;
  });
  Printer(session, several).print(pieces);
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_logs{
    .name = "logs",
    .summary = "what tasks wrote to stdout and stderr",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = logs_options,
    .more_options = {},
    .examples =
        "pcluster logs 7.123\n"
        "pcluster logs -f                           # of the last workload, as it comes\n"
        "pcluster logs last --stderr",
    .run = run_logs,
    .description =
        "Prints what tasks wrote to stdout and stderr, by task and attempt. It reads the files of "
        "the workers, so that it needs no launcher and works after stop.",
};

}  // namespace pcluster
