#!/bin/sh
# archive.sh BUILD PREFIX FOLDER: lays out in FOLDER what is packed as the archive, a tree that runs wherever it lies on any Linux with glibc of this
# system or newer: the program built in BUILD (preset `archive`), LibTorch of the wheel, the libraries of PREFIX (packaging/libraries.sh) and what all of
# these need of this system, but for glibc; with their licences. Refuses a library whose licence packaging/licences.txt does not know.
set -eu
[ $# -eq 3 ] || { echo "usage: archive.sh BUILD PREFIX FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P)
build=$(cd "$1" && pwd -P)
prefix=$(cd "$2" && pwd -P)
folder=$3
export LC_ALL=C
umask 022

rm -rf "$folder"
cmake --install "$build" --prefix "$folder" --strip >/dev/null
folder=$(cd "$folder" && pwd -P)
libraries=$folder/lib/cvtool
# Made for the libraries of this system, which the archive brings along.
rm -f "$libraries/libcvtool_engine.order"
licences=$folder/share/doc/cvtool/licences
mkdir -p "$licences"
python=$(sed -n 's/^CVTOOL_TORCH_PYTHON:[A-Z]*=//p' "$build/CMakeCache.txt")
# What cmake/TorchFromPython.cmake found; an import would ask for NVIDIA's libraries where the wheel is one with CUDA.
torch=$("$python" -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])')
torch_version=$(sed -n "s/^__version__ = '\([^'+]*\).*/\1/p" "$torch/version.py")

# LibTorch, and nothing where it asks for CUDA.
stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
sh "$here/stubs.sh" "$torch/lib/libtorch_cpu.so" "$stubs"
for file in "$torch"/lib/libtorch_cpu.so "$torch"/lib/libc10.so "$torch"/lib/libgomp*.so* "$stubs"/*.so.*; do
  [ -e "$file" ] || continue
  name=$(basename "$file")
  strip -o "$libraries/$name" "$file"
  case $file in "$stubs"/*) echo "$name cvtool-stubs $torch_version" ;; *) echo "$name libtorch $torch_version" ;; esac
done >"$stubs/carried.txt"
cp -r "$torch"-*.dist-info/licenses "$licences/libtorch"
mkdir "$licences/texts"
for text in Apache-2.0 GPL-2 GPL-3 LGPL-2.1 LGPL-3 MPL-2.0; do cp -L "/usr/share/common-licenses/$text" "$licences/texts"; done
# That of oneMKL, which the wheel holds without its text.
cp "$here/intel-simplified.txt" "$licences/texts/Intel-Simplified"

# The rest, by the names that the loader asks for. The system's alternatives may name another BLAS; OpenCV wants the plain one.
LD_LIBRARY_PATH=$libraries:$prefix/lib:/usr/lib/$(uname -m)-linux-gnu/blas:/usr/lib/$(uname -m)-linux-gnu/lapack \
  ldd "$folder/bin/cvtool" "$libraries/libcvtool_engine.so" >"$stubs/ldd.txt"
if grep 'not found' "$stubs/ldd.txt" >&2; then exit 1; fi
awk '$2 == "=>" { print $1, $3 }' "$stubs/ldd.txt" | sort -u >"$stubs/needed.txt"
glibc='^lib(c|m|dl|rt|pthread|util|resolv|anl|nsl|mvec|BrokenLocale)\.so|^ld-linux'
while read -r name path; do
  case $path in "$libraries"/*) continue ;; esac
  if echo "$name" | grep -qE "$glibc"; then continue; fi
  strip -o "$libraries/$name" "$path"
  case $path in
    "$prefix"/*)
      package=$(case $name in libheif*) echo libheif ;; libtiff*) echo tiff ;; libcurl*) echo curl ;; *) echo "$name" ;; esac)
      source=$package
      version=$(sed -n "s/^$package //p" "$prefix/versions.txt")
      ;;
    *)
      file=$(readlink -f "$path")
      package=$(dpkg -S "$file" "${file#/usr}" 2>/dev/null | sed -n '1s/: .*//p')
      [ -n "$package" ] || { echo "$path: no package of this system has it" >&2; exit 1; }
      source=$(dpkg-query -W -f '${source:Package}' "$package")
      version=$(dpkg-query -W -f '${source:Version}' "$package")
      ;;
  esac
  echo "$name $source $version" >>"$stubs/carried.txt"
  case $path in
    "$prefix"/*) copyright=$(echo "$prefix/../sources/$source"-*/debian/copyright) ;;
    *) copyright=/usr/share/doc/${package%%:*}/copyright ;;
  esac
  [ -e "$licences/$source" ] || cp -L "$copyright" "$licences/$source"
done <"$stubs/needed.txt"
# Of these the compiler took headers into the program itself.
for package in libcli11-dev nlohmann-json3-dev libgloo-dev; do
  source=$(dpkg-query -W -f '${source:Package}' $package)
  echo "(compiled-in) $source $(dpkg-query -W -f '${source:Version}' $package)" >>"$stubs/carried.txt"
  cp -L /usr/share/doc/$package/copyright "$licences/$source"
done
chmod 644 "$libraries"/*
find "$licences" -type f -exec chmod 644 {} +
sort "$stubs/carried.txt" >"$folder/share/doc/cvtool/carried.txt"

# What nobody has looked at is not given to others.
status=0
cut -d ' ' -f 2 "$stubs/carried.txt" | sort -u >"$stubs/sources.txt"
while read -r source; do
  grep -q "^$source  *[^ ]" "$here/licences.txt" || { echo "$source: packaging/licences.txt does not say under which licence its libraries are" >&2; status=1; }
  if grep -E "^$source  *GPL" "$here/licences.txt" | grep -qv ' WITH '; then echo "$source is under the GPL alone and cannot be carried" >&2; status=1; fi
done <"$stubs/sources.txt"
[ $status -eq 0 ] || exit 1

{
  cat "$here/notice.txt"
  while read -r source; do
    echo
    sed -n "s/^$source  */$source: /p" "$here/licences.txt"
    echo "  version $(sed -n "s/^[^ ]* $source //p" "$stubs/carried.txt" | sort -u); text: $([ "$source" = cvtool-stubs ] && echo LICENSE || echo "share/doc/cvtool/licences/$source")"
    echo "  files: $(sed -n "s/^\([^ ]*\) $source .*/\1/p" "$stubs/carried.txt" | sort | tr '\n' ' ' | sed 's/ $//')"
  done <"$stubs/sources.txt"
} >"$folder/NOTICE"
cp "$here/../LICENSE" "$folder/LICENSE"

# All is there, and nothing newer than this system's glibc is asked for.
LD_LIBRARY_PATH='' ldd "$folder/bin/cvtool" "$libraries/libcvtool_engine.so" >"$stubs/ldd.txt"
awk '$2 == "=>" { print $1, $3 }' "$stubs/ldd.txt" | sort -u | while read -r name path; do
  case $path in
    "$folder"/*) ;;
    not) echo "$name is missing in the archive" >&2; exit 1 ;;
    *) echo "$name" | grep -qE "$glibc" || { echo "$name is taken from $path and not from the archive" >&2; exit 1; } ;;
  esac
done
for file in "$folder"/bin/cvtool "$libraries"/*; do objdump -T "$file" 2>/dev/null | grep -oE 'GLIBC_[0-9.]+'; done | sort -Vu | tail -n 1 >"$folder/share/doc/cvtool/glibc.txt"
