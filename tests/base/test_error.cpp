#include "base/error.h"
#include "base/refusal.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <new>
#include <system_error>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("An exception is told as what it means for the user") {
  CHECK(failure_text(UsageError("--lr: is not a number")) == "--lr: is not a number");
  CHECK(failure_text(std::bad_alloc()) == "out of memory; use a smaller --batch or --imgsz");
  // As LibTorch writes it for a processor, and for a GPU.
  CHECK(failure_text(
            std::runtime_error("[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate "
                               "memory: you tried to allocate 403440000 bytes. Error code 12")) ==
        "out of memory; use a smaller --batch or --imgsz");
  CHECK(failure_text(std::runtime_error("CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 15.78 GiB total)")) ==
        "out of memory on the GPU; use a smaller --batch or --imgsz");
  for (const char* library : {"CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
                              "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"})
    CHECK(failure_text(std::runtime_error(library)) == "out of memory on the GPU; use a smaller --batch or --imgsz");
  CHECK(failure_text(std::runtime_error(
            "OpenCV(4.6.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate "
            "1769472 bytes in function 'OutOfMemoryError'")) == "out of memory; use a smaller --batch or --imgsz");
  CHECK(failure_text(std::runtime_error("the list is empty\nException raised from f at g.cpp:1")) ==
        "internal error: the list is empty");
}

TEST_CASE("What the machine refuses is no internal error, and no fault of a file") {
  const std::system_error thread(std::make_error_code(std::errc::resource_unavailable_try_again));
  const std::runtime_error thread_of_tbb("pthread_create has failed: Resource temporarily unavailable");
  const std::system_error memory(std::make_error_code(std::errc::not_enough_memory));
  const std::filesystem::filesystem_error full("cannot make a link", "a", "b",
                                               std::make_error_code(std::errc::no_space_on_device));
  const std::ios_base::failure reading("underflow error reading the file", std::make_error_code(std::errc::io_error));
  CHECK(contains(failure_text(thread), "gives no more threads; raise the limit"));
  CHECK(contains(failure_text(thread_of_tbb), "gives no more threads; raise the limit"));
  CHECK(contains(failure_text(memory), "out of memory"));
  CHECK(failure_text(full) == "a to b: No space left on device; see to it and run it again");
  CHECK(contains(failure_text(reading), "the system refuses: underflow error reading the file: Input/output error"));
  for (const std::exception* refused :
       std::initializer_list<const std::exception*>{&thread, &thread_of_tbb, &memory, &full, &reading})
    CHECK(refused_by_machine(*refused));
  CHECK(refused_by_machine(std::bad_alloc()));
  CHECK_FALSE(refused_by_machine(std::runtime_error("mat1 and mat2 shapes cannot be multiplied")));
  CHECK_FALSE(refused_by_machine(DataError("photo.jpg: is damaged")));
}
