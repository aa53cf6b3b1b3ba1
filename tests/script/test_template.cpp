// Templates: quoting by type and place, misses as errors, values byte for byte through a real
// shell. SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/script/template.hpp"

using namespace pcluster;

namespace {

const Fields fields{
    {"job_id", ShellCode{"${SCHED_ID}"}},
    {"directory", ShellWord{"it's $(here)"}},
    {"command", ShellWords{{"run", "--flag", "a b"}}},
    {"setup", ShellLines{{"module load x", "a='b'"}}},
    {"nothing", ShellLines{}},
    {"one", DirectiveValue{"--one"}},
    {"directives", std::vector<DirectiveValue>{{"--a=1"}, {"--b=<&>"}}},
    {"none", std::vector<DirectiveValue>{}},
    {"many", true},
    {"few", false},
};

std::string said(std::string_view text, const Fields& with = fields) {
  try {
    return "rendered: " + render(text, with, "site.sh");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
}

std::string run_sh(const std::string& script) {
  char path[] = "/tmp/pcluster-template-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  std::ofstream(path, std::ios::binary) << script;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("sh " + std::string(path)).c_str(), "r"),
                                                   pclose);
  std::string out;
  std::array<char, 65536> buffer;
  while (const auto got = fread(buffer.data(), 1, buffer.size(), pipe.get()))
    out.append(buffer.data(), got);
  close(fd);
  remove(path);
  return out;
}

}  // namespace

TEST_CASE("values are set in by their type") {
  CHECK(render("id={{job_id}} \"{{ job_id }}\"", fields, "t") == "id=${SCHED_ID} \"${SCHED_ID}\"");
  CHECK(render("cd {{directory}}", fields, "t") == "cd 'it'\\''s $(here)'");
  CHECK(render("exec {{command}}", fields, "t") == "exec run \\\n  --flag 'a b'");
  CHECK(render("{{setup}}\n", fields, "t") == "module load x\na='b'\n");
  CHECK(render("#X {{one}}\n", fields, "t") == "#X --one\n");
}

TEST_CASE("sections test for something to say, and run over lists") {
  CHECK(render("{{#directives}}\n#S {{.}}\n{{/directives}}\nx\n", fields, "t") ==
        "#S --a=1\n#S --b=<&>\nx\n");  // no HTML
  CHECK(render("{{#none}}\n#S {{.}}\n{{/none}}\nx", fields, "t") == "x");
  CHECK(render("{{#nothing}}a{{/nothing}}{{^nothing}}b{{/nothing}}", fields, "t") == "b");
  CHECK(render("{{#many}}a{{/many}}{{#few}}b{{/few}}{{^few}}c{{/few}}", fields, "t") == "ac");
}

TEST_CASE("the template's own comments vanish, and count as lines") {
  CHECK(render("#!/bin/sh\n## {{nonsense}} {{{x}}}\n# stays\n  ## stays\n", fields, "t") ==
        "#!/bin/sh\n# stays\n  ## stays\n");
  CHECK(said("a\n## b\n{{jobid}}") == "site.sh:3: unknown field `jobid` (did you mean `job_id`?)");
}

TEST_CASE("misses are errors with the line and the nearest name") {
  CHECK(said("{{directry}}") == "site.sh:1: unknown field `directry` (did you mean `directory`?)");
  CHECK(said("\n\n{{#zzzzzzzz}}{{/zzzzzzzz}}") == "site.sh:3: unknown field `zzzzzzzz`");
  CHECK(said("{{setup.x}}").find("unknown field `setup.x`") != std::string::npos);
  CHECK(said("{{.}}").find("stands only in a section over a list") != std::string::npos);
  CHECK(said("{{#many}}\n#{{.}}\n{{/many}}").find("site.sh:2: {{.}} stands only") == 0);
  try {
    render("{{x}}", fields, "t");
    FAIL("rendered");
  } catch (const Error& error) { CHECK(error.hint().find("job_id, many") != std::string::npos); }
}

TEST_CASE("ways around the quoting are refused") {
  CHECK(said("x\n{{{directory}}}").find("site.sh:2: `{{{x}}}` and `{{&x}}` are refused") == 0);
  CHECK(said("{{& directory}}").find("are refused") != std::string::npos);
  CHECK(said("{{> other}}").find("partials") != std::string::npos);
  CHECK(said("{{=<% %>=}}").find("delimiters") != std::string::npos);
  CHECK(said("{{directory").find("without its `}}`") != std::string::npos);
  CHECK(said("{{#many}}").find("section `many` is never closed") != std::string::npos);
  CHECK(said("{{#many}}{{/few}}").find("closes a section that is not open") != std::string::npos);
  CHECK(said("{{}}").find("a tag without a name") != std::string::npos);
}

TEST_CASE("a value stands only where its quoting holds") {
  const std::vector<const char*> wrong{
      "echo \"{{directory}}\"",
      "echo '{{directory}}'",
      "echo `ls {{directory}}`",
      "echo \\{{directory}}",
      "echo # {{directory}}",
      "# {{directory}}",
      "cat <<E\n{{directory}}\n",
      "a=\"x\ny {{directory}}\"",
      "'a\n{{directory}}'",
      "#S {{job_id}}",
      "echo '{{job_id}}'",
      "echo {{one}}",
      "echo {{setup}}",
      "{{directives}}",
      "{{many}}",
      "#S {{command}}",
      "{{#directives}}{{.}}{{/directives}}",
  };
  for (const auto* text : wrong) {
    INFO(text);
    CHECK(said(text).find("rendered") == std::string::npos);
  }
  const std::vector<const char*> right{
      "a=\"x\"'y' {{directory}}",
      "echo ${#a} {{directory}}",
      "# don't\ncd {{directory}}",
      "f <<<x\ncd {{directory}}",
      "--nodes={{directory}}",
      "echo \\\\{{directory}}",
      "if true; then # why `\ncd {{directory}}\nfi",
      "echo \"\\\"{{job_id}}\"",
  };
  for (const auto* text : right) {
    INFO(text);
    CHECK(said(text).find("rendered") == 0);
  }
}

TEST_CASE("a directive is one line") {
  for (const auto* text : {"--a\n#S --b", "--a\r", "--a\x1b[2J"}) {
    const Fields bad{{"d", std::vector<DirectiveValue>{{text}}}};
    CHECK(said("{{#d}}\n#S {{.}}\n{{/d}}", bad).find("holds a line break or a control character") !=
          std::string::npos);
  }
  const Fields zero{{"w", ShellWord{std::string("a\0b", 3)}}};
  CHECK(said("{{w}}", zero).find("NUL") != std::string::npos);
}

TEST_CASE("1,000 random values reach their program byte for byte") {
  std::mt19937 random(4711);
  const std::vector<std::string> pieces{
      "'", "\"", "$(id)", "`id`",   "\\", "\n", "\r\n", "{{x}}", "#", "&",  "<<E",  "*",
      " ", "\t", "!!",    "$'\\n'", "--", "~",  "=",    ";",     "%", "}}", "&lt;", "\xc3\xbc"};
  ShellWords words{{"printf", "%s\\0"}};
  for (int i = 0; i < 1000; ++i) {
    std::string value;
    for (auto left = random() % 12; left > 0; --left)
      value += random() % 2 == 0 ? pieces[random() % pieces.size()]
                                 : std::string(1, static_cast<char>(1 + random() % 255));
    words.words.push_back(value);
  }
  std::string wanted;
  for (std::size_t i = 2; i < words.words.size(); ++i) wanted += words.words[i] + '\0';
  CHECK(run_sh(render("{{w}}\n", {{"w", words}}, "t")) == wanted);

  Fields single;  // each as a field of its own, in the midst of a word
  std::string text, expected;
  for (std::size_t i = 2; i < words.words.size(); ++i) {
    const auto name = "f" + std::to_string(i);
    single.emplace(name, ShellWord{words.words[i]});
    text += "printf '%s\\0' --x={{" + name + "}}-\n";
    expected += "--x=" + words.words[i] + "-" + '\0';
  }
  CHECK(run_sh(render(text, single, "t")) == expected);
}
