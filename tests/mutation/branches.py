#!/usr/bin/env python3
"""Branches of the money rules and flows that their tests take, by llvm-cov, assertions compiled out. All must be taken, both ways.

    branches.py [--kind rules|flow] [--least 100]

What cannot be taken stands in accepted.list as "branch true TEXT" or "branch false TEXT" with the reason.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

SECONDS = 300
JOBS = 2
COVER = ["-O0", "-g", "-DNDEBUG", "-fprofile-instr-generate", "-fcoverage-mapping"]


def tool(name):
    """llvm-cov and llvm-profdata carry their version on Debian."""
    for candidate in (name, name + "-14"):
        if subprocess.run(["which", candidate], capture_output=True, check=False).returncode == 0:
            return candidate
    raise SystemExit(f"{name} is not installed")


def measure(kind, folder, field):
    """llvm-cov's export over all tests of a kind."""
    kit = rules.Kit(kind, folder, "clang", COVER)
    programs = [os.path.join(folder, test) for test in kit.tests]
    profiles = [program + ".profraw" for program in programs]

    def run(test, program, profile):
        kit.link(test, program)
        if field.run(kind, program, SECONDS, LLVM_PROFILE_FILE=profile) != 0:
            raise SystemExit(f"{test} fails")

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(run, kit.tests, programs, profiles))
    merged = os.path.join(folder, kind + ".profdata")
    subprocess.run([tool("llvm-profdata"), "merge", "-o", merged] + profiles, check=True)
    objects = [word for program in programs[1:] for word in ("-object", program)]
    sources = [os.path.join(rules.ROOT, source) for source in rules.rows(kind)]
    done = subprocess.run([tool("llvm-cov"), "export", programs[0]] + objects + ["-instr-profile", merged] + sources, check=True,
                          capture_output=True)
    return json.loads(done.stdout)["data"][0]["files"]


def missing(file):
    """[(line, which way)] of the branches of a file that were not taken, and how many there are."""
    taken = {}
    for branch in file["branches"]:
        place = tuple(branch[:4])
        yes, no = taken.get(place, (0, 0))
        taken[place] = (yes + branch[4], no + branch[5])
    found = [(place[0], way) for place, ways in sorted(taken.items()) for way, count in zip(("true", "false"), ways) if not count]
    return found, 2 * len(taken)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--least", type=float, default=100)
    parser.add_argument("--kind", choices=rules.KINDS, action="append")
    words = parser.parse_args()
    accepted = rules.accepted()
    total = gaps = 0
    with tempfile.TemporaryDirectory() as folder, rules.Field(JOBS) as field:
        kinds = words.kind or rules.KINDS
        if "flow" in kinds:
            field.open()
        for file in sorted((file for kind in kinds for file in measure(kind, folder, field)), key=lambda row: row["filename"]):
            source = os.path.relpath(file["filename"], rules.ROOT)
            if source not in rules.rows():
                continue
            with open(file["filename"], encoding="utf-8") as text:
                lines = text.read().split("\n")
            found, count = missing(file)
            found = [(line, way) for line, way in found if (source, f"branch {way} {' '.join(lines[line - 1].split())}") not in accepted]
            for line, way in found:
                print(f"{source}:{line}: never {way}: {lines[line - 1].strip()}")
            print(f"{source}: {count - len(found)} of {count} branches")
            total, gaps = total + count, gaps + len(found)
    percent = 100 * (total - gaps) / total
    print(f"branches {percent:.2f} % ({total - gaps} of {total}), at least {words.least:.0f} %")
    return 0 if percent >= words.least else 1


if __name__ == "__main__":
    sys.exit(main())
