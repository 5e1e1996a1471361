#include "base/processor.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("A processor is known by its name and its instruction sets") {
  const Scratch root;
  CHECK(processor(root.path()).name.empty());
  CHECK(processor(root.path()).instruction_sets.empty());
  root.write("proc/cpuinfo",
             "processor\t: 0\nmodel name\t: AMD EPYC: 7R13\nflags\t\t: fpu avx avx2 avx512f avx512_bf16x\n\n"
             "processor\t: 1\nmodel name\t: another\n");
  Processor found = processor(root.path());
  CHECK(found.name == "AMD EPYC: 7R13");
  CHECK(found.instruction_sets == std::vector<std::string>{"avx", "avx2", "avx512f"});
  CHECK(found.has("avx2"));
  CHECK_FALSE(found.has_bfloat16());
  for (const char* flags : {"flags : avx2 avx512_bf16", "flags : amx_bf16 amx_tile", "Features : asimd bf16"}) {
    root.write("proc/cpuinfo", flags);
    CHECK(processor(root.path()).has_bfloat16());
  }
}

TEST_CASE("NVIDIA's driver is found with its cards, also where a container was given none of them") {
  const Scratch root;
  CHECK(nvidia_driver(root.path()).version.empty());
  CHECK(nvidia_driver(root.path()).devices == 0);
  root.write(
      "proc/driver/nvidia/version",
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build\nGCC version: 12.2.0\n");
  root.write("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nIRQ:   16\n");
  const NvidiaDriver hidden = nvidia_driver(root.path());
  CHECK(hidden.version == "560.35.03");
  CHECK(hidden.gpus == std::vector<std::string>{"NVIDIA H100"});
  CHECK(hidden.devices == 0);
  for (const char* name : {"dev/nvidia0", "dev/nvidia12", "dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia"})
    root.write(name, "");
  CHECK(nvidia_driver(root.path()).devices == 2);
}
