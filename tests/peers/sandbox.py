"""Starts the sandbox of the payment providers and talks to its control (docs/simulator.md). Used by tests of every group.

    sandbox = Sandbox(ca_file=...)             ports, folder, settings() for the merchant's ini
    sandbox.ask("pay", provider="wechat", number="EV...")  -> {"answers": [{"status": 200, "accepted": true, ...}]}
"""
import http.client
import json
import os
import shutil
import subprocess
import tempfile

ROOT = os.environ.get("PW_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PW_BUILD") or os.path.join(ROOT, "build", "release")
PROGRAM = os.path.join(BUILD, "sim", "paywatt-sim")


class Refused(Exception):
    """The control answered ok: false; the text is its sentence."""


class Sandbox:
    """One running `paywatt-sim pay`. Use as a context manager, or call stop()."""

    def __init__(self, folder=None, ca_file=None, speed=None, state=None, options=()):
        self.folder = folder or tempfile.mkdtemp(prefix="sandbox-", dir=os.environ.get("PW_TEST_TMP"))
        self.own_folder = folder is None
        self.keys = os.path.join(self.folder, "keys")
        subprocess.run([PROGRAM, "pay", "--make-keys", self.keys], check=True, timeout=300)
        self.command = [PROGRAM, "pay", "--keys", self.keys, *options]
        for option, value in (("--ca-file", ca_file), ("--speed", speed), ("--state", state)):
            if value is not None:
                self.command += [option, str(value)]
        self.process = None
        self.ports = {}
        self.start()

    def start(self):
        """Starts the program and waits for its ready line."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ready":
            self.process.stdout.close()
            raise RuntimeError(f"the sandbox did not start: status {self.process.wait()}")
        self.ports = {name: int(port) for name, port in zip(words[1::2], words[2::2])}

    def settings(self, certificates=False):
        """The merchant's [pay.*] settings as text of an INI file."""
        with open(self.file(f"merchant/settings{'_certificates' if certificates else ''}.ini"), encoding="utf-8") as file:
            return file.read()

    def identities(self):
        """mchid, app_id ... of each provider."""
        with open(self.file("identities.json"), encoding="utf-8") as file:
            return json.load(file)

    def file(self, name):
        """Path of a file of the keys."""
        return os.path.join(self.keys, name)

    def call(self, place, method, target, body=None, headers=(), timeout=30):
        """One HTTP request to a provider's port (or "cashier"): status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[place], timeout=timeout)
        try:
            connection.request(method, target, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, op, timeout=60, **fields):
        """One request to the control; returns the answer's members, raises Refused."""
        _, _, body = self.call("cashier", "POST", "/control", json.dumps({"op": op, **fields}),
                               {"Content-Type": "application/json"}, timeout=timeout)
        answer = json.loads(body)
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer

    def kill(self):
        """kill -9; start() goes on from the state file."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ends the program; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.stop()
