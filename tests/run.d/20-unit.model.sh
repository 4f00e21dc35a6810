#!/usr/bin/env bash
# The exhaustive model of delivery and adjustment; PW_MODEL_FAULTS=5 for the longer form.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/files.sh"
run_files model
