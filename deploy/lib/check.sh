# shellcheck shell=bash
# test, bench, coverage.

command_test() {
  local word groups=()
  for word in "${@:-all}"; do
    case $word in
      quick | lint | unit | front | tsan | chaos) ;;
      --* | [0-9]*) ;; # --seed N, --minutes M
      peers | stack) groups+=(peers) ;;
      fuzz | browser | mutation) groups+=("$word") ;;
      *) groups+=(peers fuzz browser mutation) ;;
    esac
  done
  packages_install run build node test "${groups[@]}"
  exec "$PW_ROOT/tests/run" "$@"
}

command_bench() {
  local name=${1:-} file
  [ -n "$name" ] || die "bench what? There are: $(cd "$PW_ROOT/tests/bench" 2> /dev/null && for file in *.py *.sh; do [ -e "$file" ] && printf '%s ' "${file%.*}"; done)"
  shift
  packages_install run build node test peers bench
  build_all || exit 1
  run_step "building the benchmarks" "$PW_ROOT/build/log/bench.log" ninja -C "$PW_ROOT/build/release" tests/bench/all || exit 1
  for file in "$PW_ROOT/tests/bench/$name" "$PW_ROOT/tests/bench/$name".*; do
    case $file in
      *.py) [ -f "$file" ] && exec env PW_ROOT="$PW_ROOT" PW_BUILD="$PW_ROOT/build/release" python3 "$file" "$@" ;;
      *) [ -x "$file" ] && [ -f "$file" ] && exec env PW_ROOT="$PW_ROOT" PW_BUILD="$PW_ROOT/build/release" "$file" "$@" ;;
    esac
  done
  die "there is no benchmark \"$name\" in tests/bench"
}

command_coverage() {
  packages_install run build node test
  # shellcheck source=tests/lib/build.sh
  . "$PW_ROOT/tests/lib/build.sh"
  mkdir -p "$PW_ROOT/build/log"
  STEP_NOTE=build_note run_step "building for coverage" "$PW_ROOT/build/log/coverage.log" build_kind coverage || exit 1
  find "$PW_ROOT/build/coverage" -name '*.gcda' -delete
  python3 "$PW_ROOT/tests/lib/ctest_lines.py" "$PW_ROOT/build/coverage" unit > "$PW_ROOT/build/log/coverage-unit.log" 2>&1 ||
    warn "some cases failed; see build/log/coverage-unit.log"
  if [ "${1:-}" = stack ]; then
    PW_BUILD_STACK=coverage "$PW_ROOT/tests/run" stack || true
  fi
  python3 "$PW_ROOT/tests/lib/coverage.py" "$PW_ROOT" "$PW_ROOT/build/coverage"
}
