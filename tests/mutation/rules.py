"""The rows of rules.list and accepted.list, and how a unit test is built for them: shared by mutate.py and branches.py."""
import os
import subprocess

ROOT = os.environ.get("PW_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HERE = os.path.dirname(os.path.abspath(__file__))
# What the unit tests of rules need besides the sources of the list.
SUPPORT = ["core/base/arena.c", "core/base/clock.c", "core/base/json.c", "core/base/rc.c", "core/base/text.c"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", f"-I{ROOT}", f'-DPW_SOURCE_DIR="{ROOT}"', "-w"]


def rows():
    """{source: [tests]}"""
    found = {}
    with open(os.path.join(HERE, "rules.list"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                source, _, tests = line.partition(":")
                found[source.strip()] = tests.split()
    return found


def accepted():
    """{(file, what)}"""
    found = set()
    with open(os.path.join(HERE, "accepted.list"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                source, what, why = (word.strip() for word in line.split(" | "))
                assert why, f"accepted.list: {source}: {what}: why?"
                found.add((source, what))
    return found


def compile_c(source, out, compiler="gcc", more=()):
    """True if it compiled."""
    done = subprocess.run([compiler, *FLAGS, *more, "-c", source, "-o", out], cwd=ROOT, capture_output=True, check=False)
    return done.returncode == 0


def objects(folder, compiler="gcc", more=()):
    """Compiles every source, its support and every test; {source: object}."""
    made = {}
    tests = sorted({f"tests/unit/{test}.c" for names in rows().values() for test in names})
    for source in list(rows()) + SUPPORT + tests:
        out = os.path.join(folder, source.replace("/", "_") + ".o")
        if not compile_c(source, out, compiler, more):
            raise SystemExit(f"{source} does not compile")
        made[source] = out
    return made


def link(test, made, out, compiler="gcc", more=()):
    """Links one unit test with all sources of the list."""
    parts = [made[source] for source in made if not source.startswith("tests/") or source == f"tests/unit/{test}.c"]
    subprocess.run([compiler, *more, *parts, "-lcmocka", "-ljson-c", "-o", out], check=True, capture_output=True)
