# shellcheck shell=bash
# down, status, logs, code.

instance() { # [--var DIR] first of "$@"; sets ARGUMENTS to the rest
  local folder=
  ARGUMENTS=()
  while [ $# -gt 0 ]; do
    if [ "$1" = --var ] && [ $# -ge 2 ]; then folder=$2; shift 2; else ARGUMENTS+=("$1"); shift; fi
  done
  existing_folders "$folder"
}

command_down() {
  instance "$@" || { say "nothing was ever started here"; return 0; }
  [ "${#ARGUMENTS[@]}" = 0 ] || die "down has no option \"${ARGUMENTS[0]}\""
  exec 8> "$VAR/state/lock"
  flock 8
  services_stop || die "not everything stopped"
  say "down"
}

since_text() { # EPOCH -> 2026-11-23 10:12:01 (3 min)
  local age=$(($(date +%s) - $1)) text
  if [ "$age" -lt 120 ]; then text="$age s"; elif [ "$age" -lt 7200 ]; then text="$((age / 60)) min"; else text="$((age / 3600)) h"; fi
  printf '%s (%s)' "$(date -d "@$1" '+%F %T')" "$text"
}

command_status() {
  local name pid since restarts state all=0
  instance "$@" || { say "nothing was ever started here; ./paywatt up starts it"; return 3; }
  printf '%-10s %8s  %-10s %-30s %s\n' program pid state since restarts
  for name in $SERVICES; do
    [ -e "$(state_file "$name")" ] || continue
    read -r _ pid since restarts < <(service_state "$name") || continue
    if ! service_runs "$name"; then
      state=dead pid=- all=3
    elif [ "$pid" = 0 ]; then
      state=restarting pid=- all=3
    else
      state=running
    fi
    printf '%-10s %8s  %-10s %-30s %s\n' "$name" "$pid" "$state" "$(since_text "$since")" "$restarts"
  done
  if ! service_runs mariadb; then
    say "not running; ./paywatt up starts it"
    return 3
  fi
  status_meters
  return "$all"
}

status_meters() {
  local text
  text=$(as_user "$(user_of paywatt)" "$(app_program paywattctl)" --config "$VAR/etc/paywatt.ini" status --json 2> /dev/null) ||
    { say "meters: the database did not say"; return 0; }
  status_number() { printf '%s' "$text" | grep -oE "\"$1\": *-?[0-9]+" | head -n 1 | grep -oE -- '-?[0-9]+$'; }
  if [ "$(status_number meters_total)" = 0 ]; then say "no meters yet"; return 0; fi
  say "$(status_number meters_read) of $(status_number meters_total) meters read, oldest reading $(status_number oldest_reading_s) s"
}

command_logs() {
  local follow=() names=() word file files=()
  instance "$@" || die "nothing was ever started here"
  for word in "${ARGUMENTS[@]}"; do
    case $word in
      -f) follow=(-F) ;;
      -*) die "logs has no option \"$word\"" ;;
      *) names+=("$word") ;;
    esac
  done
  for word in "${names[@]:-}"; do
    if [ -n "$word" ]; then
      file=$VAR/log/$word.log
      [ -e "$file" ] || die "no log of \"$word\"; there are: $(cd "$VAR/log" && printf '%s ' *.log)"
      files+=("$file")
    else
      files+=("$VAR/log"/*.log)
    fi
  done
  exec tail -n 40 "${follow[@]}" "${files[@]}"
}

# The code of RFC 6238 (SHA-1, 30 s, 6 digits) that an authenticator would show for a demo user's seed.
command_code() {
  local name seed key counter digest offset value now
  instance "$@" || die "nothing was ever started here; ./paywatt up starts it"
  name=${ARGUMENTS[0]-}
  [ -n "$name" ] || die "whose code? ./paywatt code engineer"
  if ! [[ $name =~ ^[a-z0-9_-]+$ ]] || ! [ -r "$VAR/secret/totp_$name" ]; then die "there is no demo user \"$name\""; fi
  seed=$(cat "$VAR/secret/totp_$name")
  while [ $((${#seed} % 8)) -ne 0 ]; do seed=$seed=; done
  key=$(printf '%s' "$seed" | base32 -d | od -An -v -tx1 | tr -d ' \n')
  now=$(date +%s)
  counter=$(printf '%016x' $((now / 30)))
  digest=$(printf '%b' "$(printf '%s' "$counter" | sed 's/../\\x&/g')" |
    openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" -r | cut -c1-40)
  offset=$((16#${digest:39:1} * 2))
  value=$((16#${digest:offset:8} & 16#7fffffff))
  printf '%06d\n' $((value % 1000000))
  say "counts once, for $((30 - now % 30)) s more" >&2
}
