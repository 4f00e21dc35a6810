# shellcheck shell=bash
# Programs into build/release, portal and phone site into build/static.

build_note() { # LOG: ninja's [12/80], or vite's count of modules
  local line
  line=$(tail -n 1 "$1" | tr -d '\r')
  if [[ $line =~ ^\[[0-9]+/[0-9]+\] || $line =~ [0-9]+\ modules\ transformed ]]; then printf '%s' "${BASH_REMATCH[0]}"; fi
}

build_programs() {
  local folder=$PW_ROOT/build/release log=$PW_ROOT/build/log
  mkdir -p "$log"
  # a checkout that was moved or copied with its build folder
  if [ -f "$folder/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PW_ROOT" "$folder/CMakeCache.txt"; then
    rm -rf -- "$folder"
  fi
  if [ ! -f "$folder/build.ninja" ]; then
    run_step "configuring" "$log/cmake.log" cmake -S "$PW_ROOT" -B "$folder" -G Ninja \
      -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPW_TESTS=OFF || return 1
  fi
  STEP_NOTE=build_note run_step "building the programs" "$log/ninja.log" \
    ninja -C "$folder" -j "${PW_JOBS:-$(nproc)}"
}

program() { # NAME: its path in the build folder, nothing when it is not built
  local found
  for found in "$PW_ROOT/build/release"/*/"$1" "$PW_ROOT/build/release/$1"; do
    if [ -f "$found" ] && [ -x "$found" ]; then printf '%s' "$found"; return 0; fi
  done
  return 1
}

write_api_document() {
  local cgi text target=$PW_ROOT/build/openapi.json
  cgi=$(program paywatt-cgi) || return 0
  text=$("$cgi" --openapi) || { warn "paywatt-cgi --openapi failed"; return 1; }
  if [ ! -f "$target" ] || [ "$text" != "$(cat "$target")" ]; then printf '%s\n' "$text" > "$target"; fi
}

front_stamp() {
  local files
  mapfile -d '' -t files < <(cd "$PW_ROOT" && find static -type f -not -path '*/node_modules/*' -print0)
  [ ! -f "$PW_ROOT/build/openapi.json" ] || files+=(build/openapi.json)
  (cd "$PW_ROOT" && content_stamp "${files[@]}")
}

build_front() {
  local stamp lock log=$PW_ROOT/build/log mark=$PW_ROOT/build/static.stamp
  if [ ! -f "$PW_ROOT/static/package.json" ]; then warn "static/package.json is not there: no portal"; return 0; fi
  mkdir -p "$log"
  stamp=$(front_stamp)
  if [ -d "$PW_ROOT/build/static" ] && [ "$stamp" = "$(cat "$mark" 2> /dev/null)" ]; then return 0; fi
  lock=$(content_stamp "$PW_ROOT/static/package-lock.json")
  if [ "$lock" != "$(cat "$PW_ROOT/static/node_modules/.paywatt-lock" 2> /dev/null)" ]; then
    STEP_NOTE=build_note run_step "fetching the portal's libraries" "$log/npm.log" \
      npm --prefix "$PW_ROOT/static" ci --no-audit --no-fund || return 1
    printf '%s\n' "$lock" > "$PW_ROOT/static/node_modules/.paywatt-lock"
  fi
  STEP_NOTE=build_note run_step "building the portal" "$log/vite.log" \
    npm --prefix "$PW_ROOT/static" run build:fast || return 1 # types are checked by the tests
  front_stamp > "$mark" # the build may write generated types
}

build_all() {
  build_programs && write_api_document && build_front
}
