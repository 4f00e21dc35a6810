#!/usr/bin/env bash
# Each fuzz target for its share of PW_TEST_SECONDS, from the corpus beside it (tests/fuzz/corpus/NAME).
set -u
. "$PW_ROOT/tests/lib/lines.sh"
. "$PW_ROOT/tests/lib/build.sh"
shopt -s nullglob
sources=("$PW_ROOT"/tests/fuzz/fuzz_*.c)
if [ "${#sources[@]}" = 0 ]; then skip fuzz "no file tests/fuzz/fuzz_*.c yet"; exit 0; fi
names=("${sources[@]##*/}")
build_kind fuzz "${names[@]%.c}" || { not_ok fuzz/build "the build failed"; exit 1; }
for source in "${sources[@]}"; do
  name=$(basename "$source" .c)
  program=$(find "$PW_ROOT/build/fuzz" -type f -name "$name" -perm -u+x | head -n 1)
  if [ -z "$program" ]; then not_ok "fuzz/$name" "CMake builds no program of this name"; continue; fi
  work=$PW_TEST_TMP/$name corpus=$PW_ROOT/tests/fuzz/corpus/${name#fuzz_}
  mkdir -p "$work"
  folders=("$work")
  [ ! -d "$corpus" ] || folders+=("$corpus")
  check "fuzz/$name" "$program" -max_total_time="$PW_TEST_SECONDS" -timeout=5 -rss_limit_mb=512 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$PW_TEST_TMP/$name-" "${folders[@]}"
done
[ "$lines_failed" = 0 ]
