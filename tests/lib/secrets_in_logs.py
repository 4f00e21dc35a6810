#!/usr/bin/env python3
"""Looks for the value of every secret file in every log and rendered setting of an instance.

usage: secrets_in_logs.py SECRET_FOLDER LOG_FOLDER...

Prints one line per leak (file and name of the secret, never the value); exit status 1 when there is one. The stack and
browser groups call it on their instances before they stop them.
"""
import os
import sys

SHORTEST = 8


def values(folder):
    """name -> bytes of each secret; keys in PEM by each of their lines."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            content = file.read().strip()
        if b"-----BEGIN" in content:
            for line in content.splitlines()[1:-1]:
                if len(line) >= 32:
                    yield name, line
        elif len(content) >= SHORTEST:
            yield name, content


def main():
    """Greps."""
    secrets = list(values(sys.argv[1]))
    leaks = looked = 0
    for top in sys.argv[2:]:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                looked += 1
                with open(path, "rb") as file:
                    content = file.read()
                for secret, value in secrets:
                    if value in content:
                        leaks += 1
                        print(f"{path}: holds the value of {secret}")
    print(f"{len(secrets)} secrets looked for in {looked} files, {leaks} found")
    return 1 if leaks or not secrets or not looked else 0


if __name__ == "__main__":
    sys.exit(main())
