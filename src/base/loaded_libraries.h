// The shared libraries that this process has loaded.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Their files, each once, in the order of their addresses. `root` is put before /proc (for tests).
std::vector<std::string> loaded_libraries(const std::string& root = "");

// The file of the library that answers for the function of this name in the whole process, links followed; "" where
// none does.
std::string library_with(const char* function);

// What a file of the linear algebra interface BLAS is, by its path: "OpenBLAS", "MKL", "BLIS", "ATLAS", or "reference
// BLAS" for the plain one, which multiplies matrices many times slower; "" for another library.
std::string blas_name(const std::string& file);
constexpr const char* kReferenceBlas = "reference BLAS";

}  // namespace cvtool
