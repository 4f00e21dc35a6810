# shellcheck shell=bash
# The result lines of tests/README.md. Sourced by runners written in bash.
lines_failed=0

ok() {
  printf 'ok %s\n' "$1"
}

not_ok() { # NAME REASON
  lines_failed=$((lines_failed + 1))
  printf 'not ok %s %s\n' "$1" "${2:-}"
}

skip() { # NAME REASON
  printf 'ok %s # skip %s\n' "$1" "$2"
}

# check NAME COMMAND...: runs it, its output goes to the log.
check() {
  local name=$1 status=0 start=$SECONDS
  shift
  "$@" >&2 || status=$?
  echo "-- $name: $((SECONDS - start)) s" >&2
  if [ "$status" = 0 ]; then ok "$name"; else not_ok "$name" "exit status $status"; fi
}
