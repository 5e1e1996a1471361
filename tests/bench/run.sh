#!/bin/sh
# cvtool beside eager PyTorch, the newest PyTorch and Keras: one table. run.sh --help says what can be chosen.
# PYTHON names another interpreter (3.8 or later); it also makes the virtual environments.
exec "${PYTHON:-python3}" "$(dirname "$0")/compare.py" "$@"
