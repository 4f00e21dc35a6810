#!/usr/bin/env python3
"""Lines and branches per folder from gcov's JSON, without further tools.

usage: coverage.py SOURCE_ROOT BUILD_FOLDER [--files]
"""
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile


def documents(build):
    """gcov's JSON of every object that ran."""
    data = []
    for folder, _, names in os.walk(build):
        data += [os.path.join(folder, name) for name in names if name.endswith(".gcda")]
    with tempfile.TemporaryDirectory() as work:
        for start in range(0, len(data), 50):
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--hash-filenames", *data[start:start + 50]],
                           cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        for name in os.listdir(work):
            with gzip.open(os.path.join(work, name), "rt", encoding="utf-8") as file:
                yield json.load(file)


def collect(root, build):
    """file -> (line -> hits, (line, index) -> hits), summed over every program that contains the file."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    branches = collections.defaultdict(lambda: collections.defaultdict(int))
    for document in documents(build):
        base = document.get("current_working_directory", build)
        for file in document["files"]:
            path = os.path.relpath(os.path.join(base, file["file"]), root)
            if path.startswith(("..", "tests/", "build/")):
                continue
            for line in file["lines"]:
                lines[path][line["line_number"]] += line["count"]
                for index, branch in enumerate(line["branches"]):
                    branches[path][line["line_number"], index] += branch["count"]
    return lines, branches


def share(hits):
    """"12 of 20  60.0 %"."""
    total, hit = len(hits), sum(1 for count in hits if count)
    return f"{hit:6d} of {total:6d} {100 * hit / total if total else 0:6.1f} %"


def main():
    """One row a folder, or a file with --files."""
    root, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    lines, branches = collect(root, build)
    groups = collections.defaultdict(list)
    for path in lines:
        groups[path if "--files" in sys.argv else os.path.dirname(path)].append(path)
    groups["all"] = list(lines)
    print(f"{'':34} {'lines':>24} {'branches':>26}")
    for name in sorted(groups, key=lambda group: (group == "all", group)):
        hit_lines = [count for path in groups[name] for count in lines[path].values()]
        hit_branches = [count for path in groups[name] for count in branches[path].values()]
        print(f"{name:34} {share(hit_lines)}  {share(hit_branches)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
