#!/usr/bin/env python3
"""What must not be in the tree: registry hosts, one machine's paths, keys, big or built files, files nobody formats."""
import os
import re
import shutil
import subprocess

from source_lib import ROOT, Lint, end, read, tracked

HOST = re.compile(r"(deb|security)\.debian\.org|registry\.npmjs\.org|registry\.yarnpkg|npmmirror|pypi\.org/simple")
MACHINE = re.compile(r"(?<![\w.~-])/(?:home/(?!op\b)\w+|Users/\w+|root/\w+|mnt/\w+)/")
KEY = re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b")
BUILT = re.compile(r"(^|/)(node_modules|dist|vendor|third_party|__pycache__)/|\.min\.(js|css)$|\.(o|so|a|exe|pyc)$")
BYTES_MAX = 400_000
HERE = "tests/lint/tree.py"


def contents():
    """One pass over every text file."""
    hosts, paths, keys, big = Lint("no_registry_hosts"), Lint("no_machine_paths"), Lint("no_secrets"), Lint("no_built_files")
    for path in tracked():
        size = os.path.getsize(os.path.join(ROOT, path))
        if size > BYTES_MAX:
            big.add(path, 1, f"{size} bytes, {BYTES_MAX} at most")
        if BUILT.search(path):
            big.add(path, 1, "built or third-party files are not tracked")
        if path == HERE or size > 4_000_000:
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if HOST.search(line):
                hosts.add(path, number, "a registry's host is named")
            if MACHINE.search(line):
                paths.add(path, number, "a path of one machine")
            if KEY.search(line) and not path.startswith("tests/"):
                keys.add(path, number, "a private key")
    for lint in (hosts, paths, keys, big):
        lint.done()


def layout():
    """clang-format decides."""
    lint = Lint("clang_format")
    if not shutil.which("clang-format"):
        lint.skip("clang-format is not installed")
        return
    files = tracked(".c", ".h")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *files], cwd=ROOT,
                          stderr=subprocess.PIPE, check=False)
    for match in re.finditer(r"^([^\s:]+):(\d+):\d+: error: (.*)$", done.stderr.decode("utf-8", "replace"), re.M):
        lint.add(match.group(1), match.group(2), match.group(3))
    if done.returncode != 0 and not lint.findings:
        lint.add(".clang-format", 1, "clang-format failed")
    lint.done()


contents()
layout()
end()
