// Runs what adapters say and turns the answers into events.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/scheduler.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <map>
#include <set>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr std::size_t ids_per_command = 200;  // keeps command lines short of every limit
constexpr int cancel_tries = 20;
constexpr Micros cancel_pause = 15 * second;

}  // namespace

JobIdentity Scheduler::identity(const std::string& token, std::uint32_t count) const {
  return {cluster_, fmt::format("pcl-{}-{}", cluster_, token), token, directory_.root, count};
}

// "12_3" and "12[3]" are element 3 of an array; other ids came in the order of the elements.
std::string Scheduler::log_of(const JobRow& job) const {
  if (job.elements == 1) return fmt::format("{}/{}.out", directory_.jobs(), job.token);
  const auto bar = job.job_id.find_last_of("_[");
  auto element = bar == job.job_id.npos ? "" : job.job_id.substr(bar + 1);
  if (element.ends_with(']')) element.pop_back();
  if (!to_integer(element)) element = std::to_string(job.element);
  return fmt::format("{}/{}-{}.out", directory_.jobs(), job.token, element);
}

void Scheduler::run(Argv argv, std::function<void(const CommandResult&)> done) {
  argv.front() = own_program(argv.front());
  ++busy_;
  spdlog::debug("run: {}", shell_join(argv));
  run_command(loop_, argv, {}, [this, argv, done = std::move(done)](const CommandOutput& output) {
    --busy_;
    if (output.exit_code != 0)
      spdlog::warn("{} ended with {}{}: {}", argv.front(), output.exit_code,
                   output.timed_out ? " (time limit)" : "", trim(output.err));
    done({output.exit_code, output.timed_out, output.out, output.err});
  });
}

// A program of ours that is not there, or that leaves this to the scheduler's own commands.
void Scheduler::run_of(const Adapter& adapter, Words words, Done done) {
  run(words(adapter), [=, this, &adapter](const CommandResult& result) {
    const bool not_done = result.exit_code == 126 || result.exit_code == 127;
    if (!not_done || adapter.by_commands == nullptr) return done(adapter, result);
    run_of(*adapter.by_commands, words, done);
  });
}

void Scheduler::launch(const effect::Launch& launch) {
  const auto* adapter = find_adapter(launch.spec.adapter);
  if (adapter == nullptr) {
    tell_(event::SubmitFailed{launch.token, "unknown scheduler " + launch.spec.adapter, ""});
    return;
  }
  const auto job = identity(launch.token, launch.count);
  const auto script = fmt::format("{}/{}.sh", directory_.jobs(), launch.token);
  try {
    write_file(script, render_job_script(*adapter, launch.spec, job), 0700);
  } catch (const Error& error) {
    tell_(event::SubmitFailed{launch.token, error.what(), error.hint()});
    return;
  }
  const auto words = [=, spec = launch.spec](const Adapter& by) {
    return by.submit(script, spec, job);
  };
  run_of(*adapter, words, [=, this](const Adapter& by, const CommandResult& result) {
    auto answer = by.submitted(result, job);
    switch (answer.kind) {
      case SubmitAnswer::Kind::accepted:
        spdlog::info("submitted {}: {} jobs", job.name, answer.job_ids.size());
        return tell_(event::Submitted{job.token, std::move(answer.job_ids)});
      case SubmitAnswer::Kind::refused:
        return tell_(event::SubmitFailed{job.token, answer.message, answer.hint, answer.later});
      case SubmitAnswer::Kind::unanswered: return tell_(event::SubmitUnanswered{job.token});
    }
  });
}

void Scheduler::ask(const std::string& name, const std::vector<std::string>& names,
                    std::function<void(std::optional<Seen>)> done) {
  const auto* adapter = find_adapter(name);
  if (adapter == nullptr) return done({});
  run_of(
      *adapter, [names](const Adapter& by) { return by.status(user_name(), names); },
      [done = std::move(done)](const Adapter& by, const CommandResult& result) {
        done(by.seen(result));
      });
}

void Scheduler::look_up(const effect::LookUp& look) {
  const auto name = identity(look.token, 1).name;
  ask(look.adapter, {name}, [this, name, token = look.token](std::optional<Seen> seen) {
    event::LookedUp answer{token, {}, seen.has_value()};
    for (const auto& [job_name, job] : seen.value_or(Seen{}))
      if (job_name == name) answer.job_ids.push_back(job.job_id);
    tell_(std::move(answer));
  });
}

void Scheduler::poll(const effect::Poll& poll) {
  std::vector<std::string> names;
  std::map<std::string, std::string> tokens;  // by the job's name
  for (const auto& token : poll.tokens) {
    names.push_back(identity(token, 1).name);
    tokens[names.back()] = token;
  }
  ask(poll.adapter, names, [this, tokens = std::move(tokens)](std::optional<Seen> seen) {
    event::Polled answer{{}, seen.has_value()};
    std::set<std::string> listed;
    for (auto& [name, job] : seen.value_or(Seen{})) {
      const auto known = tokens.find(name);
      if (known != tokens.end()) job.token = known->second;
      listed.insert(name);
      answer.jobs.push_back(std::move(job));
    }
    for (const auto& [name, token] : tokens)
      if (seen && !listed.contains(name))
        if (auto ended = left_behind(token)) answer.jobs.push_back(std::move(*ended));
    tell_(std::move(answer));
  });
}

// A script that nobody lists any more may have written down how it ended: "ID|WORD|REASON".
std::optional<JobSeen> Scheduler::left_behind(const std::string& token) const {
  std::vector<std::string> field;
  try {
    const auto text = read_file_if_there(fmt::format("{}/{}.ended", directory_.jobs(), token));
    field = split(trim(text.value_or("")), '|');
  } catch (const Error& error) { spdlog::warn("{}", error.what()); }
  if (field.size() != 3) return {};
  JobSeen job;
  job.job_id = field[0], job.word = field[1], job.reason = field[2];
  job.state = JobState::ended;
  job.token = token;
  return job;
}

void Scheduler::cancel(const effect::Cancel& cancel) {
  const auto* adapter = find_adapter(cancel.adapter);
  if (adapter == nullptr) return;
  const std::span<const std::string> all(cancel.job_ids);
  for (std::size_t at = 0; at < all.size(); at += ids_per_command) {
    const auto some = all.subspan(at, std::min(ids_per_command, all.size() - at));
    cancel_some(*adapter, {some.begin(), some.end()}, cancel_tries);
  }
}

// A controller that is away for a moment must not leave jobs in the queue for ever.
void Scheduler::cancel_some(const Adapter& adapter, const Argv& ids, int tries) {
  const auto words = [ids](const Adapter& by) { return by.cancel(ids); };
  run_of(adapter, words, [=, this, &adapter](const Adapter& by, const CommandResult& result) {
    if (result.exit_code == 0) return;
    if (tries <= 1) return spdlog::error("may still be queued: {}", shell_join(by.cancel(ids)));
    ++busy_;  // not done yet: `stop` waits for it
    loop_.at(loop_.now() + cancel_pause, [=, this, &adapter] {
      --busy_;
      cancel_some(adapter, ids, tries - 1);
    });
  });
}

}  // namespace pcluster
