// Fetches a file over HTTP or HTTPS, checks it, and only then gives it its name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace cvtool {

struct Download {
  std::string url;          // http:// or https://
  std::string path;         // where the file goes; its folder is made
  std::string sha256;       // hexadecimal, whole or the first 8 digits and more
  int64_t size_bytes = -1;  // -1: not known
  std::string next_step;    // what to do without a network, the end of the message
  // Called a few times a second with bytes done and in all (-1: not known); false stops (exit code 130). May
  // be empty.
  std::function<bool(int64_t done_bytes, int64_t total_bytes)> progress;
  int64_t connect_s = 30;    // after which a server that does not answer is given up
  int64_t first_byte_s = 0;  // the same where it answers, and sends nothing; from the start on; 0: as patience_s says
  // A transfer that stays slower than `min_bytes_per_s` for `patience_s` is given up.
  int64_t patience_s = 60, min_bytes_per_s = 1;
};

// Bytes go to PATH.part and stay there when the transfer breaks, so that the next call goes on from there (if
// the server can). A file with another size or checksum is deleted. Proxies: http_proxy, https_proxy,
// all_proxy, no_proxy of the environment; certificates: the system's. An existing PATH with the right
// checksum is left as it is. Throws Error (kInterrupted when `progress` stopped it).
void download(const Download& wanted);

}  // namespace cvtool
