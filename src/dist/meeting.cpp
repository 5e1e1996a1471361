#include "dist/meeting.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

using Milliseconds = std::chrono::milliseconds;
using Group = c10d::ProcessGroupGloo;

Milliseconds milliseconds(double seconds) { return Milliseconds(static_cast<int64_t>(seconds * 1000)); }

std::string place_of(const Launch& launch) { return launch.address + ":" + std::to_string(launch.port); }

std::string name_of(int64_t rank, const std::string& host) { return "rank " + std::to_string(rank) + " on " + host; }
std::string own_name(const Launch& launch) { return name_of(launch.rank, host_name()); }

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses addresses_of(const Launch& launch, int kind) {
  addrinfo hints{};
  hints.ai_socktype = kind;
  addrinfo* found = nullptr;
  if (::getaddrinfo(launch.address.c_str(), std::to_string(launch.port).c_str(), &hints, &found) != 0)
    throw Error("MASTER_ADDR=" + launch.address + ": no machine of this name is known on " + host_name() +
                "; set it to the address of the machine of rank 0");
  return {found, &::freeaddrinfo};
}

// Rank 0 may be started later. LibTorch would wait too, and print what it thinks.
bool comes_to_listen(const Launch& launch, double timeout_s) {
  constexpr auto kPause = std::chrono::milliseconds(50);
  const auto end = std::chrono::steady_clock::now() + milliseconds(timeout_s);
  do {
    const Addresses found = addresses_of(launch, SOCK_STREAM);
    for (const addrinfo* one = found.get(); one; one = one->ai_next) {
      const int socket = ::socket(one->ai_family, SOCK_STREAM, 0);
      if (socket < 0) continue;
      const bool listens = ::connect(socket, one->ai_addr, one->ai_addrlen) == 0;
      ::close(socket);
      if (listens) return true;
    }
    std::this_thread::sleep_for(kPause);
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

std::string address_text(const sockaddr* address) {
  std::array<char, NI_MAXHOST> text{};
  const socklen_t size = address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return ::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0 ? text.data() : "";
}

// The address of a network card; "" where there is none.
std::string outer_address() {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return "";
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> freed(found, &::freeifaddrs);
  for (const ifaddrs* one = found; one; one = one->ifa_next)
    if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET && (one->ifa_flags & IFF_UP) != 0 &&
        (one->ifa_flags & IFF_LOOPBACK) == 0)
      return address_text(one->ifa_addr);
  return "";
}

// This machine's address on the way to the meeting point, as numbers.
std::string own_address_towards(const Launch& launch) {
  const Addresses found = addresses_of(launch, SOCK_DGRAM);
  for (const addrinfo* one = found.get(); one; one = one->ai_next) {
    const int socket = ::socket(one->ai_family, SOCK_DGRAM, 0);
    if (socket < 0) continue;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    auto* address = reinterpret_cast<sockaddr*>(&own);
    // Nothing is sent: the system only chooses the way.
    const bool known =
        ::connect(socket, one->ai_addr, one->ai_addrlen) == 0 && ::getsockname(socket, address, &size) == 0;
    ::close(socket);
    if (!known) continue;
    const std::string text = address_text(address);
    // A machine often knows its own name by an address that no other one reaches.
    const bool inner = starts_with(text, "127.") || text == "::1";
    const std::string outer = inner && launch.local_size < launch.size ? outer_address() : "";
    return outer.empty() ? text : outer;
  }
  throw Error("MASTER_ADDR=" + launch.address + " cannot be reached from " + host_name() +
              "; set it to the address of the machine of rank 0");
}

// From LibTorch 2.4 on the store's server is libuv's where nothing else is asked, and distributions build without it.
template <class Options>
auto without_libuv(Options& options, int) -> decltype(options.useLibUV = false, void()) {
  options.useLibUV = false;
}
template <class Options>
void without_libuv(Options&, int64_t) {}

c10::intrusive_ptr<c10d::TCPStore> open_store(const Launch& launch, double timeout_s, bool serves) {
  c10d::TCPStoreOptions options;
  options.port = launch.port;
  options.isServer = serves;
  options.numWorkers = static_cast<size_t>(launch.size);
  options.waitWorkers = false;
  options.timeout = milliseconds(timeout_s);
  without_libuv(options, 0);
  const std::string hint =
      "; look at rank 0's messages, and at MASTER_ADDR and MASTER_PORT, which must be the same for all";
  if (!serves && !comes_to_listen(launch, timeout_s))
    throw Error(own_name(launch) + " has found no rank 0 at " + place_of(launch) + " within " + fixed(timeout_s, 0) +
                " s" + hint);
  try {
    return c10::make_intrusive<c10d::TCPStore>(launch.address, options);
  } catch (const std::exception& error) {
    if (serves)
      throw Error(own_name(launch) + " cannot listen at port " + std::to_string(launch.port) + " (" + reason_of(error) +
                  "); set MASTER_PORT to a free port");
    throw Error(own_name(launch) + " has found no rank 0 of cvtool at " + place_of(launch) + " (" + reason_of(error) +
                ")" + hint);
  }
}

// Where the store, which rank 0 keeps, answers no more.
[[noreturn]] void lose_first(const Launch& launch, const std::exception& error) {
  throw Error(own_name(launch) + " has lost rank 0 at " + place_of(launch) + " (" + reason_of(error) +
              "); look at rank 0's messages, and start all again");
}

// Each says its host, and waits for those of the others.
std::vector<std::string> names_of_all(c10d::Store& store, const Launch& launch, double timeout_s) {
  const auto key = [](int64_t rank) { return "host/" + std::to_string(rank); };
  const std::string host = host_name();
  const auto end = std::chrono::steady_clock::now() + milliseconds(timeout_s);
  try {
    store.set(key(launch.rank), std::vector<uint8_t>(host.begin(), host.end()));
  } catch (const std::exception& error) {
    lose_first(launch, error);
  }
  std::vector<std::string> names;
  for (int64_t rank = 0; rank < launch.size; ++rank) {
    try {
      const auto left = std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now());
      store.wait({key(rank)}, std::max(left, Milliseconds(1)));
      const std::vector<uint8_t> bytes = store.get(key(rank));
      names.push_back(name_of(rank, {bytes.begin(), bytes.end()}));
    } catch (const std::exception& error) {
      if (std::chrono::steady_clock::now() < end) lose_first(launch, error);
      throw Error("rank " + std::to_string(rank) + " of " + std::to_string(launch.size) + " has not come to " +
                  place_of(launch) + " within " + fixed(timeout_s, 0) +
                  " s; look at its messages, or allow more by --dist-timeout");
    }
  }
  return names;
}

c10::intrusive_ptr<Group> open_group(const c10::intrusive_ptr<c10d::Store>& store, const Launch& launch,
                                     double timeout_s) {
  const auto options = Group::Options::create(milliseconds(timeout_s));
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  options->threads = 1;
  try {
    options->devices.push_back(interface ? Group::createDeviceForInterface(interface)
                                         : Group::createDeviceForHostname(own_address_towards(launch)));
    return c10::make_intrusive<Group>(store, static_cast<int>(launch.rank), static_cast<int>(launch.size), options);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(own_name(launch) + " cannot reach the others (" + reason_of(error) +
                "); set GLOO_SOCKET_IFNAME to the network card by which the machines reach each other");
  }
}

}  // namespace

// The first line, without LibTorch's stack trace.
std::string reason_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

Meeting meet(const Launch& launch, double timeout_s) {
  Meeting meeting;
  if (launch.rank == 0) meeting.server = open_store(launch, timeout_s, true);
  meeting.store = open_store(launch, timeout_s, false);
  meeting.names = names_of_all(*meeting.store, launch, timeout_s);
  meeting.group = open_group(meeting.store, launch, timeout_s);
  return meeting;
}

}  // namespace cvtool
