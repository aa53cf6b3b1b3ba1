// What the probe of `doctor` is asked and finds, as JSON, and the stamps of both.
// SPDX-License-Identifier: MIT
#include "launcher/io/findings.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class Value>
void put(Json& json, const char* name, const std::optional<Value>& value) {
  json[name] = value ? Json(*value) : Json(nullptr);
}

template <class Value>
std::optional<Value> maybe(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return {};
  return found->get<Value>();
}

Json json_of(const FileSystem& on) {
  return {{"name", on.name}, {"kind", on.kind}, {"free_mb", on.free_mb}};
}
FileSystem file_system_from(const Json& json) {
  return {json.value("name", ""), json.value("kind", ""), json.value("free_mb", std::uint64_t{0})};
}

Json json_of(const std::vector<AddressTry>& tries) {
  auto list = Json::array();
  for (const auto& each : tries)
    list.push_back({{"address", each.address},
                    {"kind", each.kind},
                    {"error", each.error},
                    {"took_us", each.took}});
  return list;
}

Json json_of(const std::vector<ScratchPlace>& places) {
  auto list = Json::array();
  for (const auto& each : places)
    list.push_back({{"path", each.path},
                    {"origin", each.origin},
                    {"on", json_of(each.on)},
                    {"writable", each.writable}});
  return list;
}

Json json_of(const std::vector<ProgramFound>& programs) {
  auto list = Json::array();
  for (const auto& each : programs)
    list.push_back({{"name", each.name}, {"path", each.path}, {"version", each.version}});
  return list;
}

void read_lists(const Json& json, Findings& found) {
  for (const auto& each : json.value("tries", Json::array()))
    found.tries.push_back({each.value("address", ""), each.value("kind", ""),
                           each.value("error", ""), each.value("took_us", Micros{0})});
  for (const auto& each : json.value("scratch", Json::array()))
    found.scratch.push_back({each.value("path", ""), each.value("origin", ""),
                             file_system_from(each.value("on", Json::object())),
                             each.value("writable", false)});
  for (const auto& each : json.value("programs", Json::array()))
    found.programs.push_back(
        {each.value("name", ""), each.value("path", ""), each.value("version", "")});
}

// Nothing for what is no object, or has a field of another type.
template <class Value, class Read>
std::optional<Value> read_object(std::string_view text, Read read) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  try {
    return read(json);
  } catch (const nlohmann::json::exception&) { return {}; }
}

using Words = std::vector<std::string>;

}  // namespace

std::string to_text(const ProbeRequest& request) {
  return text_of({{"addresses", request.addresses},
                  {"first_port", request.ports.first},
                  {"last_port", request.ports.last},
                  {"port", request.port},
                  {"mpiexec", request.mpiexec},
                  {"ask", request.ask}});
}

std::optional<ProbeRequest> parse_request(std::string_view text) {
  return read_object<ProbeRequest>(text, [](const Json& json) {
    constexpr std::uint16_t none = 0;
    return ProbeRequest{json.value("addresses", Words{}),
                        {json.value("first_port", none), json.value("last_port", none)},
                        json.value("port", none),
                        json.value("mpiexec", ""),
                        json.value("ask", Words{})};
  });
}

std::string to_text(const Findings& found) {
  Json json{{"host", found.host},
            {"started_unix_us", found.started_unix},
            {"addresses", found.addresses},
            {"port", found.port},
            {"tries", json_of(found.tries)},
            {"directory", json_of(found.directory)},
            {"cores", found.cores},
            {"memory_mb", found.memory_mb},
            {"confined", found.confined},
            {"fabrics", found.fabrics},
            {"scratch", json_of(found.scratch)},
            {"programs", json_of(found.programs)},
            {"ask_error", found.ask_error}};
  put(json, "clock_ahead_us", found.clock_ahead);
  put(json, "memlock_kb", found.memlock_kb);
  put(json, "open_files", found.open_files);
  put(json, "cpu_seconds", found.cpu_seconds);
  return text_of(json);
}

std::optional<Findings> parse_findings(std::string_view text) {
  return read_object<Findings>(text, [](const Json& json) {
    Findings found;
    found.host = json.value("host", "");
    found.started_unix = json.value("started_unix_us", Micros{0});
    found.addresses = json.value("addresses", Words{});
    found.port = json.value("port", std::uint16_t{0});
    found.directory = file_system_from(json.value("directory", Json::object()));
    found.cores = json.value("cores", 0u);
    found.memory_mb = json.value("memory_mb", std::uint64_t{0});
    found.confined = json.value("confined", false);
    found.fabrics = json.value("fabrics", Words{});
    found.ask_error = json.value("ask_error", "");
    found.clock_ahead = maybe<Micros>(json, "clock_ahead_us");
    found.memlock_kb = maybe<std::uint64_t>(json, "memlock_kb");
    found.open_files = maybe<std::uint64_t>(json, "open_files");
    found.cpu_seconds = maybe<std::uint64_t>(json, "cpu_seconds");
    read_lists(json, found);
    return found;
  });
}

std::string to_text(const Stamp& stamp) {
  return fmt::format("{} {} {} {} .\n", stamp.number, stamp.written_unix, stamp.answered_unix,
                     stamp.seen_unix);
}

std::optional<Stamp> parse_stamp(std::string_view text) {
  long long written = 0, answered = 0, seen = 0;
  unsigned number = 0;
  char end = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%u %lld %lld %lld %c", &number, &written, &answered, &seen,
                  &end) != 5 ||
      end != '.')
    return {};
  return Stamp{number, written, answered, seen};
}

// No fsync: others see a file by its name, and a stamp that a crash loses is worth nothing.
void put_stamp(const std::string& path, const Stamp& stamp) {
  const auto fresh = path + ".new";
  remove_tree(fresh);
  append_file(fresh, to_text(stamp));
  std::rename(fresh.c_str(), path.c_str());
}

std::optional<Stamp> read_stamp(const std::string& path) {
  try {
    const auto text = read_file_if_there(path);
    return text ? parse_stamp(*text) : std::nullopt;
  } catch (const std::exception&) { return {}; }  // a stale handle: it was just replaced
}

}  // namespace pcluster
