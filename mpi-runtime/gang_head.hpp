// The head's side of gangs: mpiexec's remote-start agent (mpi_agent.hpp) calls here, and each call
// goes on to the worker that it is for.  A worker that cannot be reached, or is lost, ends the
// whole: no MPI goes on without one of its hosts, and some of them wait for ever.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>
#include "launcher/io/link.hpp"
#include "launcher/model/peers.hpp"
#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/environment.hpp"

namespace pcluster {

class GangHead {
 public:
  using Signal = std::function<void(const AttemptId&, int signal)>;
  GangHead(Loop&, Signal);
  ~GangHead();

  // Before mpiexec is started: calls for this task are answered.  Throws Error.
  void open(const WorkerFacts&, const TaskStart&);
  struct Loss {
    std::vector<WorkerId> workers;
    std::string message;  // "worker w3 (node2) was lost: ..."
  };
  const Loss& loss(const AttemptId&) const;
  void close(const AttemptId&);  // mpiexec has ended, nobody calls for it any more

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  struct Gang {
    std::vector<GangPart> parts;
    Loss loss;
    std::optional<TimerId> end;  // when it is told to
  };

  void listen(const WorkerFacts&);
  void accepted(LinkPtr);
  void asked(const CallPtr&, std::string_view payload);
  void dial(const CallPtr&);
  void connected(const CallPtr&, LinkPtr, const std::vector<std::string>& errors);
  void heard(const CallPtr&, std::string_view payload);
  void lost(const CallPtr&, const std::string& why);
  void answer(const CallPtr&, const PartEnded&);
  void drop(const CallPtr&);
  void wait(const CallPtr&, Micros, const std::string& else_why);
  void end(const AttemptId&, int signal, Micros after);

  Loop& loop_;
  Signal signal_;
  std::string cluster_, state_directory_;
  std::unique_ptr<Listener> listener_;
  std::map<AttemptId, Gang> gangs_;
  std::set<CallPtr> calls_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pcluster
