# Build type, language level, output folders, compiler cache, linker and memory-limited parallelism.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# -O2: the hot loops are LibTorch's and OpenCV's; -O3 only lengthens the build.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# The build tree has the installed layout, so that the program finds its engine and models alike in both.
include(GNUInstallDirs)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

find_program(CVTOOL_CCACHE ccache)
if(CVTOOL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need the sloppiness (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${CVTOOL_CCACHE}")
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

# Most of a source's compile time goes into the templates of LibTorch's headers: one file a folder shares them. For those who build
# the whole once; while working, OFF compiles only what has changed.
option(CVTOOL_UNITY "Compile each folder as one source" OFF)

find_program(CVTOOL_MOLD mold)
if(CVTOOL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# One compile of LibTorch's headers takes about 1.2 GB.
cmake_host_system_information(RESULT CVTOOL_MEMORY_MIB QUERY AVAILABLE_PHYSICAL_MEMORY)
cmake_host_system_information(RESULT CVTOOL_CORES QUERY NUMBER_OF_LOGICAL_CORES)
math(EXPR CVTOOL_JOBS "${CVTOOL_MEMORY_MIB} / 1200")
if(CVTOOL_JOBS LESS 1)
  set(CVTOOL_JOBS 1)
elseif(CVTOOL_JOBS GREATER CVTOOL_CORES)
  set(CVTOOL_JOBS ${CVTOOL_CORES})
endif()
set_property(GLOBAL APPEND PROPERTY JOB_POOLS compile=${CVTOOL_JOBS})
set(CMAKE_JOB_POOL_COMPILE compile)

# No path of the machine that builds in what it builds.
if(CVTOOL_PACKAGE)
  add_compile_options("-ffile-prefix-map=${CMAKE_BINARY_DIR}=build" "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
endif()

if(CVTOOL_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(CVTOOL_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize=vptr)
  add_link_options(-fsanitize=address,undefined)
endif()

# Not with CVTOOL_UNITY: functions in unnamed namespaces are told apart by the name of the source that is compiled.
if(CVTOOL_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

if(CVTOOL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
