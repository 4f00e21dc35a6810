#!/usr/bin/env bash
# tests/flow: every step of the money flows against a real MariaDB, plain and under faults.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
build_kind asan || { not_ok stack/flow "the build failed"; exit 1; }
exec /usr/bin/python3 "$PW_ROOT/tests/flow/server.py" --lines stack "$PW_ROOT"/build/asan/tests/flow/test_flow_*
