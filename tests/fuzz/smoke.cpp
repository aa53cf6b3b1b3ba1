// A target without libFuzzer, for ./dev test: its corpus, and so many mutations of each of its
// files, always the same ones.
//   fuzz_NAME CORPUS_DIRECTORY [MUTATIONS]
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace {

using Chance = std::mt19937_64;

std::vector<std::string> corpus_of(const std::string& directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& one : std::filesystem::directory_iterator(directory))
    paths.push_back(one.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
}

std::size_t below(Chance& chance, std::size_t end) { return end == 0 ? 0 : chance() % end; }

// A few bytes or bits changed, a part cut out, doubled, or taken from another file.
std::string mutated(std::string text, const std::vector<std::string>& corpus, Chance& chance) {
  for (auto times = 1 + below(chance, 4); times > 0; --times) {
    const auto at = below(chance, text.size() + 1);
    const auto size = below(chance, std::min<std::size_t>(text.size() - at, 32) + 1);
    switch (below(chance, 6)) {
      case 0: text.insert(at, 1, static_cast<char>(chance())); break;
      case 1: text.erase(at, size); break;
      case 2: text.insert(at, text.substr(at, size)); break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(chance, 8)));
        break;
      case 4: text.resize(at); break;
      default: {
        const auto& other = corpus[below(chance, corpus.size())];
        const auto from = below(chance, other.size() + 1);
        text.insert(at, other.substr(from, below(chance, 64)));
      }
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIRECTORY [MUTATIONS]\n", argv[0]);
    return 2;
  }
  const auto corpus = corpus_of(argv[1]);
  const auto mutations = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 500;
  pcluster::fuzz::must(!corpus.empty(), "the corpus is there");
  Chance chance(1);
  for (const auto& text : corpus) {
    pcluster::fuzz::run(text);
    for (std::size_t i = 0; i < mutations; ++i) pcluster::fuzz::run(mutated(text, corpus, chance));
  }
  return 0;
}
