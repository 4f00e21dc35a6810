#!/usr/bin/env python3
"""Runs what CTest knows of a build folder and prints one result line per case.

usage: ctest_lines.py BUILD_FOLDER GROUP [REGEX]

A test that speaks cmocka's TAP gives a line per case, any other test one line by its exit status.
"""
import json
import os
import re
import subprocess
import sys

CASE = re.compile(r"^(not )?ok (\d+)?\s*-?\s*(.*)$")


def run_one(test, group):
    """Runs one CTest entry; returns the number of failures."""
    name = test["name"]
    properties = {p["name"]: p["value"] for p in test.get("properties", [])}
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    for pair in properties.get("ENVIRONMENT", []):
        key, _, value = pair.partition("=")
        environment[key] = value
    timeout = float(properties.get("TIMEOUT", 120))
    try:
        done = subprocess.run(test["command"], cwd=properties.get("WORKING_DIRECTORY"), env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        sys.stdout.write((late.stdout or b"").decode("utf-8", "replace"))
        print(f"not ok {group}/{name} no end after {timeout:.0f} s")
        return 1
    except (OSError, KeyError) as error:
        print(f"not ok {group}/{name} {error}")
        return 1
    cases = failures = 0
    text = done.stdout.decode("utf-8", "replace")
    for line in text.splitlines():
        match = CASE.match(line)
        if not match:
            print(line if not line.startswith("ok") else "| " + line)
            continue
        skipped = re.search(r"#\s*skip\s*(.*)$", line, re.I)
        name_text = match.group(3)
        if skipped and name_text.startswith("#"):  # cmocka: "not ok 3 # SKIP name"
            name_text = skipped.group(1)
        case = re.sub(r"\s+#.*$", "", name_text).strip().replace(" ", "_") or "case"
        cases += 1
        if skipped:
            print(f"ok {group}/{name}/{case} # skip it asked for it")
        elif match.group(1):
            failures += 1
            print(f"not ok {group}/{name}/{case}")
        else:
            print(f"ok {group}/{name}/{case}")
    if done.returncode != 0 and failures == 0:
        print(f"not ok {group}/{name} exit status {done.returncode}")
        return 1
    if cases == 0:
        print(f"ok {group}/{name}")
    return failures


def main():
    """Lists the tests as JSON and runs each."""
    folder, group = sys.argv[1], sys.argv[2]
    pattern = re.compile(sys.argv[3] if len(sys.argv) > 3 else ".")
    listing = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"],
                             stdout=subprocess.PIPE, check=True)
    failures = 0
    for test in json.loads(listing.stdout)["tests"]:
        if pattern.search(test["name"]):
            failures += run_one(test, group)
            sys.stdout.flush()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
