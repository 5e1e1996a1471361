// A port that nobody listens at.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <stdexcept>

namespace cvtool {

// Below those that the system gives to connections by itself (from 32768 on, net.ipv4.ip_local_port_range), so that no
// other test's connection takes it before it is used.
inline uint16_t free_port() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(20000, 32000);
  for (int tries = 0; tries < 1000; ++tries) {
    const int port = ports(random), socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const bool free = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (free) return static_cast<uint16_t>(port);
  }
  throw std::runtime_error("no port from 20000 to 32000 is free");
}

}  // namespace cvtool
