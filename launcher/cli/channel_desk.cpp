// Programs' bytes to frames, their attempts to events, with nothing lost and nothing twice.
// SPDX-License-Identifier: MIT
#include "launcher/cli/channel_desk.hpp"

#include <algorithm>

#include "launcher/cli/channel_events.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t confirm_after = ChannelDesk::window / 4;

ChannelState lost(const ChannelAttempt& one, bool again) {
  ChannelState state;
  state.attempt = one.id;
  state.worker = one.worker;
  state.host = one.host;
  state.state = TaskState::lost;
  state.again = again;
  return state;
}

std::pair<std::uint32_t, Epoch> order_of(const AttemptId& id) { return {id.number, id.epoch}; }

}  // namespace

// ---------------------------------------------------------------- attempts

ChannelAttempt* ChannelDesk::find(const AttemptId& id) {
  if (id.task.workload != id_ || id.task.index >= channels_.size()) return nullptr;
  auto& now = channels_[id.task.index].now;
  return now && now->id == id ? &*now : nullptr;
}

// A newer one ends what is held of an older: that was lost, and nobody said so.
ChannelAttempt* ChannelDesk::find_or_begin(const AttemptId& id) {
  if (auto* found = find(id)) return found;
  if (id.task.workload != id_ || id.task.index >= channels_.size()) return nullptr;
  auto& channel = channels_[id.task.index];
  if (channel.closed || order_of(id) <= channel.last) return nullptr;
  if (channel.now) {
    close(channel, channel.now->over.value_or(lost(*channel.now, true)));
    if (channel.closed) return nullptr;
  }
  channel.now.emplace();
  channel.now->id = id;
  channel.last = order_of(id);
  ++open_;
  return &*channel.now;
}

// Its launcher may have died before it said that this attempt runs.
void ChannelDesk::heard(ChannelAttempt& one) {
  if (one.listed) open(one, one.worker, hosts_[one.worker]);
}

void ChannelDesk::open(ChannelAttempt& one, WorkerId worker, const std::string& host) {
  if (std::exchange(one.opened, true)) return;
  one.worker = worker;
  one.host = host;
  out_.event(opened, one.id.task.index, one.id.number, opened_event(worker, host, one.id.task));
  confirm(one);
  if (!one.early.empty()) put(one, std::exchange(one.early, {}));
  if (channels_[one.id.task.index].ended) end(one.id.task.index);
}

void ChannelDesk::close(Channel& channel, ChannelState state) {
  auto& one = *channel.now;
  if (state.again && channel.ended) {
    tell_cancelled(one.id.task.index);
    state.again = false;
  }
  if (one.opened || !state.again || state.state == TaskState::failed)
    out_.event(closed, one.id.task.index, one.id.number, closed_event(state));
  waiting_ -= one.waiting.size() - one.taken;
  over_ -= one.over ? 1 : 0;
  --open_;
  channel.closed = !state.again;
  channel.now.reset();
}

// Its last bytes may still be on their way.
void ChannelDesk::close_if_complete(Channel& channel, bool late) {
  if (!channel.now || !channel.now->over) return;
  const auto& one = *channel.now;
  const bool complete = one.got_end || !one.opened || one.over->state == TaskState::lost;
  if (complete || late) close(channel, *one.over);
}

// ---------------------------------------------------------------- what the launcher says

void ChannelDesk::told(const Reply& reply, Time now) {
  if (const auto* bytes = std::get_if<ChannelBytes>(&reply)) return take(*bytes);
  if (const auto* wanted = std::get_if<InputWanted>(&reply)) return take(*wanted);
  if (const auto* state = std::get_if<ChannelState>(&reply)) return take(*state, now);
  if (const auto* running = std::get_if<RunningTasks>(&reply)) return take(*running);
  if (const auto* status = std::get_if<Status>(&reply)) return take(*status);
  if (const auto* progress = std::get_if<Progress>(&reply)) return take(*progress, now);
}

void ChannelDesk::take(const ChannelState& state, Time now) {
  if (state.state != TaskState::running) return ended(state, now);
  if (auto* one = find_or_begin(state.attempt)) open(*one, state.worker, state.host);
}

void ChannelDesk::ended(const ChannelState& state, Time now) {
  auto* one = find_or_begin(state.attempt);
  if (one == nullptr || one->over) return;
  one->over = state;
  one->over_at = now;
  ++over_;
  close_if_complete(channels_[state.attempt.task.index], false);
}

void ChannelDesk::take(const ChannelBytes& said) {
  auto* one = find_or_begin(said.attempt);
  if (one == nullptr || one->got_end) return;
  heard(*one);
  const auto known = one->got + one->early.size();
  if (said.at > known) {  // a launcher went with what is between
    if (!std::exchange(one->asked_again, true)) confirm(*one, true);
    return;
  }
  one->asked_again = false;
  const auto fresh = std::string_view(said.bytes)
                         .substr(std::min<std::uint64_t>(known - said.at, said.bytes.size()));
  if (one->opened)
    put(*one, fresh);
  else
    one->early += fresh;
  if (!said.end) return;
  one->got_end = true;
  if (one->written == one->got && one->early.empty()) confirm(*one);
  close_if_complete(channels_[said.attempt.task.index], false);
}

void ChannelDesk::put(ChannelAttempt& one, std::string_view bytes) {
  if (bytes.empty()) return;
  out_.data(one.id.task.index, one.id.number, bytes);
  one.got += bytes.size();
  marks_.push_back({out_.put(), one.id, one.got});
}

void ChannelDesk::take(const InputWanted& wanted) {
  auto* one = find_or_begin(wanted.attempt);
  if (one == nullptr) return;
  heard(*one);
  one->wanted = true;
  if (auto again = one->window.wanted(wanted)) requests_.push_back(std::move(*again));
  dirty_.push_back(wanted.attempt.task.index);
}

// The answer to what reconnected() asked: those that are not in it are over.
void ChannelDesk::take(const RunningTasks& running) {
  if (!std::exchange(asks_running_, false)) return;
  for (std::size_t i = 0; i < running.attempts.size(); ++i) {
    auto* one = find_or_begin(running.attempts[i]);
    if (one == nullptr) continue;
    one->listed = true;
    one->worker = running.workers[i];
    confirm(*one, true);
    requests_.push_back(one->window.again(one->id));
  }
  for (const auto& channel : channels_)
    if (channel.now &&
        std::ranges::find(running.attempts, channel.now->id) == running.attempts.end())
      vanished_.push_back(channel.now->id);
}

void ChannelDesk::take(const Status& status) {
  for (const auto& worker : status.workers) hosts_[worker.worker] = worker.host;
}

void ChannelDesk::take(const Progress& progress, Time now) {
  if (progress.workload != id_) return;
  last_ = progress;
  if (auto text = note_event(progress); text != noted_) {
    noted_ = std::move(text);
    out_.event(note, 0, 0, noted_);
  }
  if (progress.finished && !finished_at_) finished_at_ = now;
}

void ChannelDesk::tick(Time now) {
  const bool last = finished_at_.has_value();
  if (over_ > 0 || (last && open_ > 0))
    for (auto& channel : channels_) {
      if (!channel.now) continue;
      if (last && !channel.now->over && now - *finished_at_ >= patience) {
        close(channel, lost(*channel.now, false));
        continue;
      }
      close_if_complete(channel, channel.now->over && now - channel.now->over_at >= patience);
    }
  if (!last || open_ > 0 || said_finished_) return;
  out_.event(FrameOut::finished, 0, 0, finished_event(last_));
  said_finished_ = true;
}

void ChannelDesk::reconnected() {
  requests_.clear();  // of the old connection; what matters of it follows
  for (std::uint32_t i = 0; i < channels_.size(); ++i)
    if (channels_[i].cancelled && !channels_[i].closed) tell_cancelled(i);
  asks_running_ = true;
  requests_.push_back(GetStatus{});
  requests_.push_back(GetRunning{id_});
}

// ---------------------------------------------------------------- our reader

void ChannelDesk::confirm(ChannelAttempt& one, bool again) {
  requests_.push_back(ChannelTaken{one.id, one.written, window, again});
  one.confirmed = one.written;
}

void ChannelDesk::written(std::size_t bytes) {
  out_.written(bytes);
  for (; !marks_.empty() && marks_.front().upto <= out_.left(); marks_.pop_front()) {
    auto* one = find(marks_.front().attempt);
    if (one == nullptr) continue;
    one->written = marks_.front().have;
    const bool all = one->got_end && one->written == one->got;
    if (all || one->written - one->confirmed >= confirm_after) confirm(*one);
  }
}

}  // namespace pcluster
