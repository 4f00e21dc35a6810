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

# The payment providers' stand-in: four ports in a row, kept once they are chosen.
sandbox_port() {
  local file=$VAR/state/sandbox_port port=8450
  if [ ! -s "$file" ]; then
    while port_taken "$port" || port_taken $((port + 1)) || port_taken $((port + 2)) || port_taken $((port + 3)); do
      port=$((port + 10))
      [ "$port" -lt 9450 ] || die "no four free ports for the payment sandbox between 8450 and 9450"
    done
    printf '%s\n' "$port" > "$file"
  fi
  cat "$file"
}

port_taken() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

sandbox_keys() {
  local simulator
  simulator=$(app_program paywatt-sim) || die "paywatt-sim was not built"
  SANDBOX_PORT=$(sandbox_port) || exit 1
  as_user "$(user_of paywatt)" "$simulator" pay --make-keys "$VAR/sandbox/keys" --port "$SANDBOX_PORT" ||
    die "the keys of the payment sandbox could not be made"
}

sandbox_settings() { # "section key value" lines for the demo's ini
  echo "pay public_url https://localhost:$PUBLIC_PORT"
  as_user "$(user_of paywatt)" cat "$VAR/sandbox/keys/merchant/settings.ini" > "$VAR/state/sandbox.settings"
  settings_of_file "$VAR/state/sandbox.settings"
}

sandbox_start() {
  local simulator keys=$VAR/sandbox/keys
  simulator=$(app_program paywatt-sim) || die "paywatt-sim was not built"
  service_start sandbox "$(user_of paywatt)" "$(file_stamp "$simulator" "$keys/identities.json" "$VAR/etc/tls.crt")" \
    "$simulator" pay --keys "$keys" --port "$SANDBOX_PORT" --state "$VAR/sandbox/orders" --ca-file "$VAR/etc/tls.crt" --speed 20
  needs_service sandbox 30 "the payment sandbox listens" port_taken $((SANDBOX_PORT + 3))
}

# Two floors of the park are let: their meters are taken over, the rest waits for whoever tries the counter.
demo_sheet() {
  awk -F, 'BEGIN { print "unit,shop,contact,phone,meter,balance,count,tariff,alarm" }
    $1 == "unit" && $3 == "A" && ($4 == "1F" || $4 == "2F") && $6 == "营业" && $5 != "公共" && $5 != "冷库" && $7 != "" { shop[$2] = $7 }
    $1 == "supply" && $2 in shop { printf "%s,%s,%s,1990000%04d,%s,,,,\n", $2, shop[$2], "店长", ++n, $3 }' "$VAR/spool/park.csv"
}

demo_let() {
  demo_sheet > "$VAR/spool/take-over.csv.new" && chmod 644 "$VAR/spool/take-over.csv.new" &&
    mv "$VAR/spool/take-over.csv.new" "$VAR/spool/take-over.csv" &&
    ctl take-over "$VAR/spool/take-over.csv" --accept-differences --timeout "$WAIT_READ_S"
}

DEMO_TENANTS="19900000001 19900000002 19900000003"

demo_tenants() {
  local phone
  if [ ! -e "$VAR/state/done.let" ]; then
    ctl wait-read --age 60 --timeout "$WAIT_READ_S" > /dev/null 2>&1 || true
    run_step "letting two floors" "$VAR/log/take-over.log" demo_let || warn "some meters were not taken over: $VAR/log/take-over.log"
    : > "$VAR/state/done.let"
  fi
  for phone in $DEMO_TENANTS; do
    make_secret "tenant_$phone" random_password
    once "tenant_$phone" ctl tenant password "$phone" --password-file "$VAR/secret/tenant_$phone" >> "$VAR/log/users.log" 2>&1 ||
      warn "the demo tenant $phone has no password: $VAR/log/users.log"
  done
}

demo_json_tenants() {
  local phone comma=''
  for phone in $DEMO_TENANTS; do
    [ -e "$VAR/state/done.tenant_$phone" ] || continue
    printf '%s\n    {"phone": "%s", "password": "%s"}' "$comma" "$phone" "$(cat "$VAR/secret/tenant_$phone")"
    comma=,
  done
}

# Keys of the providers' side, so that an independent peer can sign as the provider.
demo_json_sandbox() {
  local provider=$VAR/sandbox/keys/provider base=http://127.0.0.1
  printf '\n    "cashier_url": "%s:%s/", "control_url": "%s:%s/control",\n    "identities_file": %s,\n' "$base" "$((SANDBOX_PORT + 3))" \
    "$base" "$((SANDBOX_PORT + 3))" "$(json_text "$VAR/sandbox/keys/identities.json")"
  printf '    "wechat": {"url": "%s:%s", "public_key_private_file": %s, "certificate_file": %s, "certificate_key_file": %s, "api_key_file": %s},\n' \
    "$base" "$SANDBOX_PORT" "$(json_text "$provider/wechat_key.pem")" "$(json_text "$provider/wechat_certificate.pem")" \
    "$(json_text "$provider/wechat_certificate_key.pem")" "$(json_text "$provider/wechat_api_key")"
  printf '    "alipay": {"url": "%s:%s/gateway.do", "private_key_file": %s, "certificate_file": %s, "root_certificate_file": %s},\n' \
    "$base" "$((SANDBOX_PORT + 1))" "$(json_text "$provider/alipay_key.pem")" "$(json_text "$provider/alipay_certificate.pem")" \
    "$(json_text "$provider/alipay_root.pem")"
  printf '    "unionpay": {"url": "%s:%s/gateway/api/", "private_key_file": %s, "certificate_file": %s, "middle_certificate_file": %s, "root_certificate_file": %s}\n  ' \
    "$base" "$((SANDBOX_PORT + 2))" "$(json_text "$provider/unionpay_key.pem")" "$(json_text "$provider/unionpay_certificate.pem")" \
    "$(json_text "$provider/unionpay_middle.pem")" "$(json_text "$provider/unionpay_root.pem")"
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
    printf '\n  ],\n  "tenants": ['
    demo_json_tenants
    printf '\n  ],\n  "sandbox": {'
    demo_json_sandbox
    printf '},\n  "field": {\n    "control_socket": %s,\n    "gateways": [' "$(json_text "$RUN/field/control.sock")"
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
  say "  cashier http://127.0.0.1:$((SANDBOX_PORT + 3))/        (WeChat Pay, Alipay, UnionPay as a sandbox)"
  say ""
  printf '  %-10s %-18s %-14s %s\n' name password role "TOTP secret"
  while read -r name role display; do
    printf '  %-10s %-18s %-14s %s\n' "$name" "$(cat "$VAR/secret/user_$name")" "$role" "$(cat "$VAR/secret/totp_$name")"
  done <<< "$DEMO_USERS"
  for name in $DEMO_TENANTS; do
    [ ! -e "$VAR/state/done.tenant_$name" ] || printf '  %-10s %-18s %s\n' "$name" "$(cat "$VAR/secret/tenant_$name")" "tenant (phone site)"
  done
  say ""
  say "  the log-in asks for a one-time code as well: ./paywatt code engineer (or put the seed into an authenticator)"
  say "  the same as JSON: $VAR/demo.json"
}
