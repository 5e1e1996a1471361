#!/bin/sh
# check_style.sh                whether every source is formatted as .clang-format says (clang-format 14; other versions differ in details)
# check_style.sh --tidy [BASE]  clang-tidy over the sources that differ from the commit BASE (default: the last one); needs a configured
#                               build/ of clang
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --tidy ]; then
  changed=$(git diff --name-only --diff-filter=d "${2:-HEAD~1}" -- 'src/*.cpp' 'tests/*.cpp')
  [ -n "$changed" ] || { echo "no source has changed"; exit 0; }
  exec clang-tidy --quiet -p build $changed
fi

tool=$(command -v clang-format-14 || command -v clang-format) || { echo "clang-format is not installed" >&2; exit 1; }
case $("$tool" --version) in
  *"version 14."*) ;;
  *) echo "skipped: $("$tool" --version), not version 14"; exit 0 ;;
esac
git ls-files 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'tests/*.h' | xargs "$tool" --dry-run --Werror
