#!/bin/sh
# What can be seen of packaging/ without building a package: the scripts can be read by sh, and the bill of materials of an archive is well formed, tells of
# every file, is the same twice, and is refused when it is broken.
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
echo "scripts and bill of materials are well formed"
