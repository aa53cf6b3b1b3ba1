// doctor's report as JSON and as lines, and the place where it is kept.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

using Json = nlohmann::ordered_json;

std::string place(const Session& session) {
  return session.home() + "/.local/state/pcluster/doctor";
}

DoctorReport report_from(const Json& json) {
  DoctorReport report;
  report.site = json.value("site", "");
  report.partition = json.value("partition", "");
  report.host = json.value("host", "");
  report.at = json.value("at", "");
  report.probed = json.value("probed", false);
  report.reached = json.value("reached", std::vector<std::string>{});
  report.scratch = json.value("scratch", "");
  report.scratch_kind = json.value("scratch_kind", "");
  report.better_scratch = json.value("better_scratch", "");
  report.better_free_mb = json.value("better_scratch_free_mb", std::uint64_t{0});
  for (const auto& row : json.value("items", Json::array()))
    report.rows.push_back({row.value("name", ""), row.value("state", ""), row.value("detail", ""),
                           row.value("remedy", "")});
  return report;
}

std::string indented(const std::string& text) { return replace_all(text, "\n", "\n    "); }

}  // namespace

DoctorReport make_report(const std::string& site, const std::string& partition,
                         const LoginFacts& login, const ProbeRun& run, std::string at,
                         bool same_host) {
  DoctorReport report{site,
                      partition,
                      login.host,
                      std::move(at),
                      login_rows(login),
                      run.findings.has_value(),
                      {},
                      {},
                      {},
                      {},
                      0};
  for (auto& row : probe_rows(run, same_host)) report.rows.push_back(std::move(row));
  if (!run.findings) return report;
  for (const auto& each : run.findings->tries)
    if (each.reached() && !each.address.starts_with("127.")) report.reached.push_back(each.address);
  auto places = run.findings->scratch;  // what this call said is no default
  std::erase_if(places, [](const auto& each) { return each.origin == "--local-directory"; });
  const auto [used, better] = choose_scratch(places);
  if (used != nullptr) report.scratch = used->path, report.scratch_kind = used->on.kind;
  if (better != nullptr)
    report.better_scratch = better->path, report.better_free_mb = better->on.free_mb;
  return report;
}

void keep_known(DoctorReport& report, const DoctorReport& before) {
  if (report.probed) return;
  if (report.host == before.host) report.reached = before.reached;
  report.scratch = before.scratch;
  report.scratch_kind = before.scratch_kind;
  report.better_scratch = before.better_scratch;
  report.better_free_mb = before.better_free_mb;
}

bool any_failed(const DoctorReport& report) {
  return std::ranges::any_of(report.rows, [](const auto& row) { return row.state == "failed"; });
}

std::string to_text(const DoctorReport& report) {
  auto items = Json::array();
  for (const auto& row : report.rows)
    items.push_back(
        {{"name", row.name}, {"state", row.state}, {"detail", row.detail}, {"remedy", row.remedy}});
  const Json json{{"version", 1},
                  {"kind", "doctor"},
                  {"items", std::move(items)},
                  {"site", report.site},
                  {"partition", report.partition},
                  {"host", report.host},
                  {"at", report.at},
                  {"probed", report.probed},
                  {"reached", report.reached},
                  {"scratch", report.scratch},
                  {"scratch_kind", report.scratch_kind},
                  {"better_scratch", report.better_scratch},
                  {"better_scratch_free_mb", report.better_free_mb}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<DoctorReport> parse_report(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  try {
    auto report = report_from(json);
    return report.rows.empty() ? std::nullopt : std::optional(std::move(report));
  } catch (const nlohmann::json::exception&) { return {}; }  // a field of another type
}

std::string table_text(const DoctorReport& report) {
  std::string text;
  for (const auto& row : report.rows) {
    text += fmt::format("{:<23}{}: {}\n", row.name, row.state, indented(row.detail));
    if (!row.remedy.empty()) text += fmt::format("    {}\n", row.remedy);
  }
  return text;
}

std::string report_file(const Session& session, const std::string& site) {
  return fmt::format("{}/{}.json", place(session), replace_all(site, "/", "_"));
}

void remember(const Session& session, const DoctorReport& report) {
  if (variable(session.variables, "HOME").empty()) return;
  try {
    make_directories(place(session));
    write_file(report_file(session, report.site), to_text(report));
  } catch (const Error& error) { session.say(fmt::format("not remembered: {}", error.what())); }
}

std::optional<DoctorReport> remembered(const Session& session, const std::string& site) {
  if (variable(session.variables, "HOME").empty()) return {};
  std::vector<std::string> files;
  if (!site.empty()) files.push_back(report_file(session, site));
  if (site.empty())
    for (const auto& name : list_directory(place(session)))
      if (name.ends_with(".json")) files.push_back(place(session) + "/" + name);
  std::optional<DoctorReport> newest;
  for (const auto& file : files) {
    const auto text = read_file_if_there(file);
    auto report = text ? parse_report(*text) : std::nullopt;
    if (report && (!newest || report->at > newest->at)) newest = std::move(report);
  }
  return newest;
}

std::optional<DoctorReport> remembered_at(const Session& session, const std::string& site) {
  try {
    return site.empty() ? std::nullopt : remembered(session, site);
  } catch (const Error&) { return {}; }
}

std::vector<std::string> notes_from(const DoctorReport& report, const JobSpec& spec,
                                    const std::string& host) {
  std::vector<std::string> notes;
  const auto when = fmt::format("doctor, {}", report.at.substr(0, 10));
  if (report.probed && report.reached.empty() && report.host == host && spec.adapter != "local")
    notes.push_back(
        fmt::format("{}: the nodes reached no address of {}; pcluster doctor tries "
                    "again",
                    when, host));
  const bool told = report.scratch_kind == "ram" || report.scratch_kind == "shared";
  if (spec.local_directory.empty() && told && !report.better_scratch.empty())
    notes.push_back(
        fmt::format("{}: {} on the nodes is {}; --local-directory {} is a disk of "
                    "theirs, {} free",
                    when, report.scratch, report.scratch_kind == "ram" ? "RAM" : "shared",
                    report.better_scratch, show_memory_mb(report.better_free_mb)));
  return notes;
}

}  // namespace pcluster
