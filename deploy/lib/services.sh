# shellcheck shell=bash
# Starting, watching and stopping: each program under paywatt-supervise, its state in RUN/supervise/NAME.

# In order of starting; stopped the other way round.
SERVICES="mariadb redis field sandbox poller jobs staff machine tenant notify nginx"

state_file() { printf '%s' "$RUN/supervise/$1"; }

service_runs() { # NAME: does its supervisor live?
  local file
  file=$(state_file "$1")
  [ -s "$file" ] && ! flock -n "$file" true 2> /dev/null
}

service_state() { # NAME -> "supervisor pid since restarts"
  cat "$(state_file "$1")" 2> /dev/null
}

comm_of() { # NAME: what the kernel calls its processes
  case $1 in
    mariadb) echo mariadbd ;;
    redis) echo redis-server ;;
    nginx) echo nginx ;;
    field | sandbox) echo paywatt-sim ;;
    poller) echo paywatt-poller ;;
    jobs) echo paywatt-jobs ;;
    *) echo paywatt-cgi ;;
  esac
}

# members NAME: processes of the program's group, by the group's id and the program's name (a pid may have been reused).
members() {
  local group stat line fields wanted
  read -r _ group _ < <(service_state "$1") || return 0
  [ "${group:-0}" -gt 1 ] || return 0
  wanted=$(comm_of "$1")
  for stat in /proc/[0-9]*/stat; do
    { read -r line < "$stat"; } 2> /dev/null || continue
    fields=${line##*) }
    # shellcheck disable=SC2086
    set -- $fields
    if [ "$3" = "$group" ] && [[ $line == *"(${wanted:0:15})"* ]] && [ "$1" != Z ]; then
      printf '%s\n' "${line%% *}"
    fi
  done
}

# What a killed supervisor may have left behind ends before the program starts again.
clear_orphans() { # NAME
  local pids waited=0
  service_runs "$1" && return 0
  mapfile -t pids < <(members "$1")
  [ "${#pids[@]}" -gt 0 ] || return 0
  say "$1: ending what an earlier run left (${pids[*]})"
  kill -TERM "${pids[@]}" 2> /dev/null || true
  while mapfile -t pids < <(members "$1"); [ "${#pids[@]}" -gt 0 ]; do
    sleep 0.1
    waited=$((waited + 1))
    [ "$waited" -lt 100 ] || kill -KILL "${pids[@]}" 2> /dev/null || true
  done
}

# service_start NAME USER STAMP COMMAND...: does nothing when it runs with the same stamp; starts it anew when the stamp differs.
service_start() {
  local name=$1 user=$2 stamp=$3 mark=$VAR/state/$1.stamp drop=(setpriv --pdeathsig TERM)
  shift 3
  if service_runs "$name"; then
    [ "$stamp" != "$(cat "$mark" 2> /dev/null)" ] || return 0
    say "$name: changed, starting anew"
    service_stop "$name" || return 1
  fi
  clear_orphans "$name"
  if am_root && [ "$user" != root ]; then
    drop+=(--reuid "$user" --regid "$user" --init-groups --inh-caps=-all --no-new-privs)
  fi
  printf '%s\n' "$stamp" > "$mark"
  (cd / && umask 0007 && exec "$SUPERVISE" --name "$name" --state "$(state_file "$name")" --log "$VAR/log/$name.log" \
    --stop-s 30 -- "${drop[@]}" -- "$@") || { warn "$name: its supervisor did not start"; return 1; }
  STARTED+=("$name")
}

service_stop() { # NAME: TERM through the supervisor, waits until nothing of it is left
  local name=$1 supervisor waited=0
  if service_runs "$name"; then
    read -r supervisor _ < <(service_state "$name") || return 0
    kill -TERM "$supervisor" 2> /dev/null || true
    while service_runs "$name"; do
      sleep 0.05
      waited=$((waited + 1))
      if [ "$waited" = 900 ]; then warn "$name: still stopping"; return 1; fi
    done
    while kill -0 "$supervisor" 2> /dev/null && [ "$waited" -lt 900 ] && ! is_zombie "$supervisor"; do
      sleep 0.02
      waited=$((waited + 1))
    done
  fi
  clear_orphans "$name"
  rm -f -- "$(state_file "$name")"
}

is_zombie() { # PID: ended, only not yet collected by its parent
  local line
  { read -r line < "/proc/$1/stat"; } 2> /dev/null || return 0
  [[ ${line##*) } == Z* ]]
}

services_stop() {
  local name failed=0 order=
  for name in $SERVICES; do order="$name $order"; done
  for name in $order; do
    if [ -e "$(state_file "$name")" ]; then
      if service_runs "$name"; then say "stopping $name"; fi
      service_stop "$name" || failed=1
    fi
  done
  return "$failed"
}

file_stamp() { # FILE...: changes with the files' contents
  cat -- "$@" 2> /dev/null | sha256sum | cut -c1-16
}

log_tail() { # NAME: what it said last, for an error
  tail -n 15 "$VAR/log/$1.log" >&2 2> /dev/null || true
}

needs_service() { # NAME SECONDS WHAT COMMAND...: waits, shows the log when it does not come
  local name=$1
  shift
  wait_for "$@" || { log_tail "$name"; die "$name did not come up; its log: $VAR/log/$name.log"; }
}
