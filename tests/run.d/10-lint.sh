#!/usr/bin/env bash
# Every executable file in tests/lint prints its own result lines.
set -u
cd "$PW_ROOT" || exit 2
for lint in tests/lint/*; do
  if ! [ -f "$lint" ] || ! [ -x "$lint" ]; then continue; fi
  echo "-- $lint" >&2
  "$lint" || { status=$?; [ "$status" = 1 ] || echo "not ok ${lint##*/} exit status $status"; }
done
