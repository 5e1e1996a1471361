#!/bin/sh
# try.sh deb FILE | archive FILE | installed PROGRAM: whether a file of the release does on a bare system what people do with it: installs it, trains on drawn
# photos, predicts, opens the manual, presses the Tab key, and takes it away again. It changes the system; cmake/release.sh --check calls it in a throw-away root.
set -eu
umask 022
[ $# -eq 2 ] || { echo "usage: try.sh deb|archive|installed FILE" >&2; exit 2; }
kind=$1
file=$2
say() { printf '== %s\n' "$*"; }
fail() {
  echo "try.sh: $*" >&2
  exit 1
}
quietly() { "$@" >/tmp/try.log 2>&1 || { tail -n 20 /tmp/try.log >&2; fail "$* failed"; }; }

use() {
  cvtool=$1
  say "train on drawn photos"
  work=$(mktemp -d)
  cd "$work"
  export XDG_CACHE_HOME="$work/cache" XDG_DATA_HOME="$work/data" CVTOOL_OFFLINE=1
  "$cvtool" --version
  quietly "$cvtool" data sample photos --train-per-class 100 --size 48
  "$cvtool" train --data photos --base none --imgsz 32 --epochs 2 | tail -n 3
  "$cvtool" eval --data photos >eval.txt || { cat eval.txt >&2; fail "eval failed"; }
  picture=$(find photos/test -name '*.jpg' | sort | head -n 1)
  "$cvtool" predict "$picture"
  cp runs/latest/best.pt model.pt
  quietly "$cvtool" export --model model.pt --format onnx -o model.onnx
  quietly "$cvtool" verify model.onnx
  say "unknown file"
  "$cvtool" predict no-such.jpg --model model.pt >/dev/null 2>error.txt && fail "a picture that is not there was predicted"
  cat error.txt
  cd /
  rm -rf "$work"
}

# A person at a terminal: what the program `script` records of a bash into which the keys are typed.
press_tab() {
  { sleep 2; printf '%s\n' "$1"; sleep 2; printf 'cvtool train --opt\t'; sleep 3; printf '\003'; sleep 1; printf 'exit\n'; } |
    script -qc 'bash --norc -i' /tmp/typed >/dev/null
  grep -ao 'cvtool train --optimizer[a-z-]*' /tmp/typed | head -n 1 | grep . || { cat -v /tmp/typed >&2; fail "Tab did not complete --opt"; }
}

case $kind in
  deb)
    find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path /dev -o -path /bound \) -prune -o -print | sort >/tmp/before
    quietly apt-get update
    say "apt-get install $(basename "$file")"
    before=$(du -sxk / 2>/dev/null | cut -f1)
    quietly apt-get install -y --no-install-recommends "$file" libopenblas0-pthread
    apt-get clean
    echo "$(($(du -sxk / 2>/dev/null | cut -f1) - before)) KiB on the disk with all that it needs; the package alone $(dpkg-query -W -f '${Installed-Size}' cvtool) KiB"
    use cvtool
    quietly apt-get install -y --no-install-recommends man-db bash-completion
    say "man cvtool-train"
    # A minimal root may leave the pages of man out of what is installed, so that the text is asked for.
    MANWIDTH=100 man cvtool-train >/tmp/page 2>/dev/null
    head -n 8 /tmp/page
    grep -q -- --optimizer /tmp/page || fail "the page does not speak of --optimizer"
    say "cvtool train --opt<TAB>"
    press_tab '. /usr/share/bash-completion/bash_completion'
    say "apt-get purge"
    quietly apt-get purge -y cvtool
    left=$(find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /bound -o -path /tmp -o -path /var/log \) -prune -o -iname '*cvtool*' -print)
    [ -z "$left" ] || fail "left behind: $left"
    # What came with it goes with apt's own means.
    quietly apt-get purge -y --autoremove man-db bash-completion libopenblas0-pthread
    quietly apt-get autoremove -y --purge
    find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path /dev -o -path /bound \) -prune -o -print | sort >/tmp/after
    diff /tmp/before /tmp/after | grep '^[<>]' >/tmp/traces || true
    echo "nothing of cvtool is left; of what it needed $(wc -l </tmp/traces) names:"
    head -n 20 /tmp/traces
    ;;
  archive)
    ! ldconfig -p | grep -E 'libtorch|libopencv' || fail "this system has LibTorch or OpenCV of its own; try it on a bare one"
    say "unpack $(basename "$file")"
    folder=$(mktemp -d)
    tar -x -f "$file" -C "$folder"
    top=$(echo "$folder"/*)
    echo "$(du -sk "$top" | cut -f1) KiB unpacked"
    use "$top/bin/cvtool"
    # It does not mind where it lies.
    mkdir "/opt/a folder"
    mv "$top" "/opt/a folder/cvtool"
    "/opt/a folder/cvtool/bin/cvtool" summary small-resnet >/dev/null || fail "it does not run in another folder"
    if LD_DEBUG=libs "/opt/a folder/cvtool/bin/cvtool" summary small-resnet 2>&1 | sed -n 's/.*calling init: //p' | sort -u >/tmp/loaded; then
      grep -v '^/opt/a folder/' /tmp/loaded | grep -vE '/(libc|libm|libdl|librt|libpthread|libutil|libresolv|ld-linux[^/]*)\.so' && fail "these are taken from the system"
    fi
    rm -rf "/opt/a folder" "$folder"
    ;;
  installed) use "$file" ;;
  *) fail "unknown kind $kind" ;;
esac
say "all well"
