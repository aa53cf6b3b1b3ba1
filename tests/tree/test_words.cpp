// Schedulers are named in adapters/, templates/ and site-configs/ alone; nothing is left half done.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <regex>
#include "tests/tree/sources.hpp"

using namespace pcluster::tree;

namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

void no_line_has(const Source& source, const std::string& text, const std::regex& what) {
  std::vector<std::string> lines = split_lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(place(source, i), ": ", lines[i]);
    CHECK_FALSE(std::regex_search(lines[i], what));
  }
}

}  // namespace

TEST_CASE("no scheduler is named in the code of the launcher and the worker") {
  const std::regex schedulers(
      "slurm|sbatch|squeue|scancel|sinfo|sacct|scontrol|srun|qsub|qstat|qdel|qmgr|pbsnodes|"
      "\\bpbs|torque",
      std::regex::icase);
  std::size_t seen = 0;
  for (const Source& source : all_sources()) {
    if (!is_cpp(source) || !(below(source, "launcher") || below(source, "mpi-runtime"))) continue;
    ++seen;
    const std::regex option("slurm[-_]via");  // of one scheduler alone, and named so
    const auto text = std::regex_replace(code_of(source, true), option, "");
    no_line_has(source, text, schedulers);  // comments may give examples
  }
  CHECK(seen > 20);
}

TEST_CASE("nothing is left for later") {
  const std::regex later(
      "TO"
      "DO|FIX"
      "ME|\\bXX"
      "X\\b|not impl"
      "emented");
  for (const Source& source : all_sources()) {
    if (below(source, "docs")) continue;
    std::string text;
    for (const std::string& line : source.lines) text += line + "\n";
    no_line_has(source, text, later);
  }
}
