// Why the workers of jobs that run do not come home, as far as their logs tell.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/model/messages.hpp"

namespace pcluster {

// Of a job that left nothing: what may be the matter.
inline constexpr std::string_view unseen_directory =
    "does its node see that directory? (PCLUSTER_DIR, or state_dir: of the site)";

class NotHome {
 public:
  // Reads the logs of the first few of these jobs, once a second at most.
  void look(const std::vector<JobRow>& absent, Time now);
  // "3 addresses tried from n14: 2 no route, 1 refused"; empty: nothing is known.
  const std::string& text() const { return text_; }

 private:
  Time next_ = 0;
  std::map<std::string, Time> running_since_;  // by the log of a job, as far as we saw
  std::string text_;
};

// The end of a file, at most so many bytes; nothing when it is not there or cannot be read.
std::string end_of_file(const std::string& path, std::size_t bytes);

}  // namespace pcluster
