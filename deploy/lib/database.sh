# shellcheck shell=bash
# Private MariaDB and Redis on Unix sockets.

# What money needs is not a setting: the programs refuse to start without these.
mariadb_command() {
  local memory=${PW_BUFFER_POOL:-64M}
  printf '%s\n' mariadbd --no-defaults "--datadir=$VAR/mysql" "--tmpdir=$VAR/tmp" \
    "--socket=$RUN/mysql/mysql.sock" "--pid-file=$RUN/mysql/mysql.pid" --skip-networking --skip-name-resolve \
    --log-bin=binlog --binlog-format=ROW --sync-binlog=1 --expire-logs-days=7 --max-binlog-size=64M \
    --innodb-flush-log-at-trx-commit=1 --innodb-snapshot-isolation=ON \
    --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci --default-time-zone=+00:00 \
    --sql-mode=STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO \
    --performance-schema=OFF --max-connections=200 "--innodb-buffer-pool-size=$memory" \
    --innodb-log-file-size=64M --innodb-buffer-pool-load-at-startup=OFF --innodb-buffer-pool-dump-at-shutdown=OFF \
    --local-infile=OFF --symbolic-links=OFF
}

mariadb_install() {
  local user
  user=$(user_of mysql)
  [ ! -d "$VAR/mysql/mysql" ] || [ -e "$VAR/state/mysql.new" ] || return 0
  : > "$VAR/state/mysql.new" # a half-made folder is made again
  find "$VAR/mysql" -mindepth 1 -delete
  # Only the operating system's own administrator enters as the server's administrator: no password to keep.
  run_step "making the database folder" "$VAR/log/mysql-install.log" \
    as_user "$user" mariadb-install-db --no-defaults "--datadir=$VAR/mysql" "--tmpdir=$VAR/tmp" \
    --auth-root-authentication-method=socket "--auth-root-socket-user=$(id -un)" \
    --skip-test-db --skip-name-resolve --innodb-log-file-size=64M || die "mariadb-install-db failed"
  rm -f "$VAR/state/mysql.new"
}

# Statements on standard input, as the server's administrator.
mariadb_admin() { mariadb --no-defaults --socket="$RUN/mysql/mysql.sock" --user="$(id -un)" --batch --skip-column-names; }
mariadb_answers() { mariadb_admin <<< 'select 1'; }

mariadb_start() {
  local command
  mariadb_install
  mapfile -t command < <(mariadb_command)
  service_start mariadb "$(user_of mysql)" "$(mariadb_command | file_stamp -)" "${command[@]}"
  needs_service mariadb 120 "MariaDB answers" mariadb_answers
}

# Tables, and the programs' database users with the passwords of secret/ and their narrow rights.
mariadb_migrate() {
  run_step "migrating the schema" "$VAR/log/migrate.log" "$(app_program paywattctl)" --config "$VAR/etc/paywatt.ini" \
    migrate "--root-socket-user=$(id -un)" || die "the schema could not be migrated"
}

redis_start() {
  local command
  command=(redis-server --port 0 --unixsocket "$RUN/redis/redis.sock" --unixsocketperm 660 --dir "$VAR/redis"
    --daemonize no --save '' --appendonly yes --appendfsync everysec --maxmemory 128mb --maxmemory-policy noeviction
    --enable-debug-command no --protected-mode yes --logfile '')
  service_start redis "$(user_of redis)" "$(printf '%s\n' "${command[@]}" | file_stamp -)" "${command[@]}"
  needs_service redis 30 "Redis answers" redis_answers
}

redis_answers() { [ "$(redis-cli -s "$RUN/redis/redis.sock" ping 2> /dev/null)" = PONG ]; }
