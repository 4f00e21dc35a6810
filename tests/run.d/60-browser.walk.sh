#!/usr/bin/env bash
# tests/front: the portal in Chromium in front of its mock API.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
if [ ! -d "$PW_ROOT/static/node_modules" ]; then skip browser/walk "static/ is not installed"; exit 0; fi
if ! command -v chromium >/dev/null; then skip browser/walk "chromium is not installed"; exit 0; fi
(cd "$PW_ROOT/tests/browser" && npm ci --no-audit --no-fund --silent) >&2 || { not_ok browser/walk "npm ci failed"; exit 1; }
export PW_STATIC_OUT=$PW_TEST_TMP/static
(cd "$PW_ROOT/static" && npm run --silent build:fast) >&2 || { not_ok browser/walk_build "the build failed"; exit 1; }
ok browser/walk_build
node --test --test-reporter=tap "$PW_ROOT"/tests/front/*.test.mjs | python3 "$PW_ROOT/tests/lib/tap_lines.py" browser
[ "${PIPESTATUS[0]}" = 0 ]
