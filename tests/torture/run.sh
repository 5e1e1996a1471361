#!/bin/sh
# run.sh CVTOOL [FLAGS of torture.py]: lets each call that cvtool makes of the system fail once. See README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: run.sh CVTOOL [--points N | --all] [--command NAME]... [--kind KIND]..." >&2; exit 2; }
library=$(mktemp -d)
trap 'rm -rf "$library"' EXIT
"${CC:-cc}" -x c -std=gnu11 -O1 -shared -fPIC -Wall -Wextra -Werror -o "$library/fail_once.so" "$here/fail_once.c" -ldl -lpthread
/usr/bin/python3 "$here/torture.py" --preload "$library/fail_once.so" "$@"
