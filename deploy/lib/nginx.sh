# shellcheck shell=bash
# nginx: templates of nginx/ rendered into etc/, checked, started.

nginx_setting() { # SECTION KEY DEFAULT: from the rendered settings of a site file
  local value
  value=$(awk -v s="$1" -v k="$2" '$1 == s && $2 == k { sub(/^[^ ]+ [^ ]+ ?/, ""); v = $0 } END { print v }' \
    "$VAR/state/web.settings" 2> /dev/null)
  printf '%s' "${value:-$3}"
}

WEB_KEYS="office_address public_address office_allow office_certificate_file office_key_file public_certificate_file \
public_key_file session_rate office_rate public_rate workers"

nginx_check_settings() { # FILE: only for the message
  local key value
  while read -r _ key value; do
    [[ " $WEB_KEYS " == *" $key "* ]] || die "$1: [web] has no setting \"$key\"; there are: $WEB_KEYS"
    case $key in
      *_file) [ -r "$value" ] || die "$1: [web] $key: $value cannot be read" ;;
      *_rate) [[ $value =~ ^[0-9]+r/[sm]$ ]] || die "$1: [web] $key: \"$value\" is not a rate such as 2r/s" ;;
      workers) [[ $value =~ ^[1-9][0-9]?$ ]] || die "$1: [web] workers: \"$value\" is not a number from 1 to 99" ;;
    esac
  done < "$VAR/state/web.settings"
}

nginx_listen() { # ADDRESS PORT: that address, or every one
  if [ -n "$1" ]; then
    [[ $1 =~ ^[0-9.]+$ || $1 =~ ^\[[0-9A-Fa-f:]+\]$ ]] || die "[web] \"$1\" is not an address"
    printf 'listen %s:%s ssl http2;' "$1" "$2"
    return
  fi
  printf 'listen 0.0.0.0:%s ssl http2;' "$2"
  [ ! -s /proc/net/if_inet6 ] || printf ' listen [::]:%s ssl http2 ipv6only=on;' "$2"
}

# " https://host": where the phone site may post a provider's form, which UnionPay alone has; nothing while it is not set.
nginx_pay_form_hosts() { # SETTINGS FILE
  settings_of_file "$1" | awk '
    $1 == "pay.unionpay" && NF >= 3 { on = 1 }
    $1 == "pay.unionpay" && $2 == "base_url" { url = $3 }
    END {
      if (!on) exit
      if (url == "") url = "https://gateway.95516.com/"
      if (!match(url, "^https?://[A-Za-z0-9.:-]+")) exit
      origin = substr(url, RSTART, RLENGTH)
      if (origin ~ "^https://([a-z0-9-]+[.])+95516[.]com$") origin = "https://*.95516.com"
      printf " %s", origin
    }'
}

# shellcheck disable=SC2034 # render reads these by name
nginx_render() {
  local part target
  local ETC=$VAR/etc CONF=$VAR/etc/nginx TEMP=$VAR/nginx SOCKETS=$RUN/web STATIC=$APP/build/static
  local ACCESS_LOG=$VAR/log/nginx-access.log ERROR_LOG=stderr MIME_TYPES=/etc/nginx/mime.types
  local OFFICE_CERT PUBLIC_CERT OFFICE_KEY PUBLIC_KEY OFFICE_LISTEN PUBLIC_LISTEN
  local SESSION_RATE OFFICE_RATE PUBLIC_RATE WORKERS PAY_FORM_HOSTS USER_LINE=
  OFFICE_CERT=$(nginx_setting web office_certificate_file "$VAR/etc/tls.crt")
  OFFICE_KEY=$(nginx_setting web office_key_file "$VAR/secret/tls.key")
  PUBLIC_CERT=$(nginx_setting web public_certificate_file "$VAR/etc/tls.crt")
  PUBLIC_KEY=$(nginx_setting web public_key_file "$VAR/secret/tls.key")
  OFFICE_LISTEN=$(nginx_listen "$(nginx_setting web office_address "")" "$OFFICE_PORT")
  PUBLIC_LISTEN=$(nginx_listen "$(nginx_setting web public_address "")" "$PUBLIC_PORT")
  SESSION_RATE=$(nginx_setting web session_rate 2r/s)
  OFFICE_RATE=$(nginx_setting web office_rate 1000r/s)
  PUBLIC_RATE=$(nginx_setting web public_rate 100r/s)
  WORKERS=$(nginx_setting web workers 2)
  PAY_FORM_HOSTS=$(nginx_pay_form_hosts "$VAR/etc/paywatt.ini")
  if am_root; then USER_LINE="user $(user_of web) $(group_of web);"; fi
  mkdir -p "$CONF"
  for part in "$PW_ROOT"/nginx/*.conf.in; do
    target=$CONF/$(basename "$part" .in)
    [ "${target##*/}" != nginx.conf ] || target=$VAR/etc/nginx.conf
    render "$part" ETC CONF TEMP SOCKETS STATIC RUN ACCESS_LOG ERROR_LOG MIME_TYPES OFFICE_CERT OFFICE_KEY PUBLIC_CERT \
      PUBLIC_KEY OFFICE_LISTEN PUBLIC_LISTEN SESSION_RATE OFFICE_RATE PUBLIC_RATE WORKERS PAY_FORM_HOSTS USER_LINE > "$target.new"
    mv "$target.new" "$target"
  done
  nginx_allow_list > "$VAR/etc/office-allow.conf"
}

nginx_allow_list() { # [web] office_allow = 10.0.0.0/8 192.168.1.0/24; empty: everybody
  local net any=0
  echo '# Who may come to the office listener: [web] office_allow in the settings.'
  for net in $(nginx_setting web office_allow ""); do
    [[ $net =~ ^[0-9A-Fa-f.:]+(/[0-9]+)?$ ]] || die "[web] office_allow: \"$net\" is not an address or a network"
    echo "allow $net;"
    any=1
  done
  [ "$any" = 0 ] || echo 'deny all;'
}

nginx_start() {
  local command=(nginx -e stderr -p "$VAR/nginx/" -c "$VAR/etc/nginx.conf") output
  nginx_render
  output=$("${command[@]}" -t 2>&1) || { printf '%s\n' "$output" >&2; die "nginx refuses its configuration"; }
  service_start nginx root "$(file_stamp "$VAR/etc/nginx.conf" "$VAR"/etc/nginx/*.conf "$VAR/etc/office-allow.conf" \
    "$VAR/etc/tls.crt")" "${command[@]}"
  needs_service nginx 20 "nginx listens" port_open 127.0.0.1 "$OFFICE_PORT"
}

port_open() { (exec 3<> "/dev/tcp/$1/$2") 2> /dev/null; }

# A port that somebody else holds is told before anything is started.
check_port() { # OPTION PORT
  if ! service_runs nginx && port_open 127.0.0.1 "$2"; then
    die "port $2 is in use by another program: choose another with $1"
  fi
}
