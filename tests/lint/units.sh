#!/usr/bin/env bash
# The units of deploy/systemd stay hardened (systemd-analyze security, 0 safe to 100 open) and parse.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/lines.sh
if ! command -v systemd-analyze > /dev/null; then
  skip lint/units "systemd-analyze is not installed"
  exit 0
fi
exposure() { # UNIT MOST
  systemd-analyze security --offline=true --no-pager --threshold="$2" "$1" | tail -n 1
  return "${PIPESTATUS[0]}"
}
check lint/unit_cgi exposure deploy/systemd/paywatt-cgi@.service 10
check lint/unit_poller exposure deploy/systemd/paywatt-poller.service 20
check lint/unit_jobs exposure deploy/systemd/paywatt-jobs.service 25
[ "$lines_failed" = 0 ]
