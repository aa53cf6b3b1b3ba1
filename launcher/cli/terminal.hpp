// The terminal and the clock: who reads us, how wide, and the signals that a person sends.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "launcher/base/units.hpp"

namespace pcluster {

bool is_terminal(int fd);
int terminal_width();  // columns of stderr; 80 when it has none
Time steady_now();
void pause_for(Micros);  // a signal cuts it short

void write_out(std::string_view text);  // to stdout, all of it; throws Error when it cannot
void write_err(std::string_view text);  // to stderr; never throws
std::string read_stdin();               // to its end

// From here on Ctrl-C, TERM and a closed terminal are counted instead of ending us; a blocking
// receive returns when one comes, and when we go on after Ctrl-Z.
void catch_interrupts();
int interrupts();      // how often Ctrl-C (or TERM) came
int last_interrupt();  // which of them
bool hung_up();        // SIGHUP came: the terminal is gone

// One line that is rewritten on a terminal, while we are in its foreground; elsewhere a plain line,
// at most one per `every`.
class StatusLine {
 public:
  StatusLine(bool terminal, bool quiet, Micros every);
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  void show(std::string_view text, Time now);
  void keep();                       // what is shown stays; a new line begins
  void clear();                      // makes room for other output
  void last(std::string_view text);  // replaces what is shown and stays
  bool terminal() const { return terminal_; }

 private:
  bool terminal_, quiet_;
  Micros every_;
  Time next_ = 0;
  std::string shown_;
  int continued_ = 0;  // how often we had been stopped when the line was drawn
};

}  // namespace pcluster
