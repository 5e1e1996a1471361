#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <chrono>
#include <thread>

#include "dist/ranks.h"
#include "dist/watch.h"
#include "in_company.h"

using namespace cvtool;

namespace {

// Listens where rank 0 should, and hangs up on whoever comes.
class HangingUp {
 public:
  HangingUp() : port(free_port()), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    thread_ = std::thread([this] {
      for (int one = ::accept(socket_, nullptr, nullptr); one >= 0; one = ::accept(socket_, nullptr, nullptr))
        ::close(one);
    });
  }
  ~HangingUp() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  HangingUp(const HangingUp&) = delete;
  HangingUp& operator=(const HangingUp&) = delete;

  const uint16_t port;

 private:
  int socket_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("Each rank gets what the others give, by rank, and what rank 0 says") {
  const auto thrown = in_company(3, [](Ranks& ranks) {
    const auto me = static_cast<int64_t>(ranks.rank());
    const std::vector<at::Tensor> all = ranks.gather(at::full({me}, me, at::kLong));
    for (int64_t rank = 0; rank < 3; ++rank)
      if (!all[static_cast<size_t>(rank)].equal(at::full({rank}, rank, at::kLong))) throw Error("wrong");
    if (ranks.from_first("word" + std::to_string(me)) != "word0") throw Error("wrong word");
    if (ranks.largest(me) != 2) throw Error("not the largest");
  });
  for (const std::string& message : thrown) CHECK(message.empty());
}

TEST_CASE("A rank that fails tells the others why, by its number and host") {
  const auto thrown = in_company(3, [](Ranks& ranks) {
    if (ranks.rank() == 1) {
      ranks.fail("photo.jpg: is gone", ExitCode::kData);
      throw Error("photo.jpg: is gone");
    }
    ranks.largest(0);
  });
  CHECK(thrown[1] == "photo.jpg: is gone");
  for (const size_t other : {0, 2}) {
    CAPTURE(thrown[other]);
    CHECK(contains(thrown[other], "rank 1 on "));
    CHECK(contains(thrown[other], "has failed: photo.jpg: is gone"));
  }
}

TEST_CASE("What differs between ranks is named") {
  const auto thrown = in_company(2, [](Ranks& ranks) {
    ranks.check_same(ranks.is_first() ? "a" : "b", "the photos", "give each machine the same files");
  });
  for (const std::string& message : thrown) {
    CHECK(contains(message, "rank 1 on "));
    CHECK(contains(message, "the photos differ from those of rank 0"));
    CHECK(contains(message, "give each machine the same files"));
  }
}

TEST_CASE("A rank that does not come is named") {
  const uint16_t port = free_port();
  const std::string message = message_of([&] { Ranks::join({0, 2, 0, 2, "test", "127.0.0.1", port}, 1); });
  CHECK(contains(message, "rank 1 of 2 has not come to 127.0.0.1:" + std::to_string(port) + " within 1 s"));
  CHECK(contains(message_of([&] {
                   Ranks::join({1, 2, 1, 2, "test", "127.0.0.1", port}, 1);
                 }),
                 "has found no rank 0 at"));
}

TEST_CASE("A rank 0 that hangs up is lost, and was not late") {
  const HangingUp first;
  const std::string message = message_of([&] {
    Ranks::join({1, 2, 1, 2, "test", "127.0.0.1", first.port}, /*timeout_s=*/20);
  });
  CAPTURE(message);
  CHECK(contains(message, "rank 1 on "));
  CHECK(contains(message, "has lost rank 0 at 127.0.0.1:" + std::to_string(first.port)));
}

TEST_CASE("A rank that another one took for gone is not told that it was killed itself") {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  const std::vector<std::string> names{"rank 0 on a", "rank 1 on b"};
  Watch first({0, names, /*timeout_s=*/2, store}), second({1, names, /*timeout_s=*/2, store});
  CHECK(contains(second.lost(0).text, "rank 0 on a has gone: it was killed"));
  const RankEnd heard = first.lost(1);
  CHECK(heard.rank == 0);
  CHECK(contains(heard.text, "rank 0 on a has lost its connection to another rank"));
}
