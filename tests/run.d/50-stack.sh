#!/usr/bin/env bash
# tests/stack/test_*: one line a method or a check.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
. "$PW_ROOT/tests/lib/files.sh"
build_kind asan || { not_ok stack/build "the build failed"; exit 1; }
export PW_BUILD=$PW_ROOT/build/asan
run_files stack
