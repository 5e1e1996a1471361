#!/bin/sh
# check_style.sh                whether every source is formatted as .clang-format says (clang-format 14; other versions differ in details)
# check_style.sh --tidy [BASE]  clang-tidy over the sources that differ from the commit BASE (default: the last one); needs a configured
#                               build/ of clang
# check_style.sh --tidy-all [FOLDER]  the same over all of src, each room as one source, since LibTorch's headers take most of the time
#                               (20 minutes); its build files go into FOLDER (default: build-tidy)
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --tidy ]; then
  changed=$(git diff --name-only --diff-filter=d "${2:-HEAD~1}" -- 'src/*.cpp' 'tests/*.cpp')
  [ -n "$changed" ] || { echo "no source has changed"; exit 0; }
  exec clang-tidy --quiet -p build $changed
fi

if [ "${1:-}" = --tidy-all ]; then
  folder=$(realpath -m "${2:-build-tidy}")
  cmake -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++ -DCVTOOL_UNITY=ON -DCVTOOL_TESTS=OFF \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
  # Nothing is built, so there are no precompiled headers.
  sed -i 's/-Xclang -include-pch -Xclang [^ ]*\.pch//; s/-Xclang -emit-pch//' "$folder/compile_commands.json"
  sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$folder/compile_commands.json" | grep -v cmake_pch |
    xargs -n 1 clang-tidy --quiet --config-file=.clang-tidy -p "$folder" 2>&1 | grep -v '^[0-9]* warnings generated'
  exit 0
fi

tool=$(command -v clang-format-14 || command -v clang-format) || { echo "clang-format is not installed" >&2; exit 1; }
case $("$tool" --version) in
  *"version 14."*) ;;
  *) echo "skipped: $("$tool" --version), not version 14"; exit 0 ;;
esac
git ls-files 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'tests/*.h' 'examples/*.cpp' | xargs "$tool" --dry-run --Werror
