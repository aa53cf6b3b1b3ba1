// The remote-start agent that mpiexec calls in the place of ssh.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/mpi_agent.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr int lost = 255;  // what ssh says when it could not

// Those of ssh that take a word.
constexpr std::string_view with_word = "BbcDEeFIiJLlmOopQRSWw";

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

// Its task, as the head knows it: "7.123", and the number of the attempt.
std::optional<AttemptId> attempt_from_environment() {
  const auto task = parse_task_ref(variable("PCLUSTER_TASK"));
  const auto number = to_integer(variable("PCLUSTER_ATTEMPT"));
  if (!task || !task->index || !number) return {};
  return AttemptId{{task->workload, *task->index}, static_cast<std::uint32_t>(*number), 0};
}

int relay(ClientSocket& head, const std::string& host) {
  std::string payload;
  for (;;) {
    const auto got = head.receive(payload, -1);
    if (got == ClientSocket::Got::interrupted) continue;
    const auto message = got == ClientSocket::Got::frame ? decode<FromPeer>(payload) : std::nullopt;
    if (!message) {
      fmt::print(stderr, "pcluster: the worker of this task is gone, and with it {}\n", host);
      return lost;
    }
    if (const auto* output = std::get_if<PartOutput>(&*message)) {
      write_all(output->err ? 2 : 1, output->bytes);
      continue;
    }
    const auto& end = std::get<PartEnded>(*message);
    if (!end.message.empty()) fmt::print(stderr, "pcluster: {}\n", end.message);
    return end.exit_code;
  }
}

}  // namespace

std::optional<RemoteStart> remote_start(const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  for (; at < arguments.size() && arguments[at].size() > 1 && arguments[at][0] == '-'; ++at)
    if (arguments[at].size() == 2 && with_word.find(arguments[at][1]) != with_word.npos) ++at;
  if (at + 1 >= arguments.size()) return {};
  const std::vector<std::string> words(arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                       arguments.end());
  return RemoteStart{arguments[at], join(words, " ")};
}

bool called_as_mpi_agent(const std::string& program) {
  return program == "mpi-agent" || program.ends_with("/mpi-agent");
}

int run_mpi_agent(const std::string& program, const std::vector<std::string>& arguments) {
  signal(SIGPIPE, SIG_DFL);
  const auto start = remote_start(arguments);
  const auto attempt = attempt_from_environment();
  const auto slash = program.rfind('/');
  if (!start || !attempt || slash == program.npos) {
    fmt::print(stderr,
               "pcluster: mpiexec calls this as it would call ssh: .../mpi-agent HOST "
               "COMMAND..., within a task of pcluster\n");
    return lost;
  }
  try {
    auto head = ClientSocket::connect_unix(program.substr(0, slash) + "/mpi.sock");
    head.send(encode(ToPeer{StartPart{*attempt, start->host, start->command}}));
    return relay(head, start->host);
  } catch (const Error& error) {
    fmt::print(stderr, "pcluster: cannot start anything on {}: {}\n", start->host, error.what());
    return lost;
  }
}

}  // namespace pcluster
