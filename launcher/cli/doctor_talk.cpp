// doctor's side of the talk with its probe, on a loop of its own.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_talk.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr Micros wait_tick = 20 * millisecond, talk_tick = 5 * millisecond;
constexpr Micros findings_every = 100 * millisecond;
constexpr Micros first_poll = second, slowest_poll = 10 * second;
constexpr Micros findings_within = 90 * second;  // of a job that runs
constexpr Micros late_files = 5 * second;        // after a job that has ended
constexpr Micros listed_within = 5 * second;     // a queue may list a new job late
constexpr Micros never_after = 10 * second;      // reasons pass when hosts come back
constexpr Micros call_limit = 5 * second;
constexpr unsigned stamp_rounds = 5;
constexpr Micros stamps_within = 10 * second, first_stamp_within = 60 * second;

}  // namespace

DoctorTalk::DoctorTalk(const Submission& submission, const StateDirectory& directory,
                       const JobIdentity& job)
    : submission_(submission),
      adapter_(*submission.adapter),
      directory_(directory),
      paths_{directory.root},
      job_(job),
      key_(make_key(directory.key())),
      line_(submission.session.err_is_terminal, submission.session.quiet, 5 * second) {
  const auto& spec = submission.plan.spec;
  listener_ = listen_tls(loop_, key_, probe_cluster, spec.ports,
                         [this](LinkPtr link, Role) { accept(std::move(link)); });
  auto addresses = host_addresses();
  if (!adapter_.limits().empty())  // there is a queue: loopback is the node's own
    std::erase_if(addresses, [](const auto& address) { return address.starts_with("127."); });
  write_file(paths_.request(),
             to_text(ProbeRequest{std::move(addresses), spec.ports, listener_->port(),
                                  spec.mpi.mpiexec, adapter_.limits()}));
}

// The probe asks for the time.
void DoctorTalk::accept(LinkPtr link) {
  auto* raw = link.get();
  link->on_frame = [raw](std::string_view) { raw->send(std::to_string(unix_now())); };
  link->on_closed = [](const std::string&) {};
  links_.push_back(std::move(link));
}

void DoctorTalk::go_on(ProbeRun& run) {
  run_ = &run;
  begun_ = loop_.now();
  poll_pause_ = submission_.plan.spec.manners.poll;
  if (poll_pause_ == 0) poll_pause_ = first_poll;
  next_poll_ = begun_ + poll_pause_;
  tick();
  if (!ended_) loop_.run();             // an interrupt during the submit has ended it already
  put_stamp(paths_.login_stamp(), {});  // the probe leaves by itself
  line_.clear();
  if (interrupted_) throw Error(Exit::interrupted, "interrupted: the probe job is cancelled");
}

void DoctorTalk::tick() {
  if (interrupts() > 0 || hung_up()) {
    interrupted_ = true;
    finish();
  }
  if (!ended_ && run_->findings) exchange_stamps();
  if (!ended_ && !run_->findings) look_for_findings();
  if (ended_ && !polling_) return loop_.stop();  // a command under way ends first
  loop_.at(loop_.now() + (run_->findings ? talk_tick : wait_tick), [this] { tick(); });
}

void DoctorTalk::finish() { ended_ = true; }

void DoctorTalk::fail(std::string problem, std::string remedy) {
  run_->problem = std::move(problem);
  run_->remedy = std::move(remedy);
  finish();
}

// ---------------------------------------------------------------- until it has spoken

std::string DoctorTalk::waiting_text() const {
  std::string text = "probe job " + (run_->job_id.empty() ? job_.name : run_->job_id);
  if (last_seen_) {
    text += fmt::format(" {}", to_string(last_seen_->state));
    if (!last_seen_->reason.empty()) text += fmt::format(" ({})", printable(last_seen_->reason));
    if (!last_seen_->nodes.empty()) text += fmt::format(" on {}", printable(last_seen_->nodes));
  }
  return fmt::format("{}, waiting.. {}", text, show_duration(elapsed()));
}

void DoctorTalk::look_for_findings() {
  const auto now = loop_.now();
  if (now >= next_look_) {
    next_look_ = now + findings_every;
    line_.show(waiting_text(), now);
    list_directory(paths_.root);  // makes a shared file system look for new names
    if (const auto text = read_file_if_there(paths_.findings()))
      run_->findings = parse_findings(*text);
    if (run_->findings) {
      run_->waited = std::max<Micros>(elapsed(), 0);
      talk_since_ = now;
      return call_back();
    }
    give_up_waiting();
  }
  if (!ended_ && !polling_ && now >= next_poll_) poll();
}

void DoctorTalk::poll() {
  polling_ = true;
  const std::vector<std::string> names{job_.name};
  auto argv = adapter_.status(user_name(), names);
  if (argv.front() == "pcluster") argv.front() = own_binary();
  CommandOptions patience;
  patience.timeout = 20 * second;
  run_command(loop_, std::move(argv), patience, [this](const CommandOutput& output) {
    polling_ = false;
    polled({output.exit_code, output.timed_out, output.out, output.err});
  });
}

void DoctorTalk::polled(const CommandResult& result) {
  const auto now = loop_.now();
  if (submission_.plan.spec.manners.poll == 0)
    poll_pause_ = std::min(slowest_poll, poll_pause_ * 3 / 2);
  next_poll_ = now + poll_pause_;
  const auto seen = adapter_.seen(result);
  if (!seen) return;
  last_seen_.reset();
  for (const auto& [name, job] : *seen)
    if (name == job_.name) last_seen_ = job;
  if (last_seen_ && run_->job_id.empty()) run_->job_id = last_seen_->job_id;
  const bool absent = !last_seen_ || last_seen_->state == JobState::ended;
  if (absent && absent_since_ == 0) absent_since_ = now;
  if (!absent) absent_since_ = 0;
  if (last_seen_ && last_seen_->state == JobState::running && running_since_ == 0)
    running_since_ = now;
}

void DoctorTalk::give_up_waiting() {
  const auto now = loop_.now();
  const auto reason = last_seen_ ? printable(last_seen_->reason) : "";
  const auto& plan = submission_.plan;
  if (absent_since_ > 0 && now - absent_since_ >= late_files && elapsed() > listed_within)
    return fail(fmt::format("the job ended{} before it told anything",
                            reason.empty() ? "" : " (" + reason + ")"));
  if (running_since_ > 0) {
    if (now - running_since_ >= findings_within)
      fail(fmt::format("the job runs since {}{}, and told nothing",
                       show_duration(now - running_since_),
                       last_seen_ ? " on " + printable(last_seen_->nodes) : ""));
    return;
  }
  const bool never = still_queued() && last_seen_->never && elapsed() >= never_after;
  if (!never && elapsed() < plan.timeout) return;
  auto remedy = std::string(adapter_.remedy(reason));
  if (!never) remedy += (remedy.empty() ? "" : "; ") + std::string("--timeout waits longer");
  fail(fmt::format("after {} the job {}{}", show_duration(elapsed()),
                   last_seen_ ? "still waits" : "was not listed yet",
                   reason.empty() ? "" : " (" + reason + ")"),
       remedy);
}

// ---------------------------------------------------------------- once it has

void DoctorTalk::call_back() {
  const auto& found = *run_->findings;
  if (found.port == 0) return;
  const bool here = found.host == hostname();
  std::vector<std::string> addresses;
  for (const auto& address : found.addresses)
    if (here || !address.starts_with("127.")) addresses.push_back(address);
  run_->back.resize(calls_ = addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    run_->back[i].address = addresses[i];
    const auto begun = loop_.now();
    connect_tls(loop_, {{addresses[i], found.port}}, key_, probe_back_cluster, Role::worker,
                call_limit, [=, this](LinkPtr link, const ConnectFailure& failure) {
                  auto& done = run_->back[i];
                  done.took = loop_.now() - begun;
                  done.error = join(failure.errors, "; ");
                  done.kind = link ? "reached" : failure_kind(done.error);
                  if (link) links_.push_back(std::move(link));
                  --calls_;
                });
  }
}

void DoctorTalk::exchange_stamps() {
  const auto now = loop_.now();
  if (stamp_.number > 0) {
    const auto answer = read_stamp(paths_.node_stamp());
    if (answer && answer->number == stamp_.number) {
      run_->rounds.push_back({*answer, unix_now()});
      stamped_at_ = 0;
    }
  }
  const auto rounds = run_->rounds.size();
  const bool late = now - talk_since_ >= (rounds == 0 ? first_stamp_within : stamps_within);
  if (late && rounds == 0)
    run_->stale =
        fmt::format("no answer to a change there within {}", show_duration(first_stamp_within));
  if (late || rounds >= stamp_rounds) {
    if (calls_ == 0) finish();
    return;
  }
  if (stamped_at_ > 0) return;
  stamped_at_ = now;
  stamp_ = {stamp_.number + 1, unix_now(), 0, 0};
  put_stamp(paths_.login_stamp(), stamp_);
}

}  // namespace pcluster
