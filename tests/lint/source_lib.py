"""What the lints share: the tracked files, C text without comments and strings, and the result line."""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def tracked(*suffixes, under=("",)):
    """Paths of the project's files below ROOT, new ones too, ignored ones not."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()
        paths = [path for path in out.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in (".git", "build", "var", "node_modules")]
            paths += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(path for path in set(paths)
                  if (not suffixes or path.endswith(suffixes)) and path.startswith(tuple(under))
                  and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    """The text of a file named from ROOT."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def blank(match):
    """As many lines, and no words."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_only(text, keep_strings=False):
    """C without comments and, unless asked, without what stands in quotes; lines keep their numbers."""
    if keep_strings:
        return COMMENT_OR_STRING.sub(lambda m: blank(m) if m.group(0)[0] == "/" else m.group(0), text)
    return COMMENT_OR_STRING.sub(blank, text)


class Lint:
    """Collects findings of one rule and prints its line."""

    failed = False

    def __init__(self, name):
        self.name = "lint/" + name
        self.findings = []

    def add(self, path, line, sentence):
        self.findings.append(f"{path}:{line}: {sentence}")

    def skip(self, reason):
        print(f"ok {self.name} # skip {reason}", flush=True)

    def done(self):
        for finding in self.findings:
            print(finding, file=sys.stderr, flush=True)
        if self.findings:
            Lint.failed = True
            print(f"not ok {self.name} {len(self.findings)} found, the last at {self.findings[-1]}", flush=True)
        else:
            print(f"ok {self.name}", flush=True)


def end():
    """The lint's exit status."""
    sys.exit(1 if Lint.failed else 0)
