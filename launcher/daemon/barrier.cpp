// The durability barrier: what waits for the disk, and a disk that fails or does not answer.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "launcher/daemon/launcher.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr Micros hanging = 5 * second;  // a sync that takes longer
constexpr Micros look_again = second / 2;

}  // namespace

bool Launcher::quits(const std::vector<Effect>& effects) {
  return std::ranges::any_of(
      effects, [](const Effect& one) { return std::holds_alternative<effect::Quit>(one); });
}

void Launcher::durable(std::uint64_t number) {
  durable_ = number;
  if (hangs_) trouble({});
  while (!waiting_.empty() && waiting_.front().number <= number) {
    auto effects = std::move(waiting_.front().effects);
    waiting_.pop_front();
    do_all(std::move(effects));
  }
}

void Launcher::trouble(const std::string& text) {
  if (!text.empty())
    spdlog::error("cannot write the journal: {}", text);
  else if (!trouble_.empty())
    spdlog::info("the journal can be written again");
  trouble_ = text;
  if (std::exchange(hangs_, false)) core_.disk_answers(true, loop_.now());
  if (text.empty()) return;
  tell_who_waits();
  for (auto& waiting : waiting_)  // a stop does not wait for room on the disk
    if (quits(waiting.effects)) return do_all(std::exchange(waiting.effects, {}));
}

// A file system that is away gives no error: whoever waits is told all the same.
void Launcher::watch_disk() {
  if (last_append_ <= durable_ || std::exchange(watched_, true)) return;
  struct Look {
    Launcher& all;
    std::uint64_t last;  // that was durable
    Time since;
    void operator()() const {
      all.watched_ = all.last_append_ > all.durable_;
      if (!all.watched_) return;
      const auto now = all.loop_.now();
      const bool stands = all.durable_ == last;
      if (stands && now - since >= hanging && all.trouble_.empty()) {
        all.trouble(
            fmt::format("{}: no answer for {}", all.directory_.journal(), show_duration(hanging)));
        all.hangs_ = true;
        all.core_.disk_answers(false, now);
        all.set_timer();
      }
      all.loop_.at(now + look_again, Look{all, all.durable_, stands ? since : now});
    }
  };
  const auto now = loop_.now();
  loop_.at(now + look_again, Look{*this, durable_, now});
}

// Their request is on its way to the disk: neither refused nor accepted yet.
void Launcher::tell_who_waits() {
  Progress news;
  news.note = fmt::format("cannot write the journal: {}; it goes on as soon as {} can be written",
                          trouble_, directory_.root);
  for (const auto& waiting : waiting_)
    for (const auto& effect : waiting.effects)
      if (const auto* reply = std::get_if<effect::SendClient>(&effect))
        if (std::holds_alternative<WorkloadAccepted>(reply->reply) ||
            std::holds_alternative<JobsAccepted>(reply->reply))
          clients_.send(reply->client, encode(Reply{news}));
}

}  // namespace pcluster
