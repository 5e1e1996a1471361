#!/bin/sh
# stubs.sh LIBTORCH FOLDER: LibTorch of a wheel with CUDA wants two libraries of NVIDIA even where it only computes on the processor: the runtime and
# the profiler's. Writes into FOLDER libraries of these names, of the functions that LIBTORCH (libtorch_cpu.so) calls, each of which answers with an
# error, as without a driver. Nothing where LIBTORCH calls none (a wheel without CUDA).
set -eu
[ $# -eq 2 ] || { echo "usage: stubs.sh LIBTORCH FOLDER" >&2; exit 2; }
mkdir -p "$2"
cd "$2"
nm -D --undefined-only "$1" | sed -n 's/^ *U \(cu[A-Za-z]*\)@\(lib[a-z]*\.so\.[0-9]*\)$/\2 \1/p' | LC_ALL=C sort >functions.txt
for library in $(cut -d ' ' -f 1 functions.txt | uniq); do
  {
    # cudaErrorInsufficientDriver and CUPTI_ERROR_NOT_INITIALIZED
    case $library in *cupti*) error=15 ;; *) error=35 ;; esac
    for name in $(sed -n "s/^$library //p" functions.txt); do
      case $name in
        cuptiGetResultString) echo "int $name(int result, const char** text) { (void)result; *text = \"there is no CUDA in this build\"; return $error; }" ;;
        cuptiGetCallbackName) echo "int $name(int domain, int id, const char** name) { (void)domain, (void)id; *name = \"\"; return $error; }" ;;
        *ErrorString) echo "const char* $name(int error) { (void)error; return \"there is no CUDA in this build\"; }" ;;
        *) echo "int $name(void) { return $error; }" ;;
      esac
    done
  } >stub.c
  # The versions by which LibTorch asks for them are the libraries' names.
  echo "$library { global: *; };" >stub.map
  cc -O1 -fPIC -shared -nostdlib -Wl,--build-id=none -Wl,-soname,"$library" -Wl,--version-script,stub.map -o "$library" stub.c
done
rm -f stub.c stub.map functions.txt
