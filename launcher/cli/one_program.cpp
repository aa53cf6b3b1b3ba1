// One task, its output and its exit code.
// SPDX-License-Identifier: MIT
#include "launcher/cli/one_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "launcher/base/text.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

// A program that reads from here may be one that answers.
constexpr Micros soon = 10 * millisecond;

void print(const SpoolPiece& piece, const std::string& bytes) {
  write_all(piece.stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO, bytes);
}

// Why the task failed, if the worker or the launcher said so.  Its row is written a moment after
// its end.
std::string last_word(const Session& session, WorkloadId id) {
  const auto deadline = steady_now() + table_lag;
  for (;;) {
    try {
      const auto rows = read_workload(session.state(), id).rows;
      if (!rows.empty()) return rows.front().second.result.message;
    } catch (const Error&) {  // not there yet
    }
    if (steady_now() > deadline) return {};
    pause_for(5 * millisecond);
  }
}

}  // namespace

Ran run_live(const Session& session, Client& client, const WorkloadSpec& spec, Micros patience,
             const OutputReader::Sink& sink) {
  auto before = spool_end(session.state());
  const auto accepted = add_workload(client, spec, true);
  const auto look = spec.task.input ? soon : FollowRules{}.look;
  StandardInput input;
  OutputReader reader(session.state(), {accepted.workload, {}}, look, std::move(before));
  FollowRules rules{.show = false, .patience = patience, .look = look};
  rules.meanwhile = [&] {
    if (reader.due()) reader.read_new(sink);
  };
  if (spec.task.input) rules.input = &input;
  Ran ran{follow(session, client, accepted.workload, rules), accepted.workload};
  reader.read_new(sink);
  return ran;
}

int program_code(const Followed& followed) {
  const auto& last = followed.last;
  if (followed.end == Followed::End::interrupted) return static_cast<int>(Exit::interrupted);
  if (followed.end == Followed::End::detached || last.done > 0) return static_cast<int>(Exit::done);
  if (last.first_signal > 0) return 128 + last.first_signal;
  if (last.first_exit_code > 0) return last.first_exit_code;
  return static_cast<int>(Exit::ours);  // lost, cancelled, or it could not be started
}

int run_program(const Session& session, Client& client, const WorkloadSpec& spec) {
  const auto ran = run_live(session, client, spec, 0, print);
  const auto code = program_code(ran.followed);
  if (code == 0 || !ran.followed.last.finished) return code;
  if (!ran.followed.last.note.empty())
    session.say(fmt::format("pcluster: {}", printable(ran.followed.last.note)));
  const auto message = last_word(session, ran.id);
  if (!message.empty()) session.say(fmt::format("pcluster: {}", printable(message)));
  if (ran.followed.last.first_signal > 0)
    session.say(fmt::format("pcluster: the program was ended by signal {}",
                            ran.followed.last.first_signal));
  return code;
}

ProgramEnd run_quietly(const Session& session, Client& client, const WorkloadSpec& spec,
                       Micros patience) {
  ProgramEnd end;
  const auto ran = run_live(session, client, spec, patience,
                            [&](const SpoolPiece& piece, const std::string& bytes) {
                              (piece.stream == Stream::out ? end.out : end.err) += bytes;
                            });
  end.code = program_code(ran.followed);
  end.begun = ran.followed.last.cancelled == 0;
  if (!end.begun)
    end.message = fmt::format("not begun after {}: {}", show_duration(patience), ran.followed.note);
  else if (end.code != 0 && ran.followed.last.finished)
    end.message = last_word(session, ran.id);
  return end;
}

}  // namespace pcluster
