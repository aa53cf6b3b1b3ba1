// `pcluster exec`: a program on chosen workers, beside whatever runs there.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/line_prefix.hpp"
#include "launcher/cli/one_program.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/worker_list.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Option exec_options[] = {
    {"--on", "w0,w3-w5|all", "the workers; all: those at home now"},
};

// Its standard output to ours, its standard error to ours; with --json stdout is the document's.
class Printer {
 public:
  Printer(const WorkloadSpec& spec, bool json) : spec_(spec), json_(json) {}

  void operator()(const SpoolPiece& piece, const std::string& bytes) {
    const auto key = std::pair(piece.attempt.task.index, piece.stream);
    auto found = open_.find(key);
    if (found == open_.end()) {
      const auto name = to_string(spec_.on.at(piece.attempt.task.index));
      found = open_.emplace(key, LinePrefix(name + ": ")).first;
    }
    print(piece.stream, found->second.add(bytes));
  }
  void finish() {
    for (auto& [key, lines] : open_) print(key.second, lines.rest());
  }

 private:
  void print(Stream stream, const std::string& text) const {
    const bool out = stream == Stream::out && !json_;
    if (!text.empty()) write_all(out ? STDOUT_FILENO : STDERR_FILENO, text);
  }

  const WorkloadSpec& spec_;
  bool json_;
  std::map<std::pair<std::uint32_t, Stream>, LinePrefix> open_;
};

// Rows are written a moment after the tasks' ends.
std::vector<TaskView> views_of(const Session& session, const Ran& ran, const WorkloadSpec& spec) {
  const auto deadline = steady_now() + table_lag;
  for (;;) {
    WorkloadOnDisk disk{spec, 0, {}};
    try {
      disk = read_workload(session.state(), ran.id);
    } catch (const Error&) {  // not there yet
    }
    if (disk.rows.size() >= spec.on.size() || steady_now() > deadline)
      return task_views(ran.id, disk, spec.trials, {}, TaskState::cancelled);
    pause_for(5 * millisecond);
  }
}

std::string why(const TaskView& task) {
  const auto& result = task.result;
  if (!result.message.empty()) return result.message;
  if (task.state == TaskState::cancelled) return "cancelled";
  if (result.signal > 0) return fmt::format("ended by signal {}", result.signal);
  return fmt::format("exit code {}", result.exit_code);
}

void report(const Session& session, const Ran& ran, const WorkloadSpec& spec) {
  const auto tasks = views_of(session, ran, spec);
  for (const auto& task : tasks)
    if (task.state != TaskState::done && !(spec.on.size() == 1 && task.result.exit_code > 0))
      session.say(fmt::format("pcluster: {}: {}", to_string(spec.on.at(task.id.index)),
                              printable(why(task))));
  const auto walk = [&](const auto& each) { std::ranges::for_each(tasks, each); };
  if (session.json) tasks_document(walk, write_out);
}

std::string workers_said(const Arguments& arguments) {
  if (const auto said = arguments.text("on")) return *said;
  throw Error(Exit::usage, "exec: on which workers?", "give --on w0,w3-w5, or --on all");
}

int run_on(const Session& session, Client& client, const WorkloadSpec& spec) {
  Printer printer(spec, session.json);
  const auto ran =
      run_live(session, client, spec, 0,
               [&](const SpoolPiece& piece, const std::string& bytes) { printer(piece, bytes); });
  printer.finish();
  const auto& last = ran.followed.last;
  if (last.finished) report(session, ran, spec);
  if (spec.on.size() == 1 || ran.followed.end != Followed::End::finished)
    return program_code(ran.followed);
  return static_cast<int>(last.done == last.tasks ? Exit::done : Exit::tasks_failed);
}

int run_exec(const Session& session, const Arguments& arguments) {
  const auto said = workers_said(arguments);
  auto asked = workload_from(session, arguments, "exec");
  bool one = said != "all" && said.find_first_of(",-") == said.npos;
  try {
    auto client = reach_launcher(session);
    const auto spec = on_workers(std::move(asked), said, client.ask<Status>(GetStatus{}));
    one = spec.on.size() == 1;
    if (arguments.has("detach"))
      return print_detached(session, add_workload(client, spec, false), spec);
    catch_interrupts();
    return run_on(session, client, spec);
  } catch (const Error& error) {  // one program's codes are its own
    if (!one || error.code() != Exit::refused) throw;
    throw Error(Exit::ours, error.what(), error.hint());
  }
}

}  // namespace

const Verb verb_exec{
    .name = "exec",
    .summary = "run a program on chosen workers, at once and beside what runs there",
    .operands_name = "-- COMMAND...",
    .operands = Operands::command,
    .options = exec_options,
    .more_options = task_options(),
    .examples =
        "pcluster exec --on all -- df -h /tmp\n"
        "pcluster exec --on w3 -- py-spy dump --pid 4711   # its exit code is ours\n"
        "pcluster exec --on w0,w3-w5 --shell -- 'rm -rf \"$PCLUSTER_LOCAL_DIR\"/cache'",
    .run = run_exec,
    .description =
        "Runs the program once on each worker that --on names, at once and beside the tasks in "
        "its slots, and waits until all have ended. Each line of output begins with the name of "
        "its worker. On one worker the program's exit code is ours, and a failure of pcluster "
        "itself is 125; on several the code is 0 when all of them did well, else 1.",
};

}  // namespace pcluster
