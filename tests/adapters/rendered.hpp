// Job scripts for tests: what they are rendered from, and the golden ones beside this file
// (PCLUSTER_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it).
// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "adapters/adapter.hpp"

namespace pcluster::test {

inline const std::string source = PCLUSTER_SOURCE;

inline std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(source + "/" + path).rdbuf();
  return text.str();
}

inline void check_golden(const std::string& name, const std::string& script) {
  const auto path = "tests/adapters/golden/" + name;
  if (std::getenv("PCLUSTER_UPDATE_GOLDEN") != nullptr)
    std::ofstream(source + "/" + path) << script;
  CHECK(script == text_of(path));
  CHECK(std::system(("bash -n '" + source + "/" + path + "'").c_str()) == 0);
}

inline JobSpec spec_for(const Adapter& adapter) {
  JobSpec spec;
  spec.adapter = adapter.name;
  spec.job_template = text_of("templates/" + std::string(adapter.template_file));
  spec.worker_binary = "/opt/pcluster/bin/pcluster";
  return spec;
}

inline JobIdentity identity(std::uint32_t count) {
  return {"default", "pcl-default-k3x9", "k3x9", "/home/ann/.pcluster/default", count};
}

inline JobSpec with_everything(const Adapter& adapter) {
  auto spec = spec_for(adapter);
  spec.per_node = {2, 4000, 1};
  spec.time = 90 * 60 * second;
  spec.warning = 90 * second;
  spec.slots = 2;
  spec.local_directory = "/scratch";
  spec.setup = {"module load neuron", "export OMP_PROC_BIND=close"};
  spec.prologue = {"mkdir -p /scratch/$USER"};
  spec.epilogue = {"rm -rf /scratch/$USER", "date"};
  return spec;
}

// Quotes, blanks, dollars, line breaks and letters beyond ASCII, wherever a value may stand.
inline JobSpec awkward(const Adapter& adapter) {
  auto spec = spec_for(adapter);
  spec.worker_binary = "/opt/Müller's $HOME/\"bin\"/pcluster";
  spec.local_directory = "/tmp/a b\n$(id)";
  spec.setup = {"echo \"it's $HOME\"", "cat <<'END'", "a ) brace } and `tick`", "END"};
  spec.prologue = {"echo 'προ' # (comment"};
  spec.epilogue = {"echo \"done: $?\" # } comment )", "# the last line is a comment"};
  return spec;
}

}  // namespace pcluster::test
