#!/usr/bin/env python3
"""Turns nested TAP (node --test, vitest --reporter=tap) on standard input into flat result lines of its leaves.

usage: tap_lines.py GROUP
"""
import re
import sys

RESULT = re.compile(r"^(\s*)(not )?ok\b\s*\d*\s*(?:-\s*)?(.*?)\s*(#\s*(skip|todo).*|#\s*time=.*|\{)?$", re.I)


def main():
    """A result whose nested block came just before it is a suite: its leaves have been counted."""
    group = sys.argv[1]
    deepest_since = []  # indents of results that a shallower result may close
    failures = counted = 0
    for raw in sys.stdin:
        line = raw.rstrip("\n")
        match = RESULT.match(line)
        if not match:
            print("| " + line)
            continue
        indent = len(match.group(1))
        is_suite = any(seen > indent for seen in deepest_since)
        deepest_since = [seen for seen in deepest_since if seen < indent] + [indent]
        if (match.group(4) or "").strip() == "{":
            is_suite = True  # vitest opens a suite with a brace, its leaves follow
        if is_suite:
            continue
        name = re.sub(r"\s+", "_", match.group(3)) or "case"
        counted += 1
        if match.group(2):
            failures += 1
            print(f"not ok {group}/{name}")
        elif match.group(5):
            print(f"ok {group}/{name} # skip")
        else:
            print(f"ok {group}/{name}")
    if counted == 0:
        print(f"not ok {group}/tests printed no TAP result")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
