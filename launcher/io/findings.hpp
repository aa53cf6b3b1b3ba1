// What `pcluster doctor` asks its probe on a node, what that finds, and the stamps that the two
// exchange: files in the state directory, so that they are seen where no TCP goes.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/base/units.hpp"
#include "launcher/io/mounts.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

inline constexpr const char* probe_role = "probe";      // as in `pcluster probe --directory ...`
inline constexpr const char* probe_cluster = "doctor";  // whose key the two have
// Of the probe's own listener: where a node has an address of the login host too (a bridge of
// containers), a call to it must not take the probe for doctor.
inline constexpr const char* probe_back_cluster = "doctor-back";

struct ProbePaths {  // below the probe's own state directory
  std::string root;
  std::string request() const { return root + "/request.json"; }
  std::string findings() const { return root + "/findings.json"; }
  std::string login_stamp() const { return root + "/stamp.login"; }
  std::string node_stamp() const { return root + "/stamp.node"; }
};

struct ProbeRequest {
  std::vector<std::string> addresses;  // of the login host
  PortRange ports;                     // where the probe may listen
  std::uint16_t port = 0;              // where doctor listens
  std::string mpiexec;
  std::vector<std::string> ask;  // a command that the scheduler answers; empty: there is none
};

struct AddressTry {
  std::string address;
  std::string kind;   // "reached", or the kind of failure (hops.hpp)
  std::string error;  // in the kernel's words
  Micros took = 0;
  bool reached() const { return kind == "reached"; }
  bool operator==(const AddressTry&) const = default;
};

struct ScratchPlace {
  std::string path, origin;  // origin: "--local-directory", "$TMPDIR", or empty: a usual place
  FileSystem on;
  bool writable = false;
  bool operator==(const ScratchPlace&) const = default;
};

struct ProgramFound {
  std::string name, path, version;  // path empty: it is not on PATH
  bool operator==(const ProgramFound&) const = default;
};

struct Findings {
  std::string host;
  Micros started_unix = 0;
  std::vector<std::string> addresses;  // the node's own
  std::uint16_t port = 0;              // where the probe listens; 0: nowhere
  std::vector<AddressTry> tries;
  std::optional<Micros> clock_ahead;  // of the login host's clock, by TCP
  FileSystem directory;               // where the state directory is, as seen there
  std::uint32_t cores = 0;
  std::uint64_t memory_mb = 0;
  bool confined = false;
  std::optional<std::uint64_t> memlock_kb, open_files, cpu_seconds;  // nothing: no limit
  std::vector<std::string> fabrics;
  std::vector<ScratchPlace> scratch;
  std::vector<ProgramFound> programs;
  std::string ask_error;  // of ProbeRequest::ask; empty: it was answered
  bool operator==(const Findings&) const = default;
};

std::string to_text(const ProbeRequest&);
std::string to_text(const Findings&);
std::optional<ProbeRequest> parse_request(std::string_view text);  // nothing: cut short, or no such
std::optional<Findings> parse_findings(std::string_view text);

// One word there, and an answer: times by the clock of who wrote or saw it.
struct Stamp {
  std::uint32_t number = 0;  // 0: the end
  Micros written_unix = 0, answered_unix = 0, seen_unix = 0;
};
std::string to_text(const Stamp&);
std::optional<Stamp> parse_stamp(std::string_view text);
void put_stamp(const std::string& path, const Stamp&);  // renamed into its place
std::optional<Stamp> read_stamp(const std::string& path);

}  // namespace pcluster
