#!/usr/bin/env bash
# A command, or a directory, that does not exist on the node: said at once, with host and path.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 1
code 1 pcluster map --trials 0-1 -- no-such-program '{trial}'
says "no-such-program" "$(hostname)"
code 1 pcluster map --trials 0-0 -- "$dir/not/there"
says "$dir/not/there"
code 1 pcluster map --trials 0-0 --chdir "$dir/gone" -- true
says "$dir/gone" "$(hostname)"
stopped
