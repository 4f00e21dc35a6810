# shellcheck shell=bash
# Words, waiting and users. Sourced by paywatt; PW_ROOT is the top of the checkout.

say() { printf '%s\n' "$*"; }
warn() { printf 'paywatt: %s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }

am_root() { [ "$(id -u)" = 0 ]; }

# as_admin COMMAND...: as root, through sudo for an ordinary user.
as_admin() {
  if am_root; then
    "$@"
  else
    sudo "$@"
  fi
}

# seconds_since START_MS -> "4.2"
now_ms() { printf '%s' "$((${EPOCHREALTIME//[.,]/} / 1000))"; }
seconds_since() {
  local elapsed=$(($(now_ms) - $1))
  printf '%d.%d' $((elapsed / 1000)) $((elapsed % 1000 / 100))
}

# run_step LABEL LOG COMMAND...: output goes to LOG; shows what it is at and for how long; the log's end on failure.
# STEP_NOTE may name a function that turns the log into a short note of how far it is. What takes under a second is not told.
run_step() {
  local label=$1 log=$2 start status=0 pid ticks=0
  shift 2
  start=$(now_ms)
  "$@" > "$log" 2>&1 < /dev/null &
  pid=$!
  while kill -0 "$pid" 2> /dev/null; do
    sleep 0.1
    ticks=$((ticks + 1))
    step_progress "$label" "$log" "$start" "$ticks"
  done
  wait "$pid" || status=$?
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$status" != 0 ]; then
    tail -n 30 "$log" >&2
    warn "$label: failed (exit status $status); all of it: $log"
    return "$status"
  fi
  [ "$ticks" -lt 10 ] || say "$label: $(seconds_since "$start") s"
}

step_progress() { # LABEL LOG START_MS TICKS
  local note=
  if [ -t 1 ]; then [ $(($4 % 10)) = 0 ] || return 0; else [ "$4" = 10 ] || [ $(($4 % 100)) = 0 ] || return 0; fi
  [ -z "${STEP_NOTE:-}" ] || note=$("$STEP_NOTE" "$2") || note=
  if [ -t 1 ]; then
    printf '\r\033[K%s ... %s %s s' "$1" "${note:0:60}" "$((($(now_ms) - $3) / 1000))"
  elif [ "$4" = 10 ]; then
    say "$1 ..."
  else
    say "  $1: ${note:+$note, }$((($(now_ms) - $3) / 1000)) s"
  fi
}

# wait_for SECONDS WHAT COMMAND...: tries the command every 50 ms until it succeeds.
wait_for() {
  local until what=$2
  until=$(($(now_ms) + $1 * 1000))
  shift 2
  while ! "$@" > /dev/null 2>&1; do
    if [ "$(now_ms)" -ge "$until" ]; then
      warn "$what: not within the time"
      return 1
    fi
    sleep 0.05
  done
}

# as_user USER COMMAND...: as root becomes that system user for good, otherwise just runs it.
as_user() {
  local user=$1
  shift
  if am_root && [ "$user" != root ]; then
    setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps=-all --no-new-privs -- "$@"
  else
    "$@"
  fi
}

random_hex() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# random_password: 16 letters and digits that are not easily confused.
random_password() {
  local text=
  while [ "${#text}" -lt 16 ]; do
    text+=$(head -c 64 /dev/urandom | LC_ALL=C tr -dc 'A-HJ-NP-Za-km-z2-9') || true
  done
  printf '%s' "${text:0:16}"
}

# json_text VALUE: as a JSON string.
json_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "$text"
}

# render TEMPLATE NAME...: the template with each @NAME@ replaced by that variable's value.
render() {
  local text name
  text=$(cat "$1")
  shift
  for name in "$@"; do
    text=${text//"@$name@"/"${!name}"}
  done
  printf '%s\n' "$text"
}

content_stamp() { # FILE...: one hash over names and contents, sorted
  printf '%s\0' "$@" | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -d' ' -f1
}
