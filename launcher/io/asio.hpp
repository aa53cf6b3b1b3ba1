// All of Asio that is used, included here and nowhere else: it asks whether the C++ library has
// aligned_alloc, which it only knows behind another header of that library.  Two sources with
// different answers would free with the one what they allocated with the other.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>  // before Asio's

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#if !defined(ASIO_HAS_STD_ALIGNED_ALLOC)
#error "include launcher/io/asio.hpp, not Asio's headers"
#endif
