#!/bin/sh
# run.sh [SUBJECT...] [FLAGS of run.py]: how many small faults, put into the sources, the tests see. See README.md.
set -eu
exec /usr/bin/python3 "$(dirname "$0")/run.py" "$@"
