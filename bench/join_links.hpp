// Many workers in one process: the real agent, codec, key and TLS on links of their own, and tasks
// that take no time.  On one loop; call it there only.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "launcher/io/connection.hpp"
#include "launcher/io/loop.hpp"
#include "mpi-runtime/agent.hpp"

namespace bench {

struct LinksPlan {
  std::string cluster, token;
  std::string address;
  std::uint16_t port = 0;
  std::uint32_t links = 100, slots = 1;
  std::uint32_t strangers = 0;  // who have another key; one before each of as many workers
  std::uint32_t silent = 0;     // who connect and say nothing, before all others
};

// What became of them.
struct LinksCount {
  std::uint32_t welcomed = 0, cut = 0, refused = 0, again = 0;
  std::uint64_t tasks = 0;
  std::string first_error;
};

class Links {
 public:
  Links(pcluster::Loop&, LinksPlan, const pcluster::ClusterKey&);
  ~Links();
  void connect_all();
  void leave_all();  // each says Bye
  const LinksCount& count() const { return count_; }

 private:
  struct Worker;
  void connect_some();
  void connect(Worker&);
  void connect_stranger();
  void joined(Worker&);
  void carry_out(Worker&, pcluster::Acts);
  void set_timer(Worker&);
  void lost(Worker&, const std::string& why);

  pcluster::Loop& loop_;
  LinksPlan plan_;
  std::shared_ptr<pcluster::TlsKeys> keys_, other_keys_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<pcluster::ConnectionPtr> strangers_;
  std::vector<pcluster::Fd> silent_;
  LinksCount count_;
};

}  // namespace bench
