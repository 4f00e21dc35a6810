#!/usr/bin/env bash
# The money rules and flows: every branch taken by their tests, and mutants noticed by them. PW_MUTANTS=0 tries all of them (rules
# some minutes, flows an hour), a number that many of each kind, chosen anew each day.
set -u
. "$PW_ROOT/tests/lib/lines.sh"
check mutation/branches python3 "$PW_ROOT/tests/mutation/branches.py" --least 100
check mutation/rules python3 "$PW_ROOT/tests/mutation/mutate.py" --kind rules --least 90 --sample "${PW_MUTANTS:-90}" --seed "$(date +%j)"
check mutation/flows python3 "$PW_ROOT/tests/mutation/mutate.py" --kind flow --least 90 --sample "${PW_MUTANTS:-30}" --seed "$(date +%j)"
[ "$lines_failed" = 0 ]
