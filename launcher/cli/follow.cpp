// The loop of every verb that waits for a workload.
// SPDX-License-Identifier: MIT
#include "launcher/cli/follow.hpp"

#include <fmt/format.h>

#include "launcher/base/text.hpp"
#include "launcher/cli/comeback.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/memory_advice.hpp"
#include "launcher/cli/progress_text.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/result_rows.hpp"

namespace pcluster {
namespace {

constexpr Micros line_every = 5 * second;
const std::string no_workers =
    "no worker is home: the tasks wait; pcluster submit brings workers up";

class Follower {
 public:
  Follower(const Session& session, Client& client, WorkloadId id, const FollowRules& rules)
      : session_(session),
        client_(client),
        id_(id),
        rules_(rules),
        line_(session.err_is_terminal, session.quiet || !rules.show, line_every) {
    last_.workload = id;
  }

  Followed run() {
    for (;;) {
      const auto got = client_.receive(rules_.look, rules_.input ? rules_.input->descriptor() : -1);
      if (got.kind == Client::Got::Kind::closed) lost();
      if (got.kind == Client::Got::Kind::reply) take(got.reply);
      if (got.kind == Client::Got::Kind::ready) send(rules_.input->read());
      if (rules_.meanwhile) rules_.meanwhile();
      if (last_.finished || (rules_.enough && rules_.enough())) return end(Followed::End::finished);
      if (hung_up()) return end(Followed::End::detached);
      if (interrupts() > 0 && !cancelled_ && rules_.cancels) cancel();
      if (interrupts() > (rules_.cancels ? 1 : 0)) return end(Followed::End::interrupted);
      lose_patience();
      show();
    }
  }

 private:
  void take(const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) refuse(*refusal);
    if (rules_.input != nullptr) feed(reply);
    const auto* progress = std::get_if<Progress>(&reply);
    if (progress == nullptr || progress->workload != id_) return;
    last_ = *progress;
    if (!last_.note.empty()) note_ = last_.note;
  }

  void feed(const Reply& reply) {
    if (const auto* wanted = std::get_if<InputWanted>(&reply))
      send(rules_.input->window.wanted(*wanted));
    if (const auto* running = std::get_if<RunningTasks>(&reply))
      for (const auto& attempt : running->attempts) send(rules_.input->window.again(attempt));
  }

  void send(const std::optional<TaskInput>& input) {
    if (!input) return;
    try {
      client_.send(*input);
    } catch (const Error&) {  // the next look finds the launcher gone; then it is sent again
    }
  }

  void lost() {
    line_.keep();
    client_ = comeback_.await();
    if (rules_.input != nullptr) client_.send(GetRunning{id_});
    if (cancelled_) client_.send(CancelWorkload{{id_, {}}});
  }

  void cancel() {
    cancelled_ = true;
    line_.keep();
    session_.say("cancelling: the tasks are told to end; Ctrl-C again leaves at once");
    client_.send(CancelWorkload{{id_, {}}});
  }

  void lose_patience() {
    const bool begun = last_.running + last_.done + last_.failed + last_.cancelled > 0;
    if (rules_.patience == 0 || begun || gave_up_) return;
    if (steady_now() - begun_ < rules_.patience) return;
    gave_up_ = true;
    client_.send(CancelWorkload{{id_, {}}});
  }

  void show() {
    const auto now = steady_now(), elapsed = now - begun_;
    if (last_.tasks == 0) return;
    line_.show(line_.terminal() ? bar(elapsed) : progress_text(last_, elapsed), now);
    if (elapsed > second) say_why(last_.slots == 0 ? no_workers : last_.note);
  }

  std::string bar(Micros elapsed) const {
    return bar_text(last_, elapsed, static_cast<std::size_t>(terminal_width() - 1));
  }

  // Why nothing runs: once, where no line of progress says it all the time.
  void say_why(const std::string& why) {
    if (why.empty() || why == said_ || (rules_.show && last_.slots > 0)) return;
    said_ = why;
    line_.keep();
    session_.say(fmt::format("pcluster: {}", printable(why)));
  }

  Followed end(Followed::End how) {
    if (how == Followed::End::finished && cancelled_) how = Followed::End::interrupted;
    if (line_.terminal() && how == Followed::End::finished && last_.tasks > 0)
      line_.show(bar(steady_now() - begun_), steady_now());
    line_.keep();
    return {last_, note_, how};
  }

  const Session& session_;
  Client& client_;
  WorkloadId id_;
  const FollowRules& rules_;
  StatusLine line_;
  Time begun_ = steady_now();
  Progress last_;
  std::string note_, said_;
  Comeback comeback_{session_, id_};
  bool cancelled_ = false, gave_up_ = false;
};

}  // namespace

WorkloadAccepted add_workload(Client& client, WorkloadSpec spec, bool follow) {
  const auto accepted = client.ask<WorkloadAccepted>(AddWorkload{std::move(spec), follow});
  if (follow || interrupts() == 0) return accepted;
  client.ask<Accepted>(CancelWorkload{{accepted.workload, {}}});
  throw Error(Exit::interrupted,
              fmt::format("interrupted: workload {} is cancelled", to_string(accepted.workload)));
}

int print_detached(const Session& session, const WorkloadAccepted& accepted,
                   const WorkloadSpec& spec) {
  Progress progress{accepted.workload, accepted.tasks, accepted.tasks};
  if (session.json)
    write_out(workloads_document({{progress, spec.verb, shell_join(spec.task.argv), 0, spec.tag}}));
  else
    write_out(to_string(accepted.workload) + "\n");
  session.say(fmt::format("{} tasks; come back with: pcluster wait {}", accepted.tasks,
                          to_string(accepted.workload)));
  return static_cast<int>(Exit::done);
}

Followed follow(const Session& session, Client& client, WorkloadId id, const FollowRules& rules) {
  return Follower(session, client, id, rules).run();
}

std::string first_failure(const Session& session, WorkloadId id) {
  const auto deadline = steady_now() + table_lag;  // a row is written a moment after its task's end
  for (;;) {
    try {
      ResultRows rows(session.state(), id);
      for (std::uint32_t index = 0; index < rows.end(); ++index) {
        const auto state = rows.state(index);
        if (state != TaskState::failed && state != TaskState::lost) continue;
        const auto row = rows.row(index).value_or(ResultRow{});
        const auto& result = row.result;
        const auto why = !result.message.empty() ? result.message
                         : result.signal > 0     ? fmt::format("ended by signal {}", result.signal)
                                                 : fmt::format("exit code {}", result.exit_code);
        return fmt::format("{} on {}: {}", to_string(TaskId{id, index}), printable(row.host),
                           printable(why));
      }
    } catch (const Error&) {  // not there yet
    }
    if (steady_now() > deadline || interrupts() > 0) return {};
    pause_for(5 * millisecond);
  }
}

// Of all that failed, whose rows are written a moment after their ends.
std::string advice(const Session& session, const Progress& last) {
  const auto deadline = steady_now() + table_lag;
  for (;;) {
    try {
      const auto state = session.state();
      const bool all = count_settled(state, last.workload).all() >= last.done + last.failed;
      if (all || steady_now() > deadline)
        return memory_advice(last.workload, read_spec(state, last.workload).task,
                             ResultRows(state, last.workload));
    } catch (const Error&) {  // not there yet
    }
    if (steady_now() > deadline || interrupts() > 0) return {};
    pause_for(5 * millisecond);
  }
}

int conclude(const Session& session, const Followed& followed, const WorkloadSpec& spec) {
  const auto& last = followed.last;
  if (followed.end == Followed::End::detached) return static_cast<int>(Exit::done);
  if (session.json && last.finished)
    write_out(workloads_document({{last, spec.verb, shell_join(spec.task.argv), 0, spec.tag}}));
  if (last.finished) session.say(ended_text(last));
  if (last.finished && !last.note.empty()) session.say(printable(last.note));
  if (last.finished && last.failed > 0) {
    if (const auto first = first_failure(session, last.workload); !first.empty())
      session.say(first);
    if (const auto what = advice(session, last); !what.empty()) session.say(what);
  }
  if (followed.end == Followed::End::interrupted) {
    if (!last.finished)
      session.say(fmt::format("left; pcluster status shows what becomes of workload {}",
                              to_string(last.workload)));
    return static_cast<int>(Exit::interrupted);
  }
  const bool all_done = last.failed == 0 && last.cancelled == 0;
  return static_cast<int>(all_done ? Exit::done : Exit::tasks_failed);
}

}  // namespace pcluster
