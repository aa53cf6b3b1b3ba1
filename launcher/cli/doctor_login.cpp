// What `doctor` finds on the login host: limits, logind, names.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_login.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <memory>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

std::string text_of(const std::string& path) {
  try {
    return read_file_if_there(path).value_or("");
  } catch (const Error&) { return {}; }  // not ours to read
}

// The running service knows best; its files are read where it cannot be asked.
std::optional<bool> asked_logind() {
  CommandOptions patience;
  patience.timeout = 3 * second;
  const auto said =
      run_command({"loginctl", "show-session", "--property=KillUserProcesses"}, patience);
  if (said.exit_code != 0) return {};
  return kill_user_processes(said.out);
}

std::optional<bool> configured_logind() {
  if (!exists("/run/systemd/seats") && !exists("/run/systemd/users")) return {};
  bool kills = false;  // what systemd does unless a file says otherwise
  const auto hear = [&](const std::string& path) {
    if (const auto said = kill_user_processes(text_of(path))) kills = *said;
  };
  hear("/usr/lib/systemd/logind.conf");
  hear("/etc/systemd/logind.conf");
  for (const std::string place : {"/usr/lib/systemd", "/run/systemd", "/etc/systemd"})
    for (const auto& name : list_directory(place + "/logind.conf.d"))
      hear(place + "/logind.conf.d/" + name);
  return kills;
}

std::vector<std::string> addresses_of(const std::string& name) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &wanted, &all) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(all, freeaddrinfo);
  std::vector<std::string> found;
  for (const auto* one = all; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
      found.emplace_back(text.data());
  }
  return found;
}

void look_at_names(LoginFacts& facts) {
  const auto ours = host_addresses();
  facts.alias = alias_of(facts.host);
  if (facts.alias.empty()) return;
  for (auto& address : addresses_of(facts.alias)) {
    const bool here = address.starts_with("127.") || address == "::1" ||
                      std::ranges::find(ours, address) != ours.end();
    if (!here) facts.alias_others.push_back(std::move(address));
  }
}

// The nearest directory above that is there already.
std::string existing(std::string path) {
  while (!path.empty() && !exists(path)) path.resize(std::min(path.rfind('/'), path.size()));
  return path.empty() ? "/" : path;
}

}  // namespace

LoginFacts look_at_login(const StateDirectory& directory) {
  LoginFacts facts;
  facts.host = hostname();
  rlimit limit{};
  if (getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    facts.cpu_seconds = limit.rlim_cur;
  facts.kills_at_logout = asked_logind();
  if (!facts.kills_at_logout) facts.kills_at_logout = configured_logind();
  facts.lingers = exists("/var/lib/systemd/linger/" + user_name());
  look_at_names(facts);
  if (const auto info = read_launcher_info(directory); info && info->host != facts.host)
    facts.launcher_host = info->host;
  facts.directory = directory.root;
  facts.on = file_system_of(existing(directory.root)).value_or(FileSystem{});
  return facts;
}

std::string alias_of(const std::string& host) {
  const auto dot = std::min(host.find('.'), host.size());
  auto first = host.substr(0, dot);
  const auto last = first.find_last_not_of("0123456789");
  if (last == first.npos || last + 1 == first.size()) return {};
  first.resize(last + 1);
  while (!first.empty() && (first.back() == '-' || first.back() == '_')) first.pop_back();
  return first.empty() ? "" : first + host.substr(dot);
}

std::optional<bool> kill_user_processes(std::string_view text) {
  std::optional<bool> said;
  constexpr std::string_view key = "KillUserProcesses=";
  for (const auto& line : lines(text)) {
    const auto words = trim(line);
    if (!words.starts_with(key)) continue;
    const auto value = trim(words.substr(key.size()));
    said = value == "yes" || value == "true" || value == "on" || value == "1";
  }
  return said;
}

}  // namespace pcluster
