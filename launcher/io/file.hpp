// Files: whole reads, atomic writes, private directories.  Errors are Error with the path in it.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

class Fd {  // owns a descriptor
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

std::optional<std::string> read_file_if_there(const std::string& path);
std::string read_file(const std::string& path);  // throws when missing
void write_file(const std::string& path, std::string_view text,
                int mode = 0600);  // temp, fsync, rename, fsync of the directory
void append_file(const std::string& path, std::string_view text);
bool exists(const std::string& path);
std::vector<std::string> list_directory(
    const std::string& path);  // names, sorted; empty when missing
void make_directories(const std::string& path, int mode = 0700);
// Creates it 0700, or checks that it is a directory of ours that others cannot enter; Error says
// the chmod.
void make_private_directory(const std::string& path);
void remove_tree(const std::string& path);
void write_all(int fd, std::string_view bytes);  // throws
std::optional<std::string> find_program(const std::string& name, const std::string& path_variable);
std::string own_binary();  // absolute path of this program
// The path of "pcluster" or "pcluster-...", which lie side by side; another name as it is.
std::string own_program(const std::string& name);
std::string hostname();
std::string user_name();
std::string current_directory();

}  // namespace pcluster
