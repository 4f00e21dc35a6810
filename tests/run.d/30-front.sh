#!/usr/bin/env bash
# static/: type check, unit tests, and what package.json calls "lint".
set -u
. "$PW_ROOT/tests/lib/lines.sh"
if [ ! -f "$PW_ROOT/static/package.json" ]; then skip front "no static/package.json yet"; exit 0; fi
cd "$PW_ROOT/static" || exit 2
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund >&2 || { not_ok front/install "npm ci failed"; exit 1; }
fi
if ! compgen -G "$PW_ROOT/build/*/cgi/paywatt-cgi" >/dev/null; then
  . "$PW_ROOT/tests/lib/build.sh"
  build_kind release || { not_ok front/types "the server that describes the API does not build"; exit 1; }
fi
has() { node -e 'process.exit(require("./package.json").scripts?.[process.argv[1]] ? 0 : 1)' "$1"; }
for script in check lint; do
  if has "$script"; then check "front/$script" npm run --silent "$script"; fi
done
if has test; then
  npm run --silent test 2>&1 | python3 "$PW_ROOT/tests/lib/tap_lines.py" front
  [ "${PIPESTATUS[0]}" = 0 ] || lines_failed=1
fi
phone_budget() {
  PW_STATIC_OUT=$PW_TEST_TMP/static npm run --silent build:phone >&2 &&
    node "$PW_ROOT/tests/lint/phone_budget.mjs" "$PW_TEST_TMP/static/phone"
}
check front/phone_budget phone_budget
[ "$lines_failed" = 0 ]
