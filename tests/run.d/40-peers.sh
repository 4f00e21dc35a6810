#!/usr/bin/env bash
# tests/peers/test_*: one line a method or a check.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
. "$PW_ROOT/tests/lib/files.sh"
build_kind release || { not_ok peers/build "the build failed"; exit 1; }
export PW_BUILD=$PW_ROOT/build/release
run_files peers
