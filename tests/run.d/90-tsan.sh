#!/usr/bin/env bash
# The threaded programs' cases under ThreadSanitizer: unit cases of poller and sim, then tests/tsan/test_*.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
. "$PW_ROOT/tests/lib/files.sh"
build_kind tsan || { not_ok tsan/build "the build failed"; exit 1; }
export PW_BUILD=$PW_ROOT/build/tsan
python3 "$PW_ROOT/tests/lib/ctest_lines.py" "$PW_BUILD" tsan 'poller|line|spool|pump|sim|thread|queue|link|device|modbus'
run_files tsan
