#!/bin/sh
# What can be seen of packaging/ without building a package: the scripts can be read by sh, and the bill of materials of an archive is well formed, tells of
# every file, is the same twice, and is refused when it is broken; a wheel of PyTorch is taken as it lies, for one with CUDA cannot be imported everywhere; what
# links in installed pages lead to is looked up.
# Usage: packaging_test.sh SOURCE-FOLDER PYTHON
set -eu
source=$1
python=$2
export LC_ALL=C SOURCE_DATE_EPOCH=1700000000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "packaging_test: $*"
  exit 1
}

for script in "$source"/cmake/*.sh "$source"/packaging/*.sh; do sh -n "$script" || fail "$script is no script of sh"; done
grep -v '^#' "$source/packaging/licences.txt" | cut -d ' ' -f 1 | sort | uniq -d >"$work/twice"
[ ! -s "$work/twice" ] || fail "licences.txt names twice: $(cat "$work/twice")"

# An archive of two files, and something compiled in.
tree=$work/tree
mkdir -p "$tree/share/doc/cvtool" "$tree/lib/cvtool"
echo one >"$tree/lib/cvtool/libz.so.1"
echo two >"$tree/lib/cvtool/libheif.so.1"
printf '%s\n' 'libz.so.1 zlib 1:1.2' 'libheif.so.1 libheif 1.15+deb' '(compiled-in) cli11 2.3' >"$tree/share/doc/cvtool/carried.txt"
sbom() { "$python" "$source/packaging/sbom.py" "$@"; }
sbom --archive "$tree" --version 1.2.3 -o "$work/a.json" || fail "no bill of materials"
sbom --archive "$tree" --version 1.2.3 -o "$work/b.json"
cmp "$work/a.json" "$work/b.json" || fail "two bills of one tree differ"
sbom --check "$work/a.json" || fail "its own bill is refused"
for wanted in '"name": "lib/cvtool/libz.so.1"' "$(sha256sum "$tree/lib/cvtool/libheif.so.1" | cut -d ' ' -f 1)" 'LGPL-3.0-or-later' \
  'pkg:deb/.*/libheif@1.15%2Bdeb' '"timestamp": "2023-11-14T22:13:20Z"' '"name": "cli11"'; do
  grep -q "$wanted" "$work/a.json" || { cat "$work/a.json"; fail "the bill does not say $wanted"; }
done
for broken in 's/"bom-ref": "zlib-[0-9]*"/"bom-ref": "cvtool"/' 's/CycloneDX/Cyclone/' 's/"purl": "[^"]*"/"purl": ""/' 's/2023-11-14T/2023-11-14 /'; do
  sed "$broken" "$work/a.json" >"$work/broken.json"
  ! cmp -s "$work/a.json" "$work/broken.json" || fail "$broken breaks nothing"
  if sbom --check "$work/broken.json" 2>/dev/null; then fail "a bill broken by $broken passes"; fi
done
# A wheel whose import fails, as without NVIDIA's libraries.
wheel=$work/wheel/torch
mkdir -p "$wheel/share/cmake/Torch" "$work/project"
echo 'raise ImportError("libcudart.so")' >"$wheel/__init__.py"
printf '%s\n' "__version__ = '9.8.7+cu1'" 'cuda = "1.2"' >"$wheel/version.py"
cat >"$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(wheel LANGUAGES NONE)
set(CMAKE_CXX_STANDARD 17)
include($source/cmake/TorchFromPython.cmake)
message(STATUS "of the wheel: C++\${CMAKE_CXX_STANDARD} \${TORCH_CXX_FLAGS}.")
END
for kind in 'cxx_std_20:C++20 .' 'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0"):C++17 -D_GLIBCXX_USE_CXX11_ABI=0.'; do
  echo "${kind%%:*}" >"$wheel/share/cmake/Torch/TorchConfig.cmake"
  PYTHONPATH=$work/wheel cmake -S "$work/project" -B "$work/project/build" -DCVTOOL_TORCH_PYTHON="$python" >"$work/configured" 2>&1 ||
    { cat "$work/configured"; fail "a wheel that cannot be imported is not taken"; }
  grep -q "LibTorch 9.8.7+cu1 (CUDA: 1.2) of $wheel" "$work/configured" && grep -qF "of the wheel: ${kind##*:}" "$work/configured" ||
    { cat "$work/configured"; fail "the wheel is taken for another"; }
done

# Pages whose links lead nowhere, or out of the tree.
mkdir -p "$work/pages/share"
for link in 'there.md' 'there.md#a-heading' 'https://example.org/x'; do
  echo "[a]($link)" >"$work/pages/share/page.md"
  echo '## A heading' >"$work/pages/share/there.md"
  "$python" "$source/tests/docs/links.py" "$work/pages" || fail "the link $link is refused"
done
for link in 'absent.md' 'there.md#no-heading' '../../a.json'; do
  echo "[a]($link)" >"$work/pages/share/page.md"
  if "$python" "$source/tests/docs/links.py" "$work/pages" >/dev/null; then fail "the link $link passes"; fi
done
echo "scripts, bill of materials, wheel and links are well"
