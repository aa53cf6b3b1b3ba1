// Links to those who do not share the key: each is refused, and none keeps the others out.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>
#include <thread>

#include "launcher/io/socket.hpp"
#include "launcher/io/tls.hpp"
#include "launcher/model/codec.hpp"
#include "tests/io/peers.hpp"

using namespace pcluster;

namespace {

// A stranger's own TLS in a thread of its own; true if its handshake succeeded and an answer came.
struct Stranger {
  std::uint16_t port;
  bool old_version = false;
  bool served = false;

  void operator()() {
    const Fd fd = raw_connect(port);
    const timeval limit{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_client_method()));
    if (old_version) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd.get());
    served = SSL_connect(ssl.get()) == 1;
  }
};

// Who listens on the way: what goes out, encrypted as it is.
long overhear(BIO* bio, int operation, const char* bytes, std::size_t, int, long, int result,
              std::size_t* processed) {
  if (operation == (BIO_CB_WRITE | BIO_CB_RETURN) && result > 0)
    reinterpret_cast<std::string*>(BIO_get_callback_arg(bio))->append(bytes, *processed);
  return result;
}

// Joins as a worker by hand, so that a test can send any bytes inside the encryption.
struct RawWorker {
  Fd fd;
  std::shared_ptr<TlsKeys> keys = TlsKeys::client(test_key(), "test", Role::worker);
  SslPtr ssl;

  RawWorker(Loop& loop, std::uint16_t port, std::string* overheard = nullptr)
      : fd(raw_connect(port)) {
    ssl = keys->start(fd.get());
    if (overheard != nullptr) {
      BIO_set_callback_arg(SSL_get_wbio(ssl.get()), reinterpret_cast<char*>(overheard));
      BIO_set_callback_ex(SSL_get_wbio(ssl.get()), overhear);
    }
    std::thread shake([&] { CHECK(SSL_do_handshake(ssl.get()) == 1); });
    run_for(loop, 50 * millisecond);
    shake.join();
  }
  void send(std::string_view bytes) {
    CHECK(SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size())) ==
          static_cast<int>(bytes.size()));
  }
};

std::unique_ptr<SSL_CTX, SslFree> certificate_server() {
  std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_server_method()));
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  REQUIRE(SSL_CTX_use_certificate(context.get(), certificate) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.get(), key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

}  // namespace

TEST_CASE("another key, another cluster's, another role's: refused, and the client knows why") {
  Loop loop;
  Server server(loop);
  const auto port = server.listener->port();
  const auto other_key = connect(loop, {{"127.0.0.1", port}}, test_key(8));
  const auto other_name = connect(loop, {{"127.0.0.1", port}}, test_key(), "other");
  REQUIRE(run_until(loop, [&] { return other_key->done && other_name->done; }));
  for (const auto& client : {other_key, other_name}) {
    CHECK_FALSE(client->link);
    REQUIRE(client->errors.size() == 1);
    CHECK(client->errors[0].find("not our cluster's key") != std::string::npos);
  }
  // The key of one role under the name of the other: as somebody with a worker's key alone.
  const auto keys = TlsKeys::client(test_key(), "test", Role::worker);
  auto& entry = const_cast<TlsKeys::Entry&>(keys->entries().front());
  entry.identity = identity("test", Role::client);
  const Fd fd = raw_connect(port);
  const auto ssl = keys->start(fd.get());
  int result = 0;
  std::thread shake([&] { result = SSL_do_handshake(ssl.get()); });
  run_for(loop, 50 * millisecond);
  shake.join();
  CHECK(result != 1);
  CHECK(server.links.empty());
}

TEST_CASE("no key, TLS 1.2, plain HTTP, rubbish: refused, and the next worker joins") {
  Loop loop;
  Server server(loop);
  const auto port = server.listener->port();
  Stranger no_key{port}, old{port, true};
  std::thread first(std::ref(no_key)), second_one(std::ref(old));
  Fd http = raw_connect(port), rubbish = raw_connect(port);
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(300, '\xff');
  REQUIRE(send(http.get(), request.data(), request.size(), 0) > 0);
  REQUIRE(send(rubbish.get(), bytes.data(), bytes.size(), 0) > 0);
  CHECK(run_until(loop, [&] { return is_closed(http.get()) && is_closed(rubbish.get()); }));
  run_for(loop, 100 * millisecond);
  first.join();
  second_one.join();
  CHECK_FALSE(no_key.served);
  CHECK_FALSE(old.served);
  CHECK(server.links.empty());
  const auto worker = connect(loop, {{"127.0.0.1", port}}, test_key());
  CHECK(run_until(loop, [&] { return worker->done; }));
  CHECK(worker->link);
}

TEST_CASE("a server with a certificate and without the key gets nothing") {
  Loop loop;
  std::uint16_t port = 0;
  const Fd listening = listen_tcp(0, 0, port);
  fcntl(listening.get(), F_SETFL, 0);
  const auto context = certificate_server();
  int received = 0;
  std::thread rogue([&] {
    const Fd fd(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd.get());
    char bytes[64];
    if (SSL_accept(ssl.get()) == 1) received = SSL_read(ssl.get(), bytes, sizeof bytes);
  });
  const auto client = connect(loop, {{"127.0.0.1", port}}, test_key());
  REQUIRE(run_until(loop, [&] { return client->done; }));
  rogue.join();
  CHECK_FALSE(client->link);
  CHECK(client->errors[0].find("not our cluster's key") != std::string::npos);
  CHECK(received <= 0);
}

TEST_CASE("a session that was overheard and is sent once more says nothing") {
  Loop loop;
  Server server(loop);
  std::string overheard;
  RawWorker worker(loop, server.listener->port(), &overheard);
  worker.send(frame("hello"));
  REQUIRE(run_until(loop, [&] { return server.frames.size() == 1; }));
  const Fd again = raw_connect(server.listener->port());
  REQUIRE(send(again.get(), overheard.data(), overheard.size(), 0) ==
          static_cast<ssize_t>(overheard.size()));
  CHECK(run_until(loop, [&] { return is_closed(again.get()); }));
  CHECK(server.links.size() == 1);
  CHECK(server.frames.size() == 1);
}

TEST_CASE("a launcher that says nothing is given up at the time limit") {
  Loop loop;
  std::uint16_t port = 0;
  const Fd silent = listen_tcp(0, 0, port);
  const auto client =
      connect(loop, {{"127.0.0.1", port}}, test_key(), "test", Role::worker, 100 * millisecond);
  REQUIRE(run_until(loop, [&] { return client->done; }));
  CHECK(client->errors[0].find("no answer within 0.1s") != std::string::npos);
}

TEST_CASE("frames inside the encryption: byte by byte, of length 0, larger than anything") {
  Loop loop;
  Server server(loop);
  RawWorker worker(loop, server.listener->port());
  REQUIRE(server.links.size() == 1);
  SUBCASE("byte by byte") {
    for (const char byte : frame("slowly") + frame("but surely")) {
      worker.send({&byte, 1});
      run_for(loop, millisecond / 2);
    }
    CHECK(run_until(loop, [&] { return server.frames.size() == 2; }));
    CHECK(server.frames == std::vector<std::string>{"slowly", "but surely"});
  }
  SUBCASE("bad ones end this link only") {
    RawWorker second_worker(loop, server.listener->port());
    worker.send(std::string_view("\0\0\0\0", 4));
    second_worker.send(std::string_view("\xff\xff\xff\xff more", 9));
    CHECK(run_until(loop, [&] { return server.ends.size() == 2; }));
    CHECK(server.frames.empty());
    RawWorker third(loop, server.listener->port());
    third.send(frame("fine"));
    CHECK(run_until(loop, [&] { return server.frames.size() == 1; }));
  }
}

TEST_CASE(
    "rubbish inside the encryption, of a worker that has the key: its own link, and no other") {
  Loop loop;
  Server server(loop);
  std::mt19937_64 chance(1);
  std::size_t ended = 0;
  for (int i = 0; i < 20; ++i) {
    RawWorker worker(loop, server.listener->port());
    std::string bytes = i % 2 == 0 ? frame("before") : "";
    for (auto left = 1 + chance() % 8000; left > 0; --left) bytes += static_cast<char>(chance());
    worker.send(bytes);
    run_for(loop, 5 * millisecond);
    ended = server.ends.size();
  }
  CHECK(ended >= 10);  // most lengths are above what a stranger may send; others wait for the rest
  CHECK(std::ranges::count(server.frames, "before") == 10);
  const auto after = connect(loop, {{"127.0.0.1", server.listener->port()}}, test_key());
  REQUIRE(run_until(loop, [&] { return after->done; }));
  after->link->send("fine");
  CHECK(run_until(loop, [&] { return server.frames.back() == "fine"; }));
}

TEST_CASE("silent strangers: cut at the deadline, and seventy of them keep no worker out") {
  Loop loop;
  Server server(loop);
  const auto port = server.listener->port();
  const Fd alone = raw_connect(port);
  run_for(loop, 10 * millisecond);
  const auto begun = loop.now();
  CHECK(run_until(
      loop, [&] { return is_closed(alone.get()); }, 7 * second));
  CHECK(loop.now() - begun > 4 * second);

  std::vector<Fd> idle;
  for (int i = 0; i < 70; ++i) idle.push_back(raw_connect(port));
  const auto came = loop.now();
  const auto worker = connect(loop, {{"127.0.0.1", port}}, test_key());
  CHECK(run_until(loop, [&] { return worker->done; }));
  CHECK(worker->link);
  CHECK(loop.now() - came < second);
  const auto closed =
      std::count_if(idle.begin(), idle.end(), [](const Fd& fd) { return is_closed(fd.get()); });
  CHECK(closed >= 6);  // 64 are kept, the oldest go first
  CHECK(is_closed(idle.front().get()));
  CHECK_FALSE(is_closed(idle.back().get()));
}

TEST_CASE("no descriptors left: nothing ends, and when there are some again workers join") {
  Loop loop;
  Server server(loop);
  const auto port = server.listener->port();
  const auto first = connect(loop, {{"127.0.0.1", port}}, test_key());
  REQUIRE(run_until(loop, [&] { return first->done && server.links.size() == 1; }));
  std::vector<Fd> strangers;
  for (int i = 0; i < 5; ++i) strangers.push_back(raw_connect(port));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{static_cast<rlim_t>(strangers.back().get()), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  run_for(loop, 200 * millisecond);
  first->link->send("still served");
  CHECK(run_until(loop, [&] { return server.frames.size() == 1; }));
  setrlimit(RLIMIT_NOFILE, &before);
  const auto second_worker = connect(loop, {{"127.0.0.1", port}}, test_key());
  CHECK(run_until(loop, [&] { return second_worker->done; }));
  CHECK(second_worker->link);
}

TEST_CASE("three hundred workers that come back at once all join") {
  Loop loop;
  Server server(loop);
  std::vector<std::shared_ptr<Client>> workers;
  for (int i = 0; i < 300; ++i)
    workers.push_back(connect(loop, {{"127.0.0.1", server.listener->port()}}, test_key(), "test",
                              Role::worker, 10 * second));
  CHECK(run_until(
      loop, [&] { return server.links.size() == 300; }, 10 * second));
  CHECK(std::all_of(workers.begin(), workers.end(),
                    [](const auto& worker) { return worker->link != nullptr; }));
}
