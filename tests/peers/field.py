"""Starts a simulated field and talks to its control socket (docs/simulator.md). Used by tests of every group."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

ROOT = os.environ.get("PW_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PW_BUILD") or os.path.join(ROOT, "build", "release")
SAMPLE_PARK = os.path.join(ROOT, "schema", "sample-park", "park.csv")


class Refused(Exception):
    """The field answered ok: false; the text is its sentence."""


class Field:
    """One running `paywatt-sim field`. Use as a context manager, or call stop()."""

    def __init__(self, park=SAMPLE_PARK, net=None, pty=(), state=None, options=(), folder=None):
        self.folder = tempfile.mkdtemp(prefix="field-", dir=folder or os.environ.get("PW_TEST_TMP"))
        self.control = os.path.join(self.folder, "control.sock")
        self.net = net or free_net()
        self.park = park
        self.command = [os.path.join(BUILD, "sim", "paywatt-sim"), "field", "--park", park, "--control", self.control,
                        "--net", self.net, *options]
        for line in pty:
            self.command += ["--pty", f"{line}={self.terminal(line)}"]
        if state:
            self.command += ["--state", state]
        self.process = None
        self.connection = None
        self.start()

    def terminal(self, line):
        """Path of a line's pseudo terminal."""
        return os.path.join(self.folder, f"tty-{line}")

    def start(self):
        """Starts the program and waits for its ready line."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        if not ready.startswith("ready "):
            self.process.stdout.close()
            raise RuntimeError(f"the field did not start: status {self.process.wait()}")

    def ask(self, op, **fields):
        """One request; returns the answer's members, raises Refused."""
        if self.connection is None:
            self.connection = self.connect()
        return talk(self.connection, op, fields)

    def connect(self):
        """Another connection, for a wait beside other requests."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.control)
            return connection.makefile("rwb")

    def disconnect(self):
        """Closes the control connection; ask opens it again."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, meter):
        """Truth of a meter."""
        return self.ask("get", meter=meter)

    def wait(self, until, timeout_ms=10000, **scope):
        """Waits for a condition; AssertionError when the time is over."""
        answer = self.ask("wait", until=until, timeout_ms=timeout_ms, **scope)
        assert answer["met"], f"{scope} {until}: still {answer['value']} after {timeout_ms} ms"
        return answer["value"]

    def line_address(self, code):
        """(host, port) of a line."""
        for line in self.ask("list")["lines"]:
            if line["code"] == code:
                return line["host"], line["port"]
        raise KeyError(code)

    def kill(self):
        """kill -9."""
        self.disconnect()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ends the program and removes its folder; returns its exit status."""
        self.disconnect()
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def talk(connection, op, fields):
    """One line out, one line in."""
    connection.write((json.dumps({"op": op, **fields}) + "\n").encode())
    connection.flush()
    answer = json.loads(connection.readline())
    if not answer.pop("ok"):
        raise Refused(answer["error"])
    return answer


def free_net():
    """The first two octets of a loopback network whose gateway ports are free."""
    for second in range(60, 250):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"127.{second}.1.1", 4001))
            except OSError:
                continue
            return f"127.{second}"
    raise RuntimeError("no free loopback network")
