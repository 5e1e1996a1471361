#include "standin/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "standin/streams.h"

namespace standin {
namespace {

constexpr size_t kBytes = size_t{8} << 30, kGrain = 256;

class Memory : public c10::Allocator {
 public:
  Memory() {
    // One file in memory that takes room as it is written to, seen at one of the two ranges only.
    const int file = memfd_create("standin", 0);
    if (file < 0 || ftruncate(file, static_cast<off_t>(kBytes)) != 0) throw std::runtime_error("standin: no memory");
    device_ = static_cast<char*>(mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    kernels_ = static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0));
    close(file);
    if (device_ == MAP_FAILED || kernels_ == MAP_FAILED) throw std::runtime_error("standin: no addresses");
  }

  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::PrivateUse1, 0);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    char* place = take((bytes + kGrain - 1) / kGrain * kGrain);
    // NaN, 255, -1: what nobody has written is seen.
    std::memset(kernel(place), 0xFF, bytes);
    return {place, place, &release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* target, const void* source, size_t bytes) const override {
    std::memcpy(kernel(target), kernel(source), bytes);
  }

  char* kernel(const void* device_address) const {
    return kernels_ + (static_cast<const char*>(device_address) - device_);
  }
  bool is_kernel(const void* address) const { return address >= kernels_ && address < kernels_ + kBytes; }

 private:
  static void release(void* place);

  char* take(size_t bytes) {
    const std::lock_guard<std::mutex> guard(lock_);
    std::vector<char*>& free = free_[bytes];
    char* place = nullptr;
    if (!free.empty()) {
      place = free.back();
      free.pop_back();
    } else {
      if (used_ + bytes > kBytes) throw std::runtime_error("standin: out of memory");
      place = device_ + used_;
      used_ += bytes;
    }
    taken_[place] = bytes;
    note_taken(place);
    return place;
  }

  void give_back(char* place) {
    const std::lock_guard<std::mutex> guard(lock_);
    note_given_back(place);
    const auto known = taken_.find(place);
    free_[known->second].push_back(place);
    taken_.erase(known);
  }

  char *device_ = nullptr, *kernels_ = nullptr;
  size_t used_ = 0;
  std::map<size_t, std::vector<char*>> free_;
  std::map<char*, size_t> taken_;
  std::mutex lock_;
};

// Never destroyed: tensors may outlive it.
Memory& memory() {
  static Memory& all = *new Memory;
  return all;
}

void Memory::release(void* place) {
  if (place) memory().give_back(static_cast<char*>(place));
}

}  // namespace

c10::Allocator& device_allocator() { return memory(); }

void* kernel_address(const void* device_address) { return device_address ? memory().kernel(device_address) : nullptr; }

bool is_kernel_address(const void* address) { return memory().is_kernel(address); }

}  // namespace standin
