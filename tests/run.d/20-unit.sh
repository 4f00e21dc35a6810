#!/usr/bin/env bash
# cmocka cases under AddressSanitizer and UBSan; one line a case.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
build_kind asan || { not_ok unit/build "the build failed"; exit 1; }
exec python3 "$PW_ROOT/tests/lib/ctest_lines.py" "$PW_ROOT/build/asan" unit
