#include "model/weights/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/weights/sha256.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr long kMaxRedirects = 10;

// PATH.part, held by one process at a time.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : path_(path) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) fail();
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(file_);
      throw Error(path + ": another process is fetching this file; wait for it and run this again");
    }
  }
  ~PartFile() {
    if (size() == 0) ::unlink(path_.c_str());
    ::close(file_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return ::lseek(file_, 0, SEEK_END); }
  void clear() const {
    if (::ftruncate(file_, 0) != 0) fail();
  }
  bool append(const char* bytes, size_t size) const {
    ::lseek(file_, 0, SEEK_END);
    while (size > 0) {
      const ssize_t wrote = ::write(file_, bytes, size);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return false;
      bytes += wrote;
      size -= static_cast<size_t>(wrote);
    }
    return true;
  }
  void become(const std::string& target) const {
    if (::fsync(file_) != 0 || ::rename(path_.c_str(), target.c_str()) != 0) fail();
    flush_folder_of(target);
  }
  [[noreturn]] void fail() const {
    throw Error("cannot write " + path_ + ": " + std::strerror(errno) + "; free some space or choose another folder");
  }

 private:
  std::string path_;
  int file_ = -1;
};

// One transfer; libcurl calls back into it.
struct Transfer {
  const Download& wanted;
  const PartFile& part;
  CURL* curl;
  int64_t start_bytes = 0;  // what was there before
  bool begun = false;
  bool stopped = false;
  bool too_long = false;  // more came than the file should have
  bool silent = false;    // no byte came in time
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  int write_error = 0;
};

bool is_final_answer(CURL* curl) {
  long code = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
  return code == 200 || code == 206;
}

size_t write_bytes(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!is_final_answer(transfer.curl)) return size * count;  // the page of an error
  if (!transfer.begun) {
    transfer.begun = true;
    long code = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &code);
    // The server sends everything again.
    if (transfer.start_bytes > 0 && code == 200) {
      transfer.part.clear();
      transfer.start_bytes = 0;
    }
  }
  transfer.too_long = transfer.wanted.size_bytes >= 0 &&
                      transfer.part.size() + static_cast<int64_t>(size * count) > transfer.wanted.size_bytes;
  if (transfer.too_long) return 0;
  if (!transfer.part.append(bytes, size * count)) {
    transfer.write_error = errno;
    return 0;
  }
  return size * count;
}

int report_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::chrono::seconds limit(transfer.wanted.first_byte_s);
  // libcurl calls about once a second.
  transfer.silent = limit.count() > 0 && done == 0 && std::chrono::steady_clock::now() - transfer.start > limit;
  if (transfer.silent) return 1;
  if (!transfer.wanted.progress) return 0;
  const int64_t known = transfer.wanted.size_bytes >= 0 ? transfer.wanted.size_bytes
                        : total > 0                     ? transfer.start_bytes + total
                                                        : -1;
  transfer.stopped = !transfer.wanted.progress(transfer.start_bytes + done, known);
  return transfer.stopped ? 1 : 0;
}

// What was asked for by https comes by https to its end.
void allow_web_only(CURL* curl, const std::string& url) {
  const bool secure = starts_with(lower(url), "https:");
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

void set_options(Transfer& transfer, char* reason) {
  CURL* curl = transfer.curl;
  allow_web_only(curl, transfer.wanted.url);
  curl_easy_setopt(curl, CURLOPT_URL, transfer.wanted.url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "cvtool");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(transfer.wanted.connect_s));
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // the limit holds while a name server does not answer, too
#endif
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(transfer.wanted.min_bytes_per_s));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(transfer.wanted.patience_s));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, report_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  if (transfer.start_bytes > 0) {
    curl_easy_setopt(curl, CURLOPT_RANGE, (std::to_string(transfer.start_bytes) + "-").c_str());
  }
}

[[noreturn]] void fail_transfer(const Download& wanted, const std::string& reason) {
  throw Error("cannot fetch " + wanted.url + ": " + reason + "; " +
              (wanted.next_step.empty() ? "check the network and the proxy settings (https_proxy) and run it again"
                                        : wanted.next_step));
}

enum class Outcome { kDone, kCannotResume, kTooLong };

// Appends what is missing to `part`. Throws Error when the transfer breaks.
Outcome transfer_rest(const Download& wanted, const PartFile& part) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) fail_transfer(wanted, "libcurl does not start");
  Transfer transfer{wanted, part, curl.get()};
  transfer.start_bytes = part.size();
  std::array<char, CURL_ERROR_SIZE> reason{};
  set_options(transfer, reason.data());
  const CURLcode result = curl_easy_perform(curl.get());
  if (transfer.stopped)
    throw Error("stopped fetching " + wanted.url + "; run it again to go on", ExitCode::kInterrupted);
  if (transfer.silent) fail_transfer(wanted, "the server sends nothing");
  if (transfer.write_error != 0) {
    part.clear();  // a full disk needs the room
    errno = transfer.write_error;
    part.fail();
  }
  long code = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &code);
  if (code == 416 && transfer.start_bytes > 0) return Outcome::kCannotResume;
  if (transfer.too_long) return Outcome::kTooLong;
  if (result != CURLE_OK) fail_transfer(wanted, reason[0] ? reason.data() : curl_easy_strerror(result));
  if (code != 200 && code != 206) fail_transfer(wanted, "the server answers " + std::to_string(code));
  return Outcome::kDone;
}

bool has_checksum(const std::string& path, const std::string& sha256) {
  return starts_with(sha256_of_file(path), lower(sha256));
}

// What is wrong with the fetched bytes, "" when nothing.
std::string fault_of(const Download& wanted, const PartFile& part, Outcome outcome) {
  if (outcome == Outcome::kCannotResume) return "the server does not continue the part that is there";
  if (outcome == Outcome::kTooLong) return "it is longer than " + with_thousands(wanted.size_bytes) + " bytes";
  if (wanted.size_bytes >= 0 && part.size() != wanted.size_bytes) {
    return "it has " + with_thousands(part.size()) + " bytes instead of " + with_thousands(wanted.size_bytes);
  }
  if (!has_checksum(part.path(), wanted.sha256)) return "its SHA-256 does not begin with " + wanted.sha256;
  return "";
}

}  // namespace

void download(const Download& wanted) {
  if (wanted.sha256.size() < 8) throw Error("no checksum is known of " + wanted.url + "; give its SHA-256");
  std::error_code error;
  if (fs::exists(wanted.path, error) && has_checksum(wanted.path, wanted.sha256)) return;
  if (const auto folder = fs::path(wanted.path).parent_path(); !folder.empty()) make_folders(folder.string());
  const PartFile part(wanted.path + ".part");
  // Twice at most: the rest behind an older part, and all of it when that part was of another file.
  for (;;) {
    const bool resumed = part.size() > 0;
    const bool whole = resumed && part.size() == wanted.size_bytes;
    const Outcome outcome = whole ? Outcome::kDone : transfer_rest(wanted, part);
    const std::string fault = fault_of(wanted, part, outcome);
    if (fault.empty()) return part.become(wanted.path);
    part.clear();
    if (resumed) continue;
    throw Error("the file at " + wanted.url + " is not the one expected: " + fault +
                "; it was deleted; try again later or pass the file yourself");
  }
}

}  // namespace cvtool
