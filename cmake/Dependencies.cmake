# Every library comes from the distribution (or CMAKE_PREFIX_PATH); nothing is downloaded.
find_package(Threads REQUIRED)
find_package(Torch REQUIRED)
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
target_link_libraries(cvtool_torch INTERFACE ${TORCH_LIBRARIES})
separate_arguments(CVTOOL_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(cvtool_torch INTERFACE ${CVTOOL_TORCH_FLAGS})

add_library(cvtool_opencv INTERFACE)
target_include_directories(cvtool_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(cvtool_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)
# Text in pictures: FreeType where OpenCV was built with it (opencv_contrib), else OpenCV's own line font.
if(TARGET opencv_freetype)
  target_link_libraries(cvtool_opencv INTERFACE opencv_freetype)
  target_compile_definitions(cvtool_opencv INTERFACE CVTOOL_HAS_FREETYPE=1)
endif()
