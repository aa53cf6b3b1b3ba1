// The store: a thread that makes records durable, and tells the loop how far it got.
// SPDX-License-Identifier: MIT
#include "launcher/io/store.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/io/journal.hpp"
#include "launcher/io/results.hpp"

namespace pcluster {
namespace {

struct Batch {
  std::uint64_t number = 0;
  std::vector<Record> records;
  bool recall = false;  // instead: those that the journal has already, for the tables
};

constexpr std::uint64_t recalled_at_once = 4096;    // records
constexpr std::chrono::milliseconds unawaited{50};  // may wait so long for company

struct Listeners {
  std::function<void(std::uint64_t)> durable;
  std::function<void(std::string)> trouble;
};

}  // namespace

struct Store::Impl {
  Loop& loop;
  std::string directory;  // of the journal
  Journal journal;
  ResultTables tables;
  Micros retry;
  std::shared_ptr<Listeners> listeners;  // the loop's thread only; posts hold it weakly

  std::mutex mutex;  // guards the next four
  std::condition_variable wake;
  std::vector<Batch> queue;
  bool awaited = false, stopping = false;

  std::uint64_t appended = 0;  // the loop's thread only, and the next
  bool hurried = false;        // all that was appended is awaited
  bool in_trouble = false;     // the writer's only: what the loop was told
  std::thread writer;

  // The writer is woken for the first of a batch, and for the first that somebody waits for.
  void put(Batch batch, bool is_awaited) {
    bool news = false;
    {
      const std::lock_guard lock(mutex);
      news = queue.empty() || (is_awaited && !awaited);
      queue.push_back(std::move(batch));
      awaited = awaited || is_awaited;
    }
    hurried = is_awaited;
    if (news) wake.notify_one();
  }
  void hurry() {
    if (std::exchange(hurried, true)) return;
    {
      const std::lock_guard lock(mutex);
      if (queue.empty()) return;  // it is on its way to the disk
      awaited = true;
    }
    wake.notify_one();
  }

  template <class Call>
  void tell(Call call) {
    loop.post([weak = std::weak_ptr(listeners), call = std::move(call)] {
      if (const auto alive = weak.lock()) call(*alive);
    });
  }

  // Its beginning and its end; that an attempt fails at another file is no news.
  void tell_trouble(const std::string& text) {
    if (text.empty() != in_trouble) return;
    in_trouble = !text.empty();
    tell([text](Listeners& all) { all.trouble(text); });
  }

  // Until stopped.  What came while one batch was on its way to the disk goes with the next.
  void write() {
    std::vector<Batch> taken;  // not durable yet
    for (bool last = false; !last;) {
      std::vector<Batch> fresh;
      {
        std::unique_lock lock(mutex);
        if (taken.empty()) {
          wake.wait(lock, [&] { return stopping || !queue.empty(); });
          wake.wait_for(lock, unawaited, [&] { return stopping || awaited; });
        } else {  // in trouble: more records do not make the disk any better
          wake.wait_for(lock, std::chrono::microseconds(retry), [&] { return stopping; });
        }
        awaited = false;
        fresh.swap(queue);
        last = stopping;
      }
      for (auto& batch : fresh) {
        for (const auto& record : batch.records) journal.add(record);
        taken.push_back(std::move(batch));
      }
      if (!taken.empty()) make_durable(taken);
    }
  }

  // A piece at a time: millions of rows must not stand in memory.  Should it not be readable now,
  // though the launcher has just read it, the tables are mended at the next start.
  void recall() {
    std::uint64_t count = 0;
    try {
      replay_journal(directory, [&](const Record& record) {
        tables.add(record, true);
        if (++count % recalled_at_once == 0) tables.flush();  // what fails is tried with the rest
      });
    } catch (const Error&) {}
  }

  void make_durable(std::vector<Batch>& taken) {
    if (std::exchange(taken.front().recall, false)) recall();
    auto wrong = journal.flush();
    if (wrong.empty()) {
      for (auto& batch : taken)
        for (auto& record : std::exchange(batch.records, {})) tables.add(std::move(record), false);
      wrong = tables.flush();
    }
    tell_trouble(wrong);
    if (!wrong.empty()) return;
    const auto number = taken.back().number;
    taken.clear();
    if (number > 0) tell([number](Listeners& all) { all.durable(number); });
  }
};

Store::Store(Loop& loop, StateDirectory directory, Epoch epoch,
             std::function<void(std::uint64_t)> durable, std::function<void(std::string)> trouble,
             Disk disk)
    : impl_(new Impl{
          loop, directory.journal(), Journal(directory.journal(), epoch, disk),
          ResultTables(directory, disk), disk.retry,
          std::make_shared<Listeners>(Listeners{std::move(durable), std::move(trouble)})}) {
  impl_->writer = std::thread([impl = impl_.get()] { impl->write(); });
}

Store::~Store() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->writer.join();
}

void Store::recall() { impl_->put({impl_->appended, {}, true}, true); }

std::uint64_t Store::append(std::vector<Record> records, bool awaited) {
  impl_->put({++impl_->appended, std::move(records), false}, awaited);
  return impl_->appended;
}

void Store::hurry() { impl_->hurry(); }

}  // namespace pcluster
