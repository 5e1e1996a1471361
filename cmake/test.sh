#!/bin/sh
# Installs what is missing, builds, and runs every test. CVTOOL_TEST_DATA names a folder with real photos and weights;
# only tests that need it, or a GPU, are ever skipped.
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh

echo "Installs the packages that are missing (cmake/packages.txt), builds program and tests in build/, and runs the tests: on two cores about 20 minutes the"
echo "first time, five the next. Nothing else is changed. Waits up to ten minutes where apt is busy."
ensure_packages build speed test
python=/usr/bin/python3
[ -x "$python" ] || python=python3
for module in numpy torch torchvision h5py sklearn; do
  if ! "$python" -c "import $module" 2>/dev/null; then
    echo "$python cannot import $module, which the tests compare with; install the packages named below." >&2
    list_by_hand test >&2
    exit 1
  fi
done
build_cvtool -DCVTOOL_TESTS=ON -DCVTOOL_UNITY=ON

say "Testing"
status=0
ctest --preset release "$@" || status=$?

log=build/Testing/Temporary/LastTest.log
if grep -q 'skipped: ' "$log" 2>/dev/null; then
  say "Skipped (cases, reason)"
  sed -n 's/.*\(skipped: .*\)/\1/p' "$log" | sort | uniq -c
fi
exit $status
