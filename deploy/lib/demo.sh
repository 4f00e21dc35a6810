# shellcheck shell=bash
# The living demo: simulated field, sample park, log-ins, var/demo.json.

# name role display-name
DEMO_USERS="admin administrator 系统管理员
manager administrator 物业经理
engineer engineer 值班工程师
finance finance 财务
auditor auditor 审计"

ctl() { as_user "$(user_of paywatt)" "$(app_program paywattctl)" --config "$VAR/etc/paywatt.ini" "$@"; }

# once NAME COMMAND...: does it once a database; the mark lies beside the database's own files' birth.
once() {
  local mark=$VAR/state/done.$1
  shift
  [ ! -e "$mark" ] || return 0
  "$@" || return 1
  : > "$mark"
}

park_file() { # the sample park with the simulated gateways on this instance's loopback net
  local target=$VAR/spool/park.csv
  sed "s/,127\.50\./,$FIELD_NET./" "$PW_ROOT/schema/sample-park/park.csv" > "$target.new"
  chmod 644 "$target.new"
  mv "$target.new" "$target"
  printf '%s' "$target"
}

field_start() {
  local simulator park control=$RUN/field/control.sock
  simulator=$(app_program paywatt-sim) || die "paywatt-sim was not built"
  park=$(park_file)
  service_start field "$(user_of paywatt)" "$(file_stamp "$simulator" "$park")" \
    "$simulator" field --park "$park" --control "$control" --state "$VAR/spool/field.state" --net "$FIELD_NET"
  needs_service field 30 "the simulated field listens" test -S "$control"
}

demo_import() {
  run_step "importing the sample park" "$VAR/log/import.log" ctl import "$VAR/spool/park.csv" --commit ||
    die "the sample park could not be imported"
}

demo_open_field() { # only the simulator stands behind these lines
  run_step "making the simulated lines writable" "$VAR/log/lines.log" demo_open_lines || die "the lines stayed read-only"
}
demo_open_lines() {
  ctl setting set accept_experimental_models true --reason "demo against the simulated field" &&
    ctl line writable all --reason "demo against the simulated field"
}

demo_user() { # NAME ROLE DISPLAY_NAME
  make_secret "user_$1" random_password
  make_secret "totp_$1" totp_seed
  once "user_$1" ctl user add "$1" --role "$2" --display-name "$3" \
    --password-file "$VAR/secret/user_$1" --totp-secret-file "$VAR/secret/totp_$1" >> "$VAR/log/users.log" 2>&1 ||
    { tail -n 5 "$VAR/log/users.log" >&2; die "the demo user $1 could not be made"; }
}

demo_users() {
  local name role display
  while read -r name role display; do demo_user "$name" "$role" "$display"; done <<< "$DEMO_USERS"
}

demo_json() {
  local name role display comma='' gateway host base=https://localhost target=$VAR/demo.json
  {
    printf '{\n  "portal_url": "%s:%s/portal/",\n' "$base" "$OFFICE_PORT"
    printf '  "phone_url": "%s:%s/m/",\n  "kiosk_url": "%s:%s/kiosk/",\n' "$base" "$PUBLIC_PORT" "$base" "$OFFICE_PORT"
    printf '  "api_url": "%s:%s/api/v1/",\n  "users": [' "$base" "$OFFICE_PORT"
    while read -r name role display; do
      printf '%s\n    {"name": "%s", "password": "%s", "role": "%s", "display_name": %s, "totp_secret": "%s"}' "$comma" "$name" \
        "$(cat "$VAR/secret/user_$name")" "$role" "$(json_text "$display")" "$(cat "$VAR/secret/totp_$name")"
      comma=,
    done <<< "$DEMO_USERS"
    printf '\n  ],\n  "tenants": [],\n  "sandbox": {},\n  "field": {\n    "control_socket": %s,\n    "gateways": [' \
      "$(json_text "$RUN/field/control.sock")"
    comma=
    while IFS=, read -r _ gateway _ _ host; do
      printf '%s\n      {"code": "%s", "host": "%s", "ports": [%s]}' "$comma" "$gateway" "$host" "$(gateway_ports "$gateway")"
      comma=,
    done < <(grep '^gateway,' "$VAR/spool/park.csv" | tr -d '\r')
    printf '\n    ]\n  },\n  "certificate": %s\n}\n' "$(json_text "$VAR/etc/tls.crt")"
  } > "$target.new"
  chmod 600 "$target.new"
  mv "$target.new" "$target"
}

gateway_ports() { # CODE -> 4001, 4002
  awk -F, -v g="$1" '$1 == "line" && $4 == g { printf "%s%s", n++ ? ", " : "", $6 }' "$VAR/spool/park.csv"
}

demo_log_ins() {
  local name role display
  say ""
  say "  portal  https://localhost:$OFFICE_PORT/portal/      (self-signed certificate: $VAR/etc/tls.crt)"
  say "  API     https://localhost:$OFFICE_PORT/api/v1/"
  [ ! -d "$APP/build/static/phone" ] || say "  phone   https://localhost:$PUBLIC_PORT/m/"
  say ""
  printf '  %-10s %-18s %-14s %s\n' name password role "TOTP secret"
  while read -r name role display; do
    printf '  %-10s %-18s %-14s %s\n' "$name" "$(cat "$VAR/secret/user_$name")" "$role" "$(cat "$VAR/secret/totp_$name")"
  done <<< "$DEMO_USERS"
  say ""
  say "  the log-in asks for a one-time code as well: ./paywatt code engineer (or put the seed into an authenticator)"
  say "  the same as JSON: $VAR/demo.json"
}
