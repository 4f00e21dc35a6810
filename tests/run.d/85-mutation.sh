#!/usr/bin/env bash
# The money rules: every branch taken by the unit tests, and mutants noticed by them. PW_MUTANTS=0 tries all of them
# (some minutes), a number that many, chosen anew each day.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
check mutation/branches python3 "$PW_ROOT/tests/mutation/branches.py" --least 100
check mutation/score python3 "$PW_ROOT/tests/mutation/mutate.py" --least 90 --sample "${PW_MUTANTS:-120}" --seed "$(date +%j)"
[ "$lines_failed" = 0 ]
