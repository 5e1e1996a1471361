# LibTorch out of a Python environment that PyTorch's wheel is installed in (pip install torch): headers and libraries, CUDA's too where the
# wheel is of that kind. The wheel's own CMake files ask for nvcc and the CUDA toolkit; cvtool calls neither, so the libraries are named here.
# It is not imported: a wheel with CUDA could not be, where NVIDIA's libraries are missing, and the archive does without them.
execute_process(
  COMMAND "${CVTOOL_TORCH_PYTHON}" -c "import importlib.util, os, runpy
folder = importlib.util.find_spec('torch').submodule_search_locations[0]
version = runpy.run_path(os.path.join(folder, 'version.py'))
print(folder, version['__version__'], version['cuda'] or 'none', sep=';')"
  OUTPUT_VARIABLE CVTOOL_WHEEL OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE CVTOOL_WHEEL_STATUS)
if(NOT CVTOOL_WHEEL_STATUS EQUAL 0)
  message(FATAL_ERROR "${CVTOOL_TORCH_PYTHON} finds no PyTorch: activate an environment with 'pip install torch', or name its "
                      "interpreter with -DCVTOOL_TORCH_PYTHON=/path/to/environment/bin/python")
endif()
list(GET CVTOOL_WHEEL 0 CVTOOL_WHEEL_FOLDER)
list(GET CVTOOL_WHEEL 1 Torch_VERSION)
list(GET CVTOOL_WHEEL 2 CVTOOL_WHEEL_CUDA)
message(STATUS "LibTorch ${Torch_VERSION} (CUDA: ${CVTOOL_WHEEL_CUDA}) of ${CVTOOL_WHEEL_FOLDER}")

# Newer headers are C++20, and older libraries were built with the former ABI of std::string; the wheel's CMake file says so.
file(READ "${CVTOOL_WHEEL_FOLDER}/share/cmake/Torch/TorchConfig.cmake" CVTOOL_WHEEL_CONFIG)
if(CVTOOL_WHEEL_CONFIG MATCHES "cxx_std_20")
  set(CMAKE_CXX_STANDARD 20)
endif()

set(TORCH_INCLUDE_DIRS "${CVTOOL_WHEEL_FOLDER}/include" "${CVTOOL_WHEEL_FOLDER}/include/torch/csrc/api/include")
# The wheel brings headers of its own fmt, which must not stand before those that spdlog was built with.
find_path(CVTOOL_FMT_FOLDER fmt/core.h REQUIRED)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/include-first")
file(CREATE_LINK "${CVTOOL_FMT_FOLDER}/fmt" "${CMAKE_BINARY_DIR}/include-first/fmt" SYMBOLIC)
list(PREPEND TORCH_INCLUDE_DIRS "${CMAKE_BINARY_DIR}/include-first")
string(REGEX MATCH "-D_GLIBCXX_USE_CXX11_ABI=[01]" TORCH_CXX_FLAGS "${CVTOOL_WHEEL_CONFIG}")
set(CVTOOL_WHEEL_LIB "${CVTOOL_WHEEL_FOLDER}/lib")
set(TORCH_LIBRARIES "${CVTOOL_WHEEL_LIB}/libtorch_cpu.so" "${CVTOOL_WHEEL_LIB}/libc10.so")
if(CVTOOL_PACKAGE)
  # The archive computes on the processor alone; packaging/archive.sh lays LibTorch beside the engine.
  add_compile_options("-ffile-prefix-map=${CVTOOL_WHEEL_FOLDER}=libtorch")
elseif(NOT CVTOOL_WHEEL_CUDA STREQUAL "none")
  # Nothing calls them by name: they make themselves known to LibTorch when they are loaded.
  list(PREPEND TORCH_LIBRARIES "-Wl,--push-state,--no-as-needed" "${CVTOOL_WHEEL_LIB}/libtorch_cuda.so"
       "${CVTOOL_WHEEL_LIB}/libc10_cuda.so" "${CVTOOL_WHEEL_LIB}/libtorch.so" "-Wl,--pop-state")
endif()

# Python finds what the wheel's libraries need before it loads them, for they do not say where it is: DT_RPATH, unlike DT_RUNPATH, holds
# for them too.
file(GLOB CVTOOL_WHEEL_NEEDS LIST_DIRECTORIES true "${CVTOOL_WHEEL_FOLDER}/../nvidia/*/lib")
set(CVTOOL_WHEEL_RPATH "${CVTOOL_WHEEL_LIB}" ${CVTOOL_WHEEL_NEEDS})
list(APPEND CMAKE_BUILD_RPATH ${CVTOOL_WHEEL_RPATH})
if(CVTOOL_PACKAGE)
  set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/cvtool" "$ORIGIN")
else()
  list(APPEND CMAKE_INSTALL_RPATH ${CVTOOL_WHEEL_RPATH})
endif()
add_link_options("-Wl,--disable-new-dtags" "LINKER:-rpath-link,${CVTOOL_WHEEL_LIB}")
foreach(folder IN LISTS CVTOOL_WHEEL_NEEDS)
  add_link_options("LINKER:-rpath-link,${folder}")
endforeach()
