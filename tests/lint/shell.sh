#!/usr/bin/env bash
# Every shell file passes shellcheck and stays under 400 lines.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/lines.sh
mapfile -t files < <({ git ls-files 2>/dev/null || find . -type f -not -path './build/*' -not -path './.git/*'; } |
  while read -r file; do
    [ -f "$file" ] || continue
    case $file in
      static/* | deploy/lib/* | tests/lib/*) continue ;; # libraries are read where they are sourced
      *.sh) echo "$file"; continue ;;
      .ci/* | deploy/* | tests/*) ;;
      */* | *.*) continue ;;
    esac
    head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*\b(bash|sh)\b' && echo "$file"
  done)
if command -v shellcheck >/dev/null; then
  check lint/shellcheck shellcheck -a -x -P SCRIPTDIR -S style "${files[@]}"
else
  skip lint/shellcheck "shellcheck is not installed"
fi
long=0
for file in "${files[@]}" deploy/lib/*.sh tests/lib/*.sh; do
  lines=$(wc -l < "$file")
  [ "$lines" -le 400 ] || { echo "$file:400: $lines lines, 400 at most" >&2; long=1; }
done
check lint/shell_length test "$long" = 0
[ "$lines_failed" = 0 ]
