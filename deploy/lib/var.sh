# shellcheck shell=bash
# Folders, users, secrets, settings and certificate of this instance.
# After choose_folders: VAR (data), RUN (sockets), APP (programs, portal, models, schema as the programs see them).

DATABASE_ROLES="staff tenant notify machine poller jobs ctl backup migrate"

# Which system user each server runs as; everything is the caller where the caller is not root.
user_of() { # mysql|redis|web|paywatt
  if ! am_root; then id -un; return; fi
  case $1 in
    mysql) echo mysql ;;
    redis) echo redis ;;
    web) echo www-data ;;
    *) echo paywatt ;;
  esac
}
group_of() { id -gn "$(user_of "$1")"; }

make_user() {
  if am_root && ! id paywatt > /dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin paywatt
  fi
}

folder_key() { printf '%s' "$PW_ROOT" | sha256sum | cut -c1-8; }

# Can every system user that needs it enter this folder?
all_can_enter() {
  local user
  am_root || return 0
  for user in "$(user_of mysql)" "$(user_of redis)" "$(user_of web)" "$(user_of paywatt)"; do
    as_user "$user" test -x "$1" || return 1
  done
}

# existing_folders: VAR and RUN of an instance that was made before; for status, down and logs.
existing_folders() { # [VAR]
  VAR=${1:-$PW_ROOT/var}
  [ -d "$VAR/state" ] || return 1
  VAR=$(cd "$VAR" && pwd -P)
  RUN=$(cat "$VAR/state/run" 2> /dev/null) || return 1
  APP=$(cat "$VAR/state/app" 2> /dev/null) || APP=$PW_ROOT
}

choose_folders() { # [VAR]
  local link=$PW_ROOT/var
  if [ -n "${1:-}" ]; then
    VAR=$1
    mkdir -p "$VAR"
    VAR=$(cd "$VAR" && pwd -P)
  elif [ -L "$link" ]; then
    VAR=$(readlink -m "$link")
  elif [ -d "$link" ]; then
    VAR=$(cd "$link" && pwd -P)
  elif all_can_enter "$PW_ROOT"; then
    VAR=$PW_ROOT/var
  else
    VAR=/var/lib/paywatt-$(folder_key)
    ln -s "$VAR" "$link"
    say "$PW_ROOT is closed to the servers' users: data is in $VAR (linked as var)"
  fi
  mkdir -p "$VAR"
  VAR=$(cd "$VAR" && pwd -P)
  all_can_enter "$VAR" || die "$VAR: the users mysql, redis, www-data and paywatt must be able to enter it (chmod a+x its parents, or --var DIR)"
  choose_run_folder
  APP=$PW_ROOT
  all_can_enter "$PW_ROOT/deploy" || APP=$VAR/app
}

# Unix socket paths end at 107 characters; the longest name below RUN takes 30.
choose_run_folder() {
  local base=/run
  RUN=$VAR/run
  if [ "${#RUN}" -gt 75 ]; then
    am_root || base=${XDG_RUNTIME_DIR:-/tmp}
    RUN=$base/paywatt-$(id -u)-$(printf '%s' "$VAR" | sha256sum | cut -c1-8)
    if [ -e "$RUN" ] && ! [ -O "$RUN" ]; then die "$RUN belongs to somebody else"; fi
  fi
}

make_folder() { # MODE USER GROUP FOLDER
  local have
  have=$(stat -c '%a %U %G' "$4" 2> /dev/null) || have=
  [ "$have" != "$1 $2 $3" ] || return 0
  mkdir -p "$4"
  if am_root; then chown "$2:$3" "$4"; fi
  chmod "$1" "$4"
}

make_folders() {
  local ours mysql redis web our_group
  ours=$(user_of paywatt) mysql=$(user_of mysql) redis=$(user_of redis) web=$(user_of web)
  our_group=$(group_of paywatt)
  local me my_group
  me=$(id -un) my_group=$(id -gn)
  make_folder 755 "$me" "$my_group" "$VAR"
  make_folder 755 "$me" "$my_group" "$RUN"
  make_folder 755 "$me" "$my_group" "$VAR/state"
  make_folder 750 "$me" "$our_group" "$VAR/etc"
  make_folder 700 "$ours" "$our_group" "$VAR/secret"
  make_folder 750 "$me" "$my_group" "$VAR/log"
  make_folder 750 "$ours" "$our_group" "$VAR/spool"
  make_folder 700 "$ours" "$our_group" "$VAR/sandbox"
  make_folder 750 "$web" "$(group_of web)" "$VAR/nginx"
  make_folder 750 "$redis" "$(group_of redis)" "$VAR/redis"
  make_folder 700 "$mysql" "$(group_of mysql)" "$VAR/mysql"
  make_folder 700 "$mysql" "$(group_of mysql)" "$VAR/tmp"
  # set-group-id: a socket made inside gets the group that may use it
  make_folder 2750 "$mysql" "$our_group" "$RUN/mysql"
  make_folder 2750 "$redis" "$our_group" "$RUN/redis"
  make_folder 2750 "$ours" "$(group_of web)" "$RUN/web"
  make_folder 750 "$ours" "$our_group" "$RUN/field"
  make_folder 755 "$me" "$my_group" "$RUN/supervise"
  printf '%s\n' "$RUN" > "$VAR/state/run"
  printf '%s\n' "$APP" > "$VAR/state/app"
  if [ "$RUN" != "$VAR/run" ] && ! [ -e "$VAR/run" ]; then ln -sfn "$RUN" "$VAR/run"; fi
}

# make_secret NAME COMMAND...: a file of our programs' user, mode 0600, made once.
make_secret() {
  local file=$VAR/secret/$1
  shift
  [ ! -s "$file" ] || return 0
  (umask 077 && "$@" > "$file.new")
  if am_root; then chown "$(user_of paywatt):$(group_of paywatt)" "$file.new"; fi
  chmod 600 "$file.new"
  mv "$file.new" "$file"
}

totp_seed() { head -c 20 /dev/urandom | base32; }

make_secrets() {
  local role
  for role in $DATABASE_ROLES; do make_secret "db_$role" random_hex 24; done
  make_secret audit_key random_hex 32
  make_secret field_key random_hex 32
}

make_certificate() {
  local key=$VAR/secret/tls.key cert=$VAR/etc/tls.crt names host
  [ ! -s "$key" ] || [ ! -s "$cert" ] || return 0
  names="DNS:localhost,IP:127.0.0.1,IP:::1"
  host=$(cat /proc/sys/kernel/hostname)
  [[ $host =~ ^[A-Za-z0-9][A-Za-z0-9.-]*$ ]] && [ "$host" != localhost ] && names+=",DNS:$host"
  (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 \
    -subj "/CN=paywatt" -addext "subjectAltName=$names" -addext "extendedKeyUsage=serverAuth" \
    -keyout "$key" -out "$cert") > /dev/null 2>&1 || die "openssl could not make the certificate"
  chmod 644 "$cert"
}

# Settings as "section key value" lines; a later line replaces an earlier one.
settings_of_instance() {
  cat << LINES
database socket $RUN/mysql/mysql.sock
database password_directory $VAR/secret
redis socket $RUN/redis/redis.sock
security audit_key_file $VAR/secret/audit_key
security field_key_file $VAR/secret/field_key
paths models $APP/poller/models
paths schema $APP/schema
paths run $RUN/web
paths state $VAR/spool
backup folder $VAR/spool/backup
poller metrics_file $VAR/spool/poller.metrics
LINES
}

settings_of_file() { # INI FILE -> "section key value" lines
  awk '
    /^[[:space:]]*([;#]|$)/ { next }
    /^[[:space:]]*\[[^]]*\][[:space:]]*$/ { gsub(/^[[:space:]]*\[|\][[:space:]]*$/, ""); section = $0; next }
    { at = index($0, "="); if (!at || section == "") { printf "%s:%d: not a section and not key = value\n", FILENAME, NR > "/dev/stderr"; exit 1 }
      key = substr($0, 1, at - 1); value = substr($0, at + 1)
      gsub(/[[:space:]]/, "", key); gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
      print section, key, value }' "$1"
}

ini_of_settings() {
  awk '{ key = $1 " " $2; value = $0; sub(/^[^ ]+ [^ ]+ ?/, "", value)
         if (!($1 in sections)) { sections[$1] = 1; order[++count] = $1 }
         if (!(key in values)) keys[$1] = keys[$1] " " $2
         values[key] = value }
       END { for (i = 1; i <= count; i++) { printf "[%s]\n", order[i]; n = split(keys[order[i]], k, " ")
               for (j = 1; j <= n; j++) printf "%s = %s\n", k[j], values[order[i] " " k[j]]; print "" } }'
}

# Writes etc/paywatt.ini unless a person changed it since.
make_settings() { # demo|site [FILE]
  local kind=$1 file=${2:-} target=$VAR/etc/paywatt.ini mark=$VAR/state/paywatt.ini.sum text more=
  if [ -n "$file" ]; then more=$(settings_of_file "$file") || die "$file cannot be read as settings"; fi
  text=$(printf '; Written by ./paywatt up; once you change it, it is yours and is left alone.\n\n'
    { settings_of_instance
      if [ "$kind" = demo ]; then echo "site simulated true"; sandbox_settings; fi
      [ -z "$more" ] || printf '%s\n' "$more"; } | ini_of_settings)
  if [ -f "$target" ] && [ -f "$mark" ] && [ "$(sha256sum < "$target")" != "$(cat "$mark")" ]; then
    say "var/etc/paywatt.ini was changed by hand: left as it is"
    return 0
  fi
  [ ! -f "$target" ] || [ "$text" != "$(cat "$target")" ] || return 0
  printf '%s\n' "$text" > "$target.new"
  if am_root; then chgrp "$(group_of paywatt)" "$target.new"; fi
  chmod 640 "$target.new"
  mv "$target.new" "$target"
  sha256sum < "$target" > "$mark"
}

# Where the checkout is closed to the servers' users, what they read is copied beside the data.
make_app() {
  local part
  [ "$APP" != "$PW_ROOT" ] || return 0
  mkdir -p "$APP/build/release/bin" "$APP/build"
  for part in paywatt-cgi paywatt-poller paywatt-jobs paywattctl paywatt-sim; do
    [ -z "$(program "$part")" ] || copy_changed "$(program "$part")" "$APP/build/release/bin/$part"
  done
  for part in poller/models schema sim/models build/static; do
    [ ! -d "$PW_ROOT/$part" ] || { mkdir -p "$APP/$part" && cp -R --preserve=timestamps "$PW_ROOT/$part/." "$APP/$part/"; }
  done
  chmod -R a+rX "$APP"
}

copy_changed() { # FROM TO: never writes into a running program's file
  cmp -s "$1" "$2" || { cp "$1" "$2.new" && chmod 755 "$2.new" && mv "$2.new" "$2"; }
}

app_program() { # NAME: the program's path as our user may run it
  if [ "$APP" = "$PW_ROOT" ]; then program "$1"; else
    [ -x "$APP/build/release/bin/$1" ] && printf '%s' "$APP/build/release/bin/$1"
  fi
}
