"""The rows of rules.list and accepted.list, and how their tests are built and run: shared by mutate.py and branches.py.

Two kinds of sources: core/rules with the unit tests that link a few files, and core/flow with the programs of tests/flow, which link
all of core and run against a private MariaDB.
"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import threading

ROOT = os.environ.get("PW_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(ROOT, "tests", "flow"))
import server  # noqa: E402

# What the unit tests of rules need besides the sources of the list.
SUPPORT = ["core/base/arena.c", "core/base/clock.c", "core/base/json.c", "core/base/rc.c", "core/base/text.c",
           "core/base/zone.c", "core/flow/zone.c"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", f"-I{ROOT}", f'-DPW_SOURCE_DIR="{ROOT}"', "-w"]
PACKAGES = {"rules": ["json-c"], "flow": ["json-c", "libmariadb", "hiredis", "libsodium", "libcrypto", "inih", "zlib"]}
HARNESS = ["tests/flow/flow.c", "tests/flow/rows.c"]
KINDS = ("rules", "flow")


def kind_of(source):
    return "flow" if source.startswith("core/flow/") else "rules"


def rows(kind=None):
    """{source: [tests]} of one kind, or of all"""
    found = {}
    with open(os.path.join(HERE, "rules.list"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                source, _, tests = line.partition(":")
                if kind in (None, kind_of(source)):
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


def packages(kind, what):
    words = subprocess.run(["pkg-config", what, *PACKAGES[kind]], check=True, capture_output=True, text=True).stdout
    return words.split()


class Kit:
    """The compiled sources of one kind; a mutant replaces one of them."""

    def __init__(self, kind, folder, compiler="gcc", more=()):
        self.kind, self.folder, self.compiler, self.more = kind, os.path.join(folder, kind), compiler, list(more)
        self.cache = ["ccache"] if shutil.which("ccache") else []
        self.listed = set(rows(kind))
        os.mkdir(self.folder)
        self.flags = FLAGS + packages(kind, "--cflags") + (["-DPW_FAILPOINTS=1"] if kind == "flow" else [])
        self.libraries = ["-lcmocka", *packages(kind, "--libs"), "-lpthread"]
        self.tests = sorted({test for names in rows(kind).values() for test in names})
        where = "tests/flow" if kind == "flow" else "tests/unit"
        self.programs = {test: f"{where}/{test}.c" for test in self.tests}
        self.made = {}
        shared = self.sources()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            names = shared + list(self.programs.values())
            for source, out in zip(names, pool.map(self.make, names)):
                self.made[source] = out
        self.parts = [source for source in shared if source in self.listed or source in HARNESS]
        self.archive = os.path.join(self.folder, "rest.a")
        rest = [self.made[source] for source in shared if source not in self.parts]
        subprocess.run(["ar", "rcs", self.archive, *rest], check=True)

    def sources(self):
        if self.kind == "rules":
            return list(rows("rules")) + SUPPORT
        found = [path for layer in ("base", "rules", "store", "flow") for path in glob.glob(os.path.join(ROOT, "core", layer, "*.c"))]
        return sorted(os.path.relpath(path, ROOT) for path in found) + HARNESS

    def make(self, source):
        out = os.path.join(self.folder, source.replace("/", "_") + ".o")
        more = self.more if source in self.listed else ["-O0"]
        if not self.compile(source, out, [*self.cache, self.compiler, *self.flags, *more]):
            raise SystemExit(f"{source} does not compile")
        return out

    def compile(self, source, out, command=None):
        """True if it compiled; a mutant without the cache, which it would only fill."""
        command = command or [self.compiler, *self.flags, *self.more]
        return subprocess.run([*command, "-c", source, "-o", out], cwd=ROOT, capture_output=True, check=False).returncode == 0

    def link(self, test, out, instead=None):
        """Links one test; instead: {source: object}."""
        made = {**self.made, **(instead or {})}
        parts = [made[source] for source in self.parts + [self.programs[test]]]
        done = subprocess.run([self.compiler, *self.more, *parts, self.archive, *self.libraries, "-o", out], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"{test} does not link: {done.stderr}")


class Field:
    """Where the programs of a kind run: for flows a server with one database a job, made when the first of them is asked for."""

    def __init__(self, jobs):
        self.jobs, self.server, self.free = jobs, None, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.__exit__()

    def open(self):
        self.server = server.Server(self.jobs)
        self.free = list(range(self.jobs))

    def run(self, kind, program, seconds, **more):
        """The exit status, 1 at the first failed case; None: it did not end."""
        place = self.free.pop() if kind == "flow" else None
        environment = self.server.environment(place, **more) if kind == "flow" else {**os.environ, **more}
        try:
            with subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace") as running:
                return wait_for_failure(running, seconds)
        finally:
            if place is not None:
                self.free.append(place)


def wait_for_failure(running, seconds):
    """The first failed case ends it: one is enough."""
    late = []

    def stop():
        late.append(True)
        running.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        for line in running.stdout:
            if "[  FAILED  ]" in line:
                running.kill()
                return 1
        return None if late else running.wait()
    finally:
        timer.cancel()
