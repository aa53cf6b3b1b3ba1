// launcher.json: where the launcher is, and whether it still lives.
// SPDX-License-Identifier: MIT
#include "launcher/io/state.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/info_text.hpp"
#include "launcher/io/proc_stat.hpp"

namespace pcluster {
namespace {

// Nothing for a process that is gone, or dead and not yet waited for.
std::string start_ticks(std::uint64_t pid) {
  const auto process = read_proc_stat(std::to_string(pid));
  return process && !process->dead ? process->start_ticks : std::string();
}

std::string boot_id() {
  return std::string(trim(read_file_if_there("/proc/sys/kernel/random/boot_id").value_or("")));
}

}  // namespace

std::string to_text(const LauncherInfo& info) {
  auto relays = nlohmann::json::array();
  for (const auto& relay : info.relays)
    relays.push_back({{"worker", relay.worker},
                      {"host", relay.host},
                      {"addresses", relay.addresses},
                      {"port", relay.port}});
  const nlohmann::json json = {{"relays", relays},
                               {"pid", info.pid},
                               {"host", info.host},
                               {"boot_id", info.boot_id},
                               {"start_ticks", info.start_ticks},
                               {"port", info.port},
                               {"addresses", info.addresses},
                               {"epoch", info.epoch},
                               {"version", info.version}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<LauncherInfo> parse_info(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  try {
    LauncherInfo info;
    info.pid = json.value("pid", std::uint64_t{0});
    info.host = json.value("host", "");
    info.boot_id = json.value("boot_id", "");
    info.start_ticks = json.value("start_ticks", "");
    info.addresses = json.value("addresses", std::vector<std::string>{});
    info.port = json.value("port", std::uint16_t{0});
    info.version = json.value("version", "");
    info.epoch = json.value("epoch", Epoch{0});
    for (const auto& relay : json.value("relays", nlohmann::json::array()))
      info.relays.push_back({relay.value("worker", ""), relay.value("host", ""),
                             relay.value("addresses", std::vector<std::string>{}),
                             relay.value("port", std::uint16_t{0})});
    return info.pid != 0 ? std::optional(info) : std::nullopt;
  } catch (const nlohmann::json::exception&) {  // a field of another type
    return {};
  }
}

std::optional<LauncherInfo> read_launcher_info(const StateDirectory& directory) {
  const auto text = read_file_if_there(directory.launcher());
  return text ? parse_info(*text) : std::nullopt;
}

void write_launcher_info(const StateDirectory& directory, const LauncherInfo& info) {
  write_file(directory.launcher(), to_text(info));
}

LauncherInfo this_process() {
  LauncherInfo info;
  info.pid = static_cast<std::uint64_t>(getpid());
  info.host = hostname();
  info.boot_id = boot_id();
  info.start_ticks = start_ticks(info.pid);
  return info;
}

bool alive(const LauncherInfo& info) {
  if (info.host != hostname() || info.boot_id != boot_id()) return false;
  const auto ticks = start_ticks(info.pid);
  return !ticks.empty() && ticks == info.start_ticks;
}

}  // namespace pcluster
