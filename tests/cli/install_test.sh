#!/bin/sh
# Installs the program into a temporary folder, moves it, and uses it there.
# Usage: install_test.sh BUILD-FOLDER SOURCE-FOLDER PYTHON
set -eu
build=$1
source=$2
python=$3
list=$source/tests/cli/installed_files.txt # their names, sorted
export LC_ALL=C
unset CVTOOL_SHARE LD_LIBRARY_PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "install_test: $*"
  exit 1
}

cmake --install "$build" --prefix "$work/first" >"$work/log" 2>&1 || { cat "$work/log"; fail "cmake --install failed"; }
(cd "$work/first" && find . ! -type d | sed 's|^\./||' | sort) >"$work/files"
diff "$list" "$work/files" || fail "the installed files are not those of $list (< wanted, > installed); mend the one that is wrong"
"$python" "$source/tests/docs/links.py" "$work/first" || fail "these links of the installed pages lead nowhere"
grep -rl "$work/first" "$work/first" && fail "these files hold the folder they were installed into"

mkdir -p "$work/some where"
mv "$work/first" "$work/some where/else"
root="$work/some where/else"
cd "$work"

version=$("$root/bin/cvtool" --version) || fail "--version failed"
case $version in
  'cvtool '[0-9]*.[0-9]*.[0-9]*) ;;
  *) fail "--version says '$version'" ;;
esac

# The shells are told of this very program, and so is man.
for completion in bash:bash-completion/completions/cvtool zsh:zsh/site-functions/_cvtool fish:fish/vendor_completions.d/cvtool.fish; do
  "$root/bin/cvtool" completion "${completion%%:*}" | cmp - "$root/share/${completion#*:}" || fail "the completion of ${completion%%:*} is not this program's"
done
grep -q "\"$version\"" "$root/share/man/man1/cvtool-train.1" || fail "the manual is another version's"

# A recipe that only the moved folder has shows that the program looks beside itself.
cp "$root/share/cvtool/models/recipes/car-or-truck-convnet.json" "$root/share/cvtool/models/recipes/moved.json"
LD_DEBUG=files LD_DEBUG_OUTPUT="$work/libraries" "$root/bin/cvtool" summary moved >"$work/summary" || fail "summary failed"
grep -q '^Total params: 291,405$' "$work/summary" || { cat "$work/summary"; fail "summary shows another net"; }
grep -h 'libcvtool_engine' "$work"/libraries.* | grep -q "$root/lib/cvtool/libcvtool_engine.so" ||
  fail "the engine was not loaded from the moved folder"

# Through a link on the PATH, as people install programs.
mkdir "$work/links"
ln -s "$root/bin/cvtool" "$work/links/cvtool"
PATH="$work/links:$PATH" cvtool summary moved >"$work/linked" || fail "summary failed through a link"
cmp "$work/summary" "$work/linked" || fail "summary differs through a link"
echo "installed, moved and used"
