#!/usr/bin/env bash
# tests/stack/test_*: one line a method or a check.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
. "$PW_ROOT/tests/lib/files.sh"
kind=${PW_BUILD_STACK:-asan}
build_kind "$kind" || { not_ok stack/build "the build failed"; exit 1; }
export PW_BUILD=$PW_ROOT/build/$kind
run_files_beside "${PW_STACK_BESIDE:-3}" stack
