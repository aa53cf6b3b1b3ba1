// $PCLUSTER_RESULT: what a task wrote about itself, read and removed when it has ended.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/result_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/result.hpp"

namespace pcluster {
namespace {

TaskColumns unusable(const std::string& why) {
  return {{}, "the result file ($PCLUSTER_RESULT) was not kept: " + why};
}

// JSON's own words for what is wrong carry the place of the fault.
TaskColumns check(const std::string& text) {
  if (trim(text).empty()) return unusable("it is empty; write one JSON object");
  try {
    auto parsed = nlohmann::json::parse(text);
    if (!parsed.is_object())
      return unusable(fmt::format("it holds a JSON {}; write one object, such as {{\"rate\": 4.2}}",
                                  parsed.type_name()));
    return {parsed.dump(), {}};
  } catch (const nlohmann::json::exception& error) {
    return unusable(fmt::format("not JSON: {}", printable(error.what())));
  }
}

}  // namespace

TaskColumns take_result_file(const std::string& path) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!file && errno == ENOENT) return {};
  int error = errno;
  struct stat about {};
  bool regular = file && fstat(file.get(), &about) == 0 && S_ISREG(about.st_mode);
  unlink(path.c_str());
  if (!file && error != ELOOP) return unusable(std::strerror(error));
  if (!regular) return unusable("it is not a plain file");
  if (static_cast<std::size_t>(about.st_size) > max_columns)
    return unusable(fmt::format("{} bytes; at most {} fit, put more into a file of your own",
                                about.st_size, max_columns));
  std::string text(max_columns + 1, '\0');
  ssize_t size = read(file.get(), text.data(), text.size());
  if (size < 0) return unusable(std::strerror(errno));
  text.resize(static_cast<std::size_t>(size));
  return check(text);
}

}  // namespace pcluster
