#!/usr/bin/env bash
# The messages of `channels` in docs/messages.md: provoked, and compared with their rows.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/messages.sh
. "$here/messages.sh"

row_channels_detach() { say pcluster channels --detach -- true; }
row_channels_where() { say pcluster channels --slots 2 --on w0 -- true; }
no_frame() { echo "print('this is no frame')" | pcluster channels --quiet -- true > "$dir/frames"; }
row_channels_frame() { say no_frame; }

ok pcluster submit --jobs 1 --cores 1
check_section "Of channels"
stopped
