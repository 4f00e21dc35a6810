#!/usr/bin/env bash
# The portal of a demo of its own, in Debian's Chromium. Pictures: build/test/pictures.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
here=$PW_ROOT/tests/browser
var=$PW_TEST_TMP/var
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
if ! (cd "$here" && npm ci --no-audit --no-fund --silent); then
    not_ok browser/packages "npm ci failed"
    exit 1
fi
if ! "$PW_ROOT/paywatt" up --var "$var" --office-port "$(port)" --public-port "$(port)" --field-net 127.61; then
    not_ok browser/up "paywatt up failed"
    exit 1
fi
ok browser/up
trap '"$PW_ROOT/paywatt" down --var "$var"' EXIT
PW_DEMO_JSON=$var/demo.json PW_PICTURES=$PW_ROOT/build/test/pictures \
    node --test --test-reporter=tap "$here"/*.test.mjs | python3 "$PW_ROOT/tests/lib/tap_lines.py" browser
check browser/secrets-in-logs python3 "$PW_ROOT/tests/lib/secrets_in_logs.py" "$var/secret" "$var/log"
