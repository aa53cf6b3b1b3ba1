#!/usr/bin/env bash
# The messages of `doctor` in docs/messages.md: provoked, and compared with their rows.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/messages.sh
. "$here/messages.sh"

row_not_looked() { say pcluster doctor --last --site esi; }
row_not_looked_at_all() { say pcluster doctor --last; }

check_section "Of doctor"
