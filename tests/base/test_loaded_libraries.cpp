#include "base/loaded_libraries.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("Loaded libraries are read from the map of the process, each once") {
  const Scratch root;
  root.write("proc/self/maps",
             "5500-5501 r--p 00000000 fe:00 11   /usr/bin/cvtool\n"
             "7f00-7f01 r--p 00000000 fe:00 42   /usr/lib/my libs/libblas.so.3\n"
             "7f01-7f02 r-xp 00001000 fe:00 42   /usr/lib/my libs/libblas.so.3\n"
             "7f02-7f03 r-xp 00001000 fe:00 43   /usr/lib/libm.so\n"
             "7f03-7f04 rw-p 00000000 00:00 0 \n"
             "7ffc-7ffd rw-p 00000000 00:00 0   [stack]\n");
  CHECK(loaded_libraries(root.path()) == std::vector<std::string>{"/usr/lib/my libs/libblas.so.3", "/usr/lib/libm.so"});
  CHECK_FALSE(loaded_libraries().empty());
}

TEST_CASE("A function leads to the file that answers for it") {
  const std::string file = library_with("gnu_get_libc_version");
  CHECK(contains(file, "libc"));
  CHECK(library_with("no_such_function_anywhere").empty());
}

TEST_CASE("A BLAS is known by its path, and the slow one is told from the others") {
  const std::string lib = "/usr/lib/x86_64-linux-gnu/";
  CHECK(blas_name(lib + "openblas-pthread/libblas.so.3") == "OpenBLAS");
  CHECK(blas_name(lib + "openblas-pthread/libopenblasp-r0.3.21.so") == "OpenBLAS");
  CHECK(blas_name(lib + "libmkl_rt.so") == "MKL");
  CHECK(blas_name(lib + "blis-openmp/libblas.so.4") == "BLIS");
  CHECK(blas_name(lib + "atlas/libblas.so.3.10.3") == "ATLAS");
  CHECK(blas_name(lib + "blas/libblas.so.3.11.0") == kReferenceBlas);
  CHECK(blas_name("/opt/libblas.so") == kReferenceBlas);
  CHECK(blas_name(lib + "libtorch_cpu.so.1.13").empty());
}
