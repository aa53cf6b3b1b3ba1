// The probe job of `doctor`: its place, its submit, and how all of it goes away again.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_probe.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/doctor_talk.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/not_home.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr Micros gone_within = 10 * second;  // after the cancel
constexpr Micros look_every = 200 * millisecond;

// The probe's own directory in the cluster's, where a worker's files would be.
class Place {
 public:
  Place(const StateDirectory& cluster, const std::string& token)
      : parent_(cluster.root), ours_(!exists(cluster.root)) {
    const auto slash = parent_.rfind('/');
    if (ours_) make_directories(parent_.substr(0, slash));
    make_private_directory(parent_);
    directory_.root = fmt::format("{}/doctor-{}", parent_, token);
    make_private_directory(directory_.root);
    make_directories(directory_.jobs());
  }
  ~Place() {
    try {
      remove_tree(directory_.root);
    } catch (const Error&) {  // a node has just written there: once more
      pause_for(look_every);
      try {
        remove_tree(directory_.root);
      } catch (const Error& error) { write_err(fmt::format("pcluster: {}\n", error.what())); }
    }
    if (ours_) rmdir(parent_.c_str());
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const StateDirectory& directory() const { return directory_; }

 private:
  std::string parent_;
  bool ours_;
  StateDirectory directory_;
};

CommandResult run_words(Argv argv) {
  if (argv.front() == "pcluster") argv.front() = own_binary();
  const auto output = run_command(argv);
  return {output.exit_code, output.timed_out, output.out, output.err};
}

// What the queue has of it; nothing: no answer.
std::optional<std::vector<std::string>> queued_ids(const Adapter& adapter, const JobIdentity& job) {
  const std::vector<std::string> names{job.name};
  const auto seen = adapter.seen(run_words(adapter.status(user_name(), names)));
  if (!seen) return {};
  std::vector<std::string> ids;
  for (const auto& [name, each] : *seen)
    if (name == job.name && each.state != JobState::ended) ids.push_back(each.job_id);
  return ids;
}

// Cancels the job, and waits until it writes no more.
class Cancelled {
 public:
  Cancelled(const Adapter& adapter, const JobIdentity& job) : adapter_(adapter), job_(job) {}
  ~Cancelled() {
    const auto deadline = steady_now() + gone_within;
    for (bool told = false; steady_now() < deadline; pause_for(look_every)) {
      const auto ids = queued_ids(adapter_, job_);
      if (ids && ids->empty()) return;
      if (ids && !std::exchange(told, true)) run_words(adapter_.cancel(*ids));
    }
    write_err(fmt::format("pcluster: the probe job {} may still be there\n", job_.name));
  }
  Cancelled(const Cancelled&) = delete;
  Cancelled& operator=(const Cancelled&) = delete;

 private:
  const Adapter& adapter_;
  const JobIdentity& job_;
};

// What its log says, for a job that has told us nothing.
void add_last_words(const std::string& log, ProbeRun& run) {
  if (const auto tail = log_tail(log, 4); !tail.empty())
    run.problem += fmt::format("; its log ends with:\n{}", tail);
  else if (run.remedy.empty() && exists(log))
    run.remedy = "its log is empty: does its script come to the line that starts pcluster?";
  else if (run.remedy.empty())
    run.remedy = fmt::format(
        "it left no log in {}: {} Its nodes must have that directory, and this program, by the "
        "same path",
        run.directory, unseen_directory);
}

}  // namespace

JobIdentity probe_identity(const std::string& directory, const std::string& token) {
  return {probe_cluster, fmt::format("pcl-{}-{}", probe_cluster, token), token, directory, 1,
          probe_role};
}

ProbeRun run_probe(const Submission& submission) {
  const auto& [session, adapter, plan] =
      std::tie(submission.session, *submission.adapter, submission.plan);
  const auto token = random_token(8);
  const Place place(settled_state(session, submission.state_dir), token);
  const auto& directory = place.directory();
  const auto job = probe_identity(directory.root, token);
  const auto script = fmt::format("{}/{}.sh", directory.jobs(), token);
  write_file(script, render_job_script(adapter, plan.spec, job, submission.template_name), 0700);

  DoctorTalk talk(submission, directory, job);
  ProbeRun run;
  run.directory = directory.root;
  const Cancelled cancelled(adapter, job);  // also of a submit whose answer was lost
  const auto answer = adapter.submitted(run_words(adapter.submit(script, plan.spec, job)), job);
  if (answer.kind == SubmitAnswer::Kind::refused) {
    run.problem = answer.message;
    run.remedy = answer.hint;
    return run;
  }
  if (!answer.job_ids.empty()) run.job_id = answer.job_ids.front();
  talk.go_on(run);
  if (!run.findings && !talk.still_queued())
    add_last_words(fmt::format("{}/{}.out", directory.jobs(), token), run);
  return run;
}

}  // namespace pcluster
