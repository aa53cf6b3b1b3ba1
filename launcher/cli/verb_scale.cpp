// `pcluster scale`: more jobs of a pool, or fewer.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/submission.hpp"
#include "launcher/cli/terminal.hpp"

namespace pcluster {
namespace {

constexpr long long most = 1'000'000;

constexpr Option scale_options[] = {
    {"--pool", "NAME", "the pool (default: the only one that has jobs)", false, Completes::pool},
    {"--min", "A", "automatic: as many jobs as there is work for, at least A (default 0)"},
    {"--max", "B", "and at most B; `scale N` ends it"},
    {"--idle", "TIME", "automatic: a job without work for so long ends (default 5m)"},
    {"--timeout", "TIME", "how long to wait for new workers (default 6m)"},
    {"--keep-queued", "", "at the timeout, leave pending jobs in the queue"},
    {"--no-wait", "", "return once new jobs are queued"},
};

std::uint32_t number_of_jobs(const Arguments& arguments) {
  const auto& words = arguments.operands();
  const auto number = words.size() == 1 ? to_integer(words.front()) : std::nullopt;
  if (!number || *number < 0 || *number > most)
    throw Error(Exit::usage, "scale: to how many jobs?", "write pcluster scale N; 0 is allowed");
  return static_cast<std::uint32_t>(*number);
}

std::string scaled_text(const Scaled& scaled, const std::string& more) {
  auto text = fmt::format("pool {}: {} job{} wanted{}", printable(scaled.pool), scaled.jobs,
                          scaled.jobs == 1 ? "" : "s", more);
  if (scaled.new_jobs > 0) text += fmt::format(", {} new", scaled.new_jobs);
  if (scaled.cancelled > 0) text += fmt::format(", {} cancelled in the queue", scaled.cancelled);
  if (scaled.ending > 0) text += fmt::format(", {} ending now (idle)", scaled.ending);
  if (scaled.draining > 0)
    text += fmt::format(", {} draining (until their tasks have ended)", scaled.draining);
  return text;
}

// What `submit` would have planned: the launcher knows the pool's shape.
Submission submission_of(const Session& session, const Arguments& arguments, const Status& status,
                         const Scaled& scaled) {
  Submission submission{session, nullptr, {}, {}, {}};
  auto& plan = submission.plan;
  const auto row = std::ranges::find(status.pools, scaled.pool, &PoolRow::pool);
  if (row != status.pools.end()) plan.spec = row->spec;
  plan.jobs = scaled.jobs;
  plan.pool = scaled.pool;
  plan.timeout = arguments.duration("timeout").value_or(plan.timeout);
  return submission;
}

// Whoever asks for workers waits; this only says what may come.
int automate(const Session& session, const Arguments& arguments) {
  ScaleJobs request{arguments.text("pool").value_or(""), 0, true};
  request.least = arguments.number("min").value_or(0);
  request.most = arguments.number("max").value_or(0);
  request.idle = arguments.duration("idle").value_or(request.idle);
  if (!arguments.operands().empty())
    throw Error(Exit::usage, "scale: a number of jobs, or bounds for it?",
                "write pcluster scale N, or pcluster scale --min A --max B");
  if (request.most == 0 || request.most > most || request.least > request.most)
    throw Error(Exit::usage, "scale: how many jobs at most?",
                "write pcluster scale --min A --max B, with A not above B");
  Launched launched{reach_launcher(session), false};
  const auto scaled = launched.client.ask<Scaled>(request);
  session.say(scaled_text(
      scaled, fmt::format(" now, {} to {} as there is work", request.least, request.most)));
  if (session.json) write_out(scaled_document(scaled));
  return static_cast<int>(Exit::done);
}

int run_scale(const Session& session, const Arguments& arguments) {
  if (arguments.has("min") || arguments.has("max") || arguments.has("idle"))
    return automate(session, arguments);
  const auto count = number_of_jobs(arguments);
  Launched launched{reach_launcher(session), false};
  catch_interrupts();
  const auto scaled =
      launched.client.ask<Scaled>(ScaleJobs{arguments.text("pool").value_or(""), count});
  session.say(scaled_text(scaled, ""));
  if (scaled.new_jobs == 0) {
    if (session.json) write_out(scaled_document(scaled));
    return static_cast<int>(Exit::done);
  }
  const auto submission =
      submission_of(session, arguments, launched.client.ask<Status>(GetStatus{}), scaled);
  const auto workers = scaled.jobs * std::max(1u, submission.plan.spec.nodes);
  return await_jobs(submission, launched, {scaled.token, scaled.new_jobs, workers, scaled.pool},
                    {!arguments.has("no-wait"), arguments.has("keep-queued")});
}

}  // namespace

const Verb verb_scale{
    .name = "scale",
    .summary = "more or fewer jobs of a pool; busy workers finish their tasks first",
    .operands_name = "N",
    .operands = Operands::words,
    .options = scale_options,
    .more_options = {},
    .examples =
        "pcluster scale 20                          # new jobs, and waits for their workers\n"
        "pcluster scale 5                           # pending ones go first, then idle ones\n"
        "pcluster scale 0 --pool large              # the launcher stays\n"
        "pcluster scale --min 0 --max 20            # as many as there is work for",
    .run = run_scale,
    .description =
        "Changes how many jobs a pool has. For more, new ones of the pool's shape are queued, "
        "and it waits for their workers as submit does. For fewer, pending ones are cancelled "
        "first, then idle ones end, then busy ones end when their tasks have ended: no task is "
        "lost. With --min and --max the number follows the work by itself: more jobs at once when "
        "tasks wait that fit the pool, fewer when jobs have had none for --idle, or when the work "
        "for which they are in the queue is gone for 30 s; busy ones are left alone.",
};

}  // namespace pcluster
