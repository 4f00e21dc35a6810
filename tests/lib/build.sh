# shellcheck shell=bash
# Builds of the program that tests use. Sourced; PW_ROOT is set by tests/run.

# build_kind KIND [TARGET...]: configures and builds build/KIND; all that is said goes to standard error.
build_kind() {
  local kind=$1 folder=$PW_ROOT/build/$1 settings=()
  shift
  case $kind in
    release) settings=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DPW_TESTS=OFF) ;;
    asan) settings=(-DCMAKE_BUILD_TYPE=Debug "-DPW_SANITIZE=address,undefined" -DPW_FAILPOINTS=ON) ;;
    tsan) settings=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DPW_SANITIZE=thread -DPW_FAILPOINTS=ON) ;;
    fuzz) settings=(-DCMAKE_BUILD_TYPE=RelWithDebInfo "-DPW_SANITIZE=address,undefined" -DPW_FUZZ=ON
      -DPW_TESTS=OFF -DCMAKE_C_COMPILER=clang) ;;
    coverage) settings=(-DCMAKE_BUILD_TYPE=Debug -DPW_FAILPOINTS=ON "-DCMAKE_C_FLAGS=--coverage -O0") ;;
    *) echo "build_kind: no kind $kind" >&2; return 2 ;;
  esac
  cmake -S "$PW_ROOT" -B "$folder" -G Ninja "${settings[@]}" >&2 || return 1
  cmake --build "$folder" -j "${PW_JOBS:-$(nproc)}" ${1:+--target "$@"} >&2 || return 1
}

# What the sanitizers do when they find something: stop with a status that no program uses.
export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99:strict_string_checks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="halt_on_error=0:exitcode=99:second_deadlock_stack=1:${TSAN_OPTIONS:-}"
