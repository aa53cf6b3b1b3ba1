// How the site's own mpiexec is asked to start ranks, here and through the workers of a gang.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/mpi_start.hpp"

#include <fmt/format.h>

#include <array>

namespace pcluster {
namespace {

// One MPI.  In words and values, RANKS, HOSTS, AGENT and SESSIONS stand for those of the plan.
struct Mpi {
  MpiKind kind;
  std::string_view word, name;  // the site's, and people's
  // Those who start on other hosts tell them where to call back: not "localhost" then.
  bool head_by_name;
  std::vector<std::string> here, over_hosts;  // words
  Environment defaults_here;                  // shared memory: of one host only
  Environment defaults;
  Environment start_over_hosts;  // set whatever was set before
  Environment as_root;
};

// Open MPI binds the ranks of two tasks to the same cores, whatever mask it was given; the mask
// that the worker sets stays when it is told to bind to none.  Where it was built so, it puts its
// own directory before the user's PATH (and so before a virtual environment) unless --noprefix.
// Its settings go by the environment: one given twice on a command line is an error, and the site's
// wrapper may give them.  Its daemons must not leave our agent (they would be taken for orphans),
// and the head starts them all: an agent serves no one elsewhere.  Nor are they told these settings
// (what people set they have from their own worker): one that knows of an agent which is not on its
// host ends at once.
// On several hosts nothing chooses the network: ob1 would turn InfiniBand off.
const std::vector<std::string> open_mpi_words{"--noprefix", "--host", "HOSTS", "--bind-to",
                                              "none",       "-np",    "RANKS"};
// One mpiexec removes this directory of its user as it ends, while the next one of the same user
// makes its own in it: "A call to mkdir was unable to create the desired directory", about one
// start in 200 with two at a time.  In one that is never empty, neither happens.
constexpr const char* sessions_variable = "OMPI_MCA_orte_top_session_dir";
const std::vector<std::string> hydra_here{"-launcher", "fork", "-np", "RANKS"};

Mpi open_mpi_4() {
  return {MpiKind::open_mpi_4,
          "openmpi4",
          "Open MPI 4",
          false,
          open_mpi_words,
          open_mpi_words,
          // Measured, two ranks not bound: 315 ms plain, 135 with pml and btl, 122 with gds, too.
          {{"OMPI_MCA_pml", "ob1"}, {"OMPI_MCA_btl", "self,vader"}, {"PMIX_MCA_gds", "hash"}},
          {{sessions_variable, "SESSIONS"}},
          {{"OMPI_MCA_plm", "rsh"},
           {"OMPI_MCA_plm_rsh_agent", "AGENT"},
           {"OMPI_MCA_plm_rsh_disable_qrsh", "1"},
           {"OMPI_MCA_plm_rsh_no_tree_spawn", "1"},
           {"OMPI_MCA_plm_rsh_pass_environ_mca_params", "0"},
           {"OMPI_MCA_orte_leave_session_attached", "1"}},
          {{"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}}};
}

Mpi open_mpi_5() {
  return {MpiKind::open_mpi_5,
          "openmpi5",
          "Open MPI 5",
          false,
          open_mpi_words,
          open_mpi_words,
          {{"OMPI_MCA_pml", "ob1"}, {"OMPI_MCA_btl", "self,sm"}},
          {},
          {{"PRTE_MCA_plm", "ssh"},
           {"PRTE_MCA_plm_ssh_agent", "AGENT"},
           {"PRTE_MCA_plm_ssh_no_tree_spawn", "1"},
           {"PRTE_MCA_plm_ssh_pass_environ_mca_params", "0"},
           {"PRTE_MCA_prte_leave_session_attached", "1"}},
          {{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
           {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
           {"PRTE_ALLOW_RUN_AS_ROOT", "1"},
           {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}}};
}

Mpi mpich() {
  return {MpiKind::mpich,
          "mpich",
          "MPICH",
          true,
          hydra_here,
          {"-rmk", "user", "-launcher", "ssh", "-launcher-exec", "AGENT", "-hosts", "HOSTS", "-np",
           "RANKS"},
          {},
          {},
          {},
          {}};
}

Mpi intel() {
  return {MpiKind::intel,
          "intel",
          "Intel MPI",
          true,
          hydra_here,
          {"-rmk", "user", "-bootstrap", "ssh", "-bootstrap-exec", "AGENT", "-hosts", "HOSTS",
           "-np", "RANKS"},
          {},
          {{"I_MPI_PIN", "0"}},
          {},
          {}};
}

const std::array<Mpi, 4>& table() {
  static const std::array<Mpi, 4> all{open_mpi_4(), open_mpi_5(), mpich(), intel()};
  return all;
}

const Mpi* find(MpiKind kind) {
  for (const auto& mpi : table())
    if (mpi.kind == kind) return &mpi;
  return nullptr;
}

std::string filled(const std::string& text, const MpiPlan& plan, const Mpi& mpi) {
  if (text == "RANKS") return std::to_string(plan.ranks);
  if (text == "AGENT") return plan.agent;
  if (text == "SESSIONS") return plan.sessions;
  if (text != "HOSTS") return text;
  if (plan.hosts.size() < 2) return "localhost:" + std::to_string(plan.ranks);
  return host_list(plan.hosts, mpi.head_by_name ? plan.host : "localhost");
}

void set(Environment& environment, const std::string& name, const std::string& value) {
  for (auto& entry : environment)
    if (entry.first == name) {
      entry.second = value;
      return;
    }
  environment.emplace_back(name, value);
}

bool has(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace

std::string_view to_string(MpiKind kind) {
  const Mpi* mpi = find(kind);
  return mpi == nullptr ? "unknown MPI" : mpi->name;
}

MpiKind mpi_kind_named(std::string_view word) {
  for (const auto& mpi : table())
    if (mpi.word == word) return mpi.kind;
  return MpiKind::unknown;
}

MpiKind mpi_kind(std::string_view text) {
  if (has(text, "Intel(R) MPI")) return MpiKind::intel;
  if (has(text, "HYDRA") || has(text, "Hydra")) return MpiKind::mpich;
  // "mpiexec (OpenRTE) 4.1.4", "mpirun (Open MPI) 4.1.2", "mpiexec (Open MPI) 5.0.3"
  for (std::string_view name : {"(OpenRTE) ", "(Open MPI) "}) {
    auto at = text.find(name);
    if (at == std::string_view::npos) continue;
    std::size_t number = at + name.size();
    bool old = number < text.size() && text[number] >= '1' && text[number] <= '4' &&
               text.substr(number + 1, 1) == ".";
    return old ? MpiKind::open_mpi_4 : MpiKind::open_mpi_5;
  }
  return MpiKind::unknown;
}

MpiStart mpi_start(MpiKind kind, const MpiPlan& plan, const MpiSettings& site) {
  MpiStart start;
  start.words = {plan.mpiexec};
  const Mpi* mpi = find(kind);
  const bool several = plan.hosts.size() > 1;
  if (mpi == nullptr) {
    start.words.insert(start.words.end(), {"-np", std::to_string(plan.ranks)});
  } else {
    for (const auto& word : several ? mpi->over_hosts : mpi->here)
      start.words.push_back(filled(word, plan, *mpi));
    for (const auto& [name, value] : mpi->defaults)
      start.defaults.emplace_back(name, filled(value, plan, *mpi));
    if (!several)
      for (const auto& [name, value] : mpi->defaults_here) set(start.defaults, name, value);
    if (plan.root)
      for (const auto& [name, value] : mpi->as_root) set(start.defaults, name, value);
    if (several)
      for (const auto& [name, value] : mpi->start_over_hosts)
        start.ours.emplace_back(name, filled(value, plan, *mpi));
  }
  start.words.insert(start.words.end(), site.arguments.begin(), site.arguments.end());
  for (const auto& [name, value] : site.environment) set(start.defaults, name, value);
  return start;
}

Environment part_defaults(const std::string& memory_directory, const std::string& sessions) {
  return {{sessions_variable, sessions},
          {"OMPI_MCA_btl_vader_backing_directory", memory_directory},
          {"OMPI_MCA_btl_sm_backing_directory", memory_directory}};
}

std::string explain_no_mpiexec(const std::string& mpiexec, const std::string& host,
                               std::string_view path) {
  return fmt::format(
      "{} not found on {} (PATH={}); load the site's MPI before the workers start (submit "
      "--setup \"module load openmpi\"), or in the shell that runs pcluster, whose PATH the task "
      "gets",
      mpiexec, host, path);
}

}  // namespace pcluster
