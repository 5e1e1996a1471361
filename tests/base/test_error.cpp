#include "base/error.h"

#include <doctest/doctest.h>

#include <new>

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
  CHECK(failure_text(std::runtime_error("the list is empty\nException raised from f at g.cpp:1")) ==
        "internal error: the list is empty");
}
