#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "torch/device.h"

// As the program does before it computes: without LibTorch's profiling executor, above all.
int main(int argc, char** argv) {
  cvtool::prepare_process(1);
  return doctest::Context(argc, argv).run();
}
