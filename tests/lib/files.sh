# shellcheck shell=bash
# run_files_beside N GROUP: as run_files, N files at a time; each file's lines come together when it has ended. For tests that wait
# for wires and clocks more than they work, and that share nothing.
run_files_beside() {
  local beside=$1 group=$2 folder
  folder=$(mktemp -d "$PW_TEST_TMP/lines.XXXXXX")
  # shellcheck disable=SC2016 # the inner shell expands
  find "$PW_ROOT/tests/$group" -maxdepth 1 -type f -name 'test_*.py' -print0 | sort -z |
    xargs -0 -P "$beside" -I{} bash -c '
      name=$(basename "$3")
      { echo "-- ${3#"$PW_ROOT"/}"; status=0
        /usr/bin/python3 "$PW_ROOT/tests/lib/unittest_lines.py" "$2" "$3" || status=$?
        [ "$status" -le 1 ] || echo "not ok $2/$name exit status $status"
      } > "$1/$name" 2>&1
      flock "$1" cat "$1/$name"' _ "$folder" "$group" {}
}
# run_files GROUP: every tests/GROUP/test_*.py and test_*.sh, in order of their names. Sourced after lines.sh.
run_files() {
  local group=$1 file status found=0
  for file in "$PW_ROOT/tests/$group"/test_*; do
    [ -f "$file" ] || continue
    found=1 status=0
    echo "-- ${file#"$PW_ROOT"/}" >&2
    case $file in
      *.py) /usr/bin/python3 "$PW_ROOT/tests/lib/unittest_lines.py" "$group" "$file" || status=$? ;;
      *.sh) bash "$file" || status=$? ;;
      *) continue ;;
    esac
    if [ "$status" -gt 1 ]; then not_ok "$group/$(basename "$file")" "exit status $status"; fi
  done
  [ "$found" = 1 ] || skip "$group" "no file tests/$group/test_* yet"
}
