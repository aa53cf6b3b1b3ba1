// `pcluster logs`: what tasks wrote to stdout and stderr, with or without a launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/spool.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"--stdout", "", "only what went to stdout"},
    {"--stderr", "", "only what went to stderr"},
};

std::string_view name_of(Stream stream) { return stream == Stream::out ? "stdout" : "stderr"; }

// By task, then attempt, then stream; the pieces of one stream stay in the order they were written.
std::vector<SpoolPiece> pieces_of(const StateDirectory& state, const TaskRef& ref,
                                  const Arguments& arguments) {
  auto pieces = find_output(state, ref.workload, ref.index);
  const bool out = arguments.has("stdout"), err = arguments.has("stderr");
  if (out != err)
    std::erase_if(pieces,
                  [&](const auto& p) { return p.stream != (out ? Stream::out : Stream::err); });
  std::ranges::stable_sort(pieces, {}, [](const SpoolPiece& p) {
    return std::tuple(p.attempt.task.index, p.attempt.number, p.attempt.epoch, p.stream);
  });
  return pieces;
}

// On a terminal no task may drive it: control bytes are shown, line breaks and tabs stay.
std::string shown(const std::string& bytes, bool terminal) {
  if (!terminal) return bytes;
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = bytes.find_first_of("\n\t", at);
    text += printable(std::string_view(bytes).substr(at, end - at));
    if (end == bytes.npos) break;
    text += bytes[end];
    at = end + 1;
  }
  return text;
}

void print_text(const Session& session, const std::vector<SpoolPiece>& pieces, bool headings) {
  std::string last;
  bool line_open = false;
  for (const auto& piece : pieces) {
    auto heading = fmt::format("{} {}", to_string(piece.attempt), name_of(piece.stream));
    if (headings && heading != last)
      write_out(fmt::format("{}==> {} <==\n", line_open ? "\n" : "", heading));
    last = std::move(heading);
    const auto text = shown(read_piece(piece), session.out_is_terminal);
    write_out(text);
    if (!text.empty()) line_open = text.back() != '\n';
  }
}

void print_json(const std::vector<SpoolPiece>& pieces) {
  std::vector<OutputView> views;
  for (const auto& piece : pieces) {
    const auto stream = name_of(piece.stream);
    if (views.empty() || views.back().attempt != piece.attempt || views.back().stream != stream)
      views.push_back({piece.attempt, stream, {}});
    views.back().text += read_piece(piece);
  }
  write_out(logs_document(views));
}

int run(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  const auto state = session.state();
  const auto pieces = pieces_of(state, ref, arguments);
  if (pieces.empty()) read_workload(state, ref.workload);  // throws when there is no such workload
  if (session.json) {
    print_json(pieces);
    return static_cast<int>(Exit::done);
  }
  if (pieces.empty()) session.say("nothing was written");
  const bool several = std::ranges::any_of(pieces, [&](const SpoolPiece& piece) {
    return piece.attempt != pieces.front().attempt || piece.stream != pieces.front().stream;
  });
  print_text(session, pieces, several);
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_logs{
    .name = "logs",
    .summary = "what tasks wrote to stdout and stderr",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = options,
    .more_options = {},
    .examples =
        "pcluster logs 7.123\n"
        "pcluster logs last --stderr",
    .run = run,
    .description =
        "Prints what tasks wrote to stdout and stderr, by task and attempt. It reads the files of "
        "the workers, so that it needs no launcher and works after stop.",
};

}  // namespace pcluster
