# Every library comes from the distribution (or CMAKE_PREFIX_PATH); nothing is downloaded.
find_package(Threads REQUIRED)
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(spdlog REQUIRED)
find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
if(CVTOOL_TESTS)
  find_package(doctest REQUIRED)
endif()

# LibTorch and OpenCV as system libraries: their headers raise no warnings of ours.
add_library(cvtool_torch INTERFACE)
target_include_directories(cvtool_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# Compiled without OpenMP, at::parallel_for of LibTorch's headers is a loop on one thread.
target_link_libraries(cvtool_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX)
separate_arguments(CVTOOL_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(cvtool_torch INTERFACE ${CVTOOL_TORCH_FLAGS})

add_library(cvtool_opencv INTERFACE)
target_include_directories(cvtool_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(cvtool_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)
