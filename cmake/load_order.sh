#!/bin/sh
# load_order.sh ENGINE: the libraries of the system that ENGINE needs, itself or by way of others, a name a line, each after all that it
# needs: in this order load_engine.cpp opens them. Left out is what needs an OpenMP runtime or lies in no folder of the system: which runtime
# serves whom is decided by the order in which the engine names its libraries, and which of two copies is meant by its search path.
# Empty where ldd or readelf is missing or the engine is for another machine.
set -eu
[ $# -eq 1 ] || { echo "usage: load_order.sh ENGINE" >&2; exit 2; }
command -v ldd >/dev/null && command -v readelf >/dev/null || exit 0
# NAME PATH a line.
found=$(ldd "$1" 2>/dev/null | awk '$2 == "=>" && $3 ~ "^/" { print $1, $3 }') || exit 0
[ -n "$found" ] || exit 0
{
  echo "$found"
  # Both show each file's name before what it needs.
  echo "$found" | awk '{ print $2 }' | xargs env LC_ALL=C readelf -d "$1" 2>/dev/null
} | awk -v engine="$1" '
  NF == 2 && $2 ~ "^/" && $1 != "File:" { path[$1] = $2; next }
  $1 == "File:" { file = $2; next }
  /\(NEEDED\)/ {
    needed = $NF
    gsub(/[][]/, "", needed)
    needs[file, ++count[file]] = needed
  }
  function ordinary(library) { return path[library] ~ "^/(usr/)?lib(64)?/" && library !~ /^lib(gomp|omp|iomp5)\./ }
  # Whether it may be opened alone; puts it, and all that it needs, behind what they need.
  function visit(library,    file, i, fit) {
    if (library in seen) return seen[library]
    if (!(library in path)) return 1  # the loader itself
    file = path[library]
    fit = seen[library] = ordinary(library)
    for (i = 1; i <= count[file]; ++i) if (!visit(needs[file, i])) fit = 0
    seen[library] = fit
    if (fit) print library
    return fit
  }
  END { for (i = 1; i <= count[engine]; ++i) visit(needs[engine, i]) }'
