# shellcheck shell=bash
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
