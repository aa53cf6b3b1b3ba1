// What `doctor` found at a site: as a document, remembered per site, and what `submit` makes of it.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/cli/doctor_rows.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

struct DoctorReport {
  std::string site, partition, host, at;  // host: of the login; at: "2026-11-21T08:02:09Z"
  std::vector<DoctorRow> rows;
  bool probed = false;               // the probe has told what it found
  std::vector<std::string> reached;  // addresses of the host by which nodes reach it
  // Scratch that tasks get unless something else is said, and a better place.
  std::string scratch, scratch_kind, better_scratch;
  std::uint64_t better_free_mb = 0;
};

DoctorReport make_report(const std::string& site, const std::string& partition, const LoginFacts&,
                         const ProbeRun&, std::string at, bool same_host);
// A probe that told nothing leaves what an earlier one did.
void keep_known(DoctorReport&, const DoctorReport& before);
bool any_failed(const DoctorReport&);
std::string to_text(const DoctorReport&);                         // pure, as the next
std::optional<DoctorReport> parse_report(std::string_view text);  // nothing: it is none
std::string table_text(const DoctorReport&);                      // a line each, and remedies

// ~/.local/state/pcluster/doctor/SITE.json
std::string report_file(const Session&, const std::string& site);
void remember(const Session&, const DoctorReport&);  // a home that cannot be written is said
// Of that site; of the one that was tried last when it is empty.
std::optional<DoctorReport> remembered(const Session&, const std::string& site);

// The same, for those to whom it is only advice: a file that cannot be read is none.
std::optional<DoctorReport> remembered_at(const Session&, const std::string& site);

// For people who submit there: what to know of it.  Pure.
std::vector<std::string> notes_from(const DoctorReport&, const JobSpec&, const std::string& host);

}  // namespace pcluster
