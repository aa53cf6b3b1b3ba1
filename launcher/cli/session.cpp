// Where this call's cluster lies, and how it talks.
// SPDX-License-Identifier: MIT
#include "launcher/cli/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Read by every verb: they must all mean the same cluster.
std::string configured_cluster(const Session& session) {
  if (variable(session.variables, "HOME").empty()) return {};
  const auto file = session.configuration_file();
  const auto text = read_file_if_there(file);
  return text ? parse_configuration(*text, file).cluster.value_or("") : "";
}

}  // namespace

Variables read_environment() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string variable(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

void Session::say(std::string_view line) const {
  if (!quiet) write_err(std::string(line) + "\n");
}

void Session::use_cluster(const std::string& name) {
  if (!valid_cluster_name(name))
    throw Error(Exit::usage, fmt::format("\"{}\" is no cluster name", printable(name)),
                "use at most 32 of A-Z a-z 0-9 _ -");
  cluster = name;
}

std::string Session::configuration_file() const { return home() + "/.config/pcluster/config.yaml"; }

std::string Session::home() const {
  const auto home = variable(variables, "HOME");
  if (home.empty())
    throw Error(Exit::usage, "HOME is not set: no place for the cluster's state",
                "set PCLUSTER_DIR to a directory that the nodes can see");
  return home;
}

std::string Session::share() const {
  const auto said = variable(variables, "PCLUSTER_SHARE");
  return said.empty() ? directory_of(directory_of(own_binary())) + "/share/pcluster" : said;
}

StateDirectory Session::state() const {
  const auto said = variable(variables, "PCLUSTER_DIR");
  auto path = (said.empty() ? home() + "/.pcluster" : said) + "/" + cluster;
  if (path.front() != '/') path = current_directory() + "/" + path;
  char real[4096];
  const auto length = readlink(path.c_str(), real, sizeof real);
  if (length > 0 && length < static_cast<ssize_t>(sizeof real) && real[0] == '/')
    path.assign(real, static_cast<std::size_t>(length));
  return {path};
}

Session make_session(const Arguments& arguments, Variables variables) {
  Session session;
  session.variables = std::move(variables);
  session.json = arguments.has("json");
  session.quiet = arguments.has("quiet");
  session.take_over = arguments.has("take-over");
  session.out_is_terminal = is_terminal(STDOUT_FILENO);
  session.err_is_terminal = is_terminal(STDERR_FILENO);
  auto name = arguments.text("cluster").value_or(variable(session.variables, "PCLUSTER_CLUSTER"));
  if (name.empty()) name = configured_cluster(session);
  session.use_cluster(name.empty() ? "default" : name);
  return session;
}

std::string expand_path(const std::string& path, const Variables& variables,
                        const std::string& user) {
  const auto home = variable(variables, "HOME");
  auto text = path;
  if (text == "~" || text.starts_with("~/")) text = home + text.substr(1);
  for (const auto& [name, value] : {std::pair{"USER", user}, std::pair{"HOME", home}}) {
    text = replace_all(text, fmt::format("${{{}}}", name), value);
    text = replace_all(text, fmt::format("${}", name), value);
  }
  return text;
}

}  // namespace pcluster
