#include <unistd.h>

#include <cstdio>

#include "cli/command.h"

int main(int argc, char** argv) {
  const int code = cvtool::run_program(argc, argv);
#ifdef CVTOOL_EXIT_AT_ONCE
  // The kernel takes all memory back at once; LibTorch takes 40 ms to take its tables apart. Nothing is left to write.
  std::fflush(nullptr);
  ::_exit(code);
#else
  return code;
#endif
}
