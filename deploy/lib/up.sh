# shellcheck shell=bash
# up: from nothing to every meter read, doing only what is missing.

up_options() {
  SITE_FILE='' VAR_OPTION='' OFFICE_PORT_OPTION='' PUBLIC_PORT_OPTION='' NET_OPTION='' WAIT_READ_S=180
  while [ $# -gt 0 ]; do
    case $1 in
      --office-port | --public-port | --site | --var | --field-net | --wait) [ $# -ge 2 ] || die "$1 needs a value" ;;
    esac
    case $1 in
      --office-port) OFFICE_PORT_OPTION=$2 ;;
      --public-port) PUBLIC_PORT_OPTION=$2 ;;
      --site) SITE_FILE=$2 ;;
      --var) VAR_OPTION=$2 ;;
      --field-net) NET_OPTION=$2 ;;
      --wait) WAIT_READ_S=$2 ;;
      *) die "up has no option \"$1\"; see ./paywatt help" ;;
    esac
    shift 2
  done
  [ -z "$SITE_FILE" ] || [ -r "$SITE_FILE" ] || die "$SITE_FILE cannot be read"
  [ -z "$SITE_FILE" ] || SITE_FILE=$(realpath "$SITE_FILE")
  [ -z "$NET_OPTION" ] || [[ $NET_OPTION =~ ^127\.[0-9]{1,3}$ ]] || die "--field-net is 127 and one more number, such as 127.51"
  local port
  for port in "$OFFICE_PORT_OPTION" "$PUBLIC_PORT_OPTION"; do
    [ -z "$port" ] || [[ $port =~ ^[0-9]{1,5}$ && $port -ge 1 && $port -le 65535 ]] || die "\"$port\" is not a port"
  done
}

# What the last up was given stays in force until another value is given.
remember() { # NAME OPTION DEFAULT -> the value
  local file=$VAR/state/$1 value=$2
  [ -n "$value" ] || value=$(cat "$file" 2> /dev/null) || value=$3
  printf '%s\n' "$value" > "$file"
  printf '%s' "$value"
}

up_prepare() {
  local mode=demo
  make_user
  choose_folders "$VAR_OPTION"
  [ -z "$SITE_FILE" ] || mode=site
  mkdir -p "$VAR/state"
  if [ -f "$VAR/state/mode" ] && [ "$(cat "$VAR/state/mode")" != "$mode" ]; then
    die "$VAR holds a $(cat "$VAR/state/mode"): use another folder for this with --var DIR"
  fi
  echo "$mode" > "$VAR/state/mode"
  MODE=$mode
  exec 8> "$VAR/state/lock"
  flock -n 8 || { say "another ./paywatt is at work on $VAR: waiting"; flock 8; }
  OFFICE_PORT=$(remember office_port "$OFFICE_PORT_OPTION" 8443)
  PUBLIC_PORT=$(remember public_port "$PUBLIC_PORT_OPTION" 8444)
  FIELD_NET=$(remember field_net "$NET_OPTION" 127.51)
  make_folders
  make_secrets
  make_certificate
  make_app
  up_settings
  SUPERVISE=$(program paywatt-supervise) || die "paywatt-supervise was not built"
  STARTED=()
}

# [web] is the front server's section; the programs see only what they know.
up_settings() {
  : > "$VAR/state/web.settings"
  if [ -n "$SITE_FILE" ]; then
    local all
    all=$(settings_of_file "$SITE_FILE") || die "$SITE_FILE cannot be read as settings"
    printf '%s\n' "$all" | awk '$1 == "web"' > "$VAR/state/web.settings"
    nginx_check_settings "$SITE_FILE"
    printf '%s\n' "$all" | grep -qx 'site simulated true' && die "$SITE_FILE: a real site is not simulated"
    site_settings_check
    make_settings site "$VAR/state/site.ini"
  else
    sandbox_keys
    make_settings demo
  fi
}

# The programs judge the file, without [web] but with its line numbers, before anything is made of it.
site_settings_check() {
  local said plain=$VAR/state/site.ini
  awk '/^[[:space:]]*\[/ { web = $0 ~ /\[web\]/ } { print web ? "" : $0 }' "$SITE_FILE" > "$plain"
  said=$("$(app_program paywattctl)" --config "$plain" config print 2>&1 > /dev/null) || die "${said//"$plain"/"$SITE_FILE"}"
}

up_programs() {
  local ours ini=$VAR/etc/paywatt.ini path role
  ours=$(user_of paywatt)
  for role in poller jobs; do
    path=$(app_program "paywatt-$role") || continue
    service_start "$role" "$ours" "$(file_stamp "$path" "$ini")" "$path" --config "$ini"
  done
  path=$(app_program paywatt-cgi) || die "paywatt-cgi was not built"
  for role in staff machine tenant notify; do
    service_start "$role" "$ours" "$(file_stamp "$path" "$ini")" "$path" --config "$ini" --role "$role"
  done
  for role in staff machine tenant notify; do
    needs_service "$role" 30 "paywatt-cgi $role listens" test -S "$RUN/web/$role.sock"
  done
}

up_database() {
  mariadb_start
  app_program paywattctl > /dev/null || die "paywattctl was not built"
  mariadb_migrate
  redis_start
}

site_administrator() {
  [ ! -e "$VAR/state/done.administrator" ] || return 0
  make_secret user_admin random_password
  ctl user add admin --role administrator --display-name 管理员 --password-file "$VAR/secret/user_admin" --must-change \
    > "$VAR/log/users.log" 2>&1 || { tail -n 5 "$VAR/log/users.log" >&2; die "the first administrator could not be made"; }
  : > "$VAR/state/done.administrator"
  say ""
  say "  first administrator: admin, one-time password $(cat "$VAR/secret/user_admin") (shown only now)"
  rm -f "$VAR/secret/user_admin"
}

command_up() {
  local start
  start=$(now_ms)
  up_options "$@"
  packages_install run build node
  build_all || exit 1
  up_prepare
  check_port --office-port "$OFFICE_PORT"
  check_port --public-port "$PUBLIC_PORT"
  up_database
  if [ "$MODE" = demo ]; then
    field_start
    once import demo_import
    once field demo_open_field
    demo_users
    sandbox_start
  fi
  up_programs
  nginx_start
  if [ "$MODE" = demo ]; then
    demo_tenants
    demo_json
    demo_log_ins
    # the first cycle takes prices and rate tables along and is a long one: wait for the second, but not for ever
    ctl wait-read --age 6 --timeout "$((WAIT_READ_S < 45 ? WAIT_READ_S : 45))" 2> /dev/null || ctl wait-read --age 20 --timeout "$WAIT_READ_S" || die "not every meter was read within $WAIT_READ_S s; see ./paywatt status and logs poller"
  else
    site_administrator
    say "  portal  https://localhost:$OFFICE_PORT/portal/      settings: $VAR/etc/paywatt.ini"
    say "  every line is read-only until an administrator makes it writable"
  fi
  [ "${#STARTED[@]}" -gt 0 ] || say "nothing needed starting"
  say "up in $(seconds_since "$start") s"
}
