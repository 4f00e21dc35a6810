"""./paywatt up, again, after kill -9 of everything, and down; what its front server says; no secret in its logs."""
import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest
import urllib.error
import urllib.request

ROOT = os.environ["PW_ROOT"]
VAR = os.path.join(os.environ["PW_TEST_TMP"], "var")
PLAIN = ssl._create_unverified_context()


def free_port():
    """A TCP port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def paywatt(*words, check=True):
    """Runs the script; its words go to the log."""
    done = subprocess.run([os.path.join(ROOT, "paywatt"), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=900, check=False)
    print(done.stdout)
    if check and done.returncode != 0:
        raise AssertionError(f"paywatt {words[0]}: exit status {done.returncode}")
    return done


def ask(url, data=None, headers=None, method=None):
    """(status, headers, body), whatever the status is."""
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, context=PLAIN, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def one_time_code(seed):
    """RFC 6238 with its usual values."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def states():
    """program -> (supervisor, pid), from the supervisors' own files."""
    folder = os.path.join(os.path.realpath(os.path.join(VAR, "run")), "supervise")
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            supervisor, pid = file.read().split()[:2]
            found[name] = int(supervisor), int(pid)
    return found


def processes_of(groups):
    """Pids of living processes in these process groups."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[2]) in groups:
            found.append(int(name))
    return found


class Up(unittest.TestCase):
    """One instance for all; the methods run in order of their names."""

    options: list = []
    demo: dict = {}

    @classmethod
    def setUpClass(cls):
        cls.options = ["--var", VAR, "--office-port", str(free_port()), "--public-port", str(free_port()), "--field-net", "127.67"]
        paywatt("up", *cls.options)
        with open(os.path.join(VAR, "demo.json"), encoding="utf-8") as file:
            cls.demo = json.load(file)

    @classmethod
    def tearDownClass(cls):
        paywatt("down", "--var", VAR, check=False)

    def office(self, path):
        return self.demo["portal_url"].removesuffix("/portal/") + path

    def public(self, path):
        return self.demo["phone_url"].removesuffix("/m/") + path

    def test_1_demo_json_names_everything(self):
        self.assertLessEqual({"portal_url", "phone_url", "kiosk_url", "api_url", "users", "tenants", "sandbox", "field"}, set(self.demo))
        self.assertEqual({user["role"] for user in self.demo["users"]}, {"administrator", "engineer", "finance", "auditor"})
        self.assertTrue(os.path.exists(self.demo["field"]["control_socket"]))
        self.assertEqual(os.stat(os.path.join(VAR, "demo.json")).st_mode & 0o077, 0)

    def test_2_every_log_in_works(self):
        for user in self.demo["users"]:
            body = json.dumps({"name": user["name"], "password": user["password"], "totp": one_time_code(user["totp_secret"])})
            origin = self.office("")
            status, _, answer = ask(self.office("/api/v1/staff/session"), body.encode(),
                                    {"Content-Type": "application/json", "Origin": origin})
            self.assertEqual((status, json.loads(answer).get("stage")), (200, "full"), user["name"])

    def test_2_tenants_log_in_and_the_sandbox_is_there(self):
        self.assertGreaterEqual(len(self.demo["tenants"]), 2)
        for tenant in self.demo["tenants"]:
            status, _, answer = ask(self.public("/api/v1/tenant/session"), json.dumps(tenant).encode(),
                                    {"Content-Type": "application/json", "Origin": self.public("")})
            self.assertEqual((status, json.loads(answer).get("stage")), (200, "full"), tenant["phone"])
            self.assertTrue(json.loads(answer)["shops"])
        sandbox = self.demo["sandbox"]
        for provider in ("wechat", "alipay", "unionpay"):
            for name, value in sandbox[provider].items():
                if name.endswith("_file"):
                    self.assertEqual(os.stat(value).st_mode & 0o777, 0o600, value)
        self.assertEqual(urllib.request.urlopen(sandbox["cashier_url"], timeout=10).status, 200)

    def test_3_front_server_headers_and_words(self):
        status, headers, _ = ask(self.office("/portal/"))
        self.assertEqual(status, 200)
        self.assertIn("script-src 'self';", headers["Content-Security-Policy"])
        self.assertEqual(headers["Cache-Control"], "no-cache")
        self.assertEqual(headers["Server"], "nginx")
        for name in ("Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
                     "Permissions-Policy"):
            self.assertEqual(len(headers.get_all(name, [])), 1, name)
        for url, code in ((self.office("/nothing"), 404), (self.public("/portal/"), 404), (self.public("/api/v1/staff/session"), 404),
                          (self.public("/metrics"), 404), (self.public("/api/v1/tenant/session"), 401)):
            status, headers, body = ask(url)
            self.assertEqual((status, headers["Content-Type"]), (code, "application/problem+json"), url)
            self.assertEqual(json.loads(body)["status"], code, url)
        status, _, body = ask(self.office("/api/v1/staff/meters"), b"x" * 70000, method="POST")
        self.assertEqual((status, json.loads(body)["code"]), (413, "too_large"))
        self.assertEqual(ask(self.office("/healthz"))[0], 200)
        self.assertIn(b"paywatt_", ask(self.office("/metrics"))[2])

    def test_4_openapi_document(self):
        status, _, body = ask(self.office("/api/v1/openapi.json"))
        self.assertEqual((status, json.loads(body)["openapi"][:2]), (200, "3."))

    def test_5_log_in_is_limited(self):
        answers = [ask(self.office("/api/v1/staff/session"), b"{}", {"Content-Type": "application/json"})[0] for _ in range(20)]
        self.assertIn(429, answers)

    def test_6_secret_paths_are_masked(self):
        ask(self.public("/notify/sms/aliyun/not-for-the-log?sign=nor-this"))
        time.sleep(0.1)
        with open(os.path.join(VAR, "log", "nginx-access.log"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("/notify/sms/***", text)
        self.assertNotIn("not-for-the-log", text)
        self.assertNotIn("nor-this", text)

    def test_7_up_again_changes_nothing(self):
        before = states()
        done = paywatt("up", *self.options)
        self.assertIn("nothing needed starting", done.stdout)
        self.assertEqual(before, states())

    def test_8_up_after_kill_of_everything(self):
        before = states()
        pids = processes_of({pid for _, pid in before.values()}) + [supervisor for supervisor, _ in before.values()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.assertEqual(paywatt("status", "--var", VAR, check=False).returncode, 3)
        done = paywatt("up", *self.options)
        self.assertRegex(done.stdout, r"375 of 375 meters read, oldest reading \d+ s")
        self.assertFalse(set(pids) & set(processes_of({pid for _, pid in states().values()})))

    def test_9_program_killed_comes_back(self):
        for name in ("poller", "redis", "staff", "nginx"):
            os.kill(states()[name][1], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while ask_quietly(self.office("/healthz")) != 200 or paywatt("status", "--var", VAR, check=False).returncode != 0:
            self.assertLess(time.monotonic(), deadline, "not healthy again within 30 s")
            time.sleep(0.5)

    def test_no_secret_in_any_log(self):
        done = subprocess.run(["python3", os.path.join(ROOT, "tests/lib/secrets_in_logs.py"), os.path.join(VAR, "secret"),
                               os.path.join(VAR, "log")], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout.splitlines()[0])

    def test_z_down_leaves_nothing(self):
        groups = {pid for _, pid in states().values()}
        supervisors = [supervisor for supervisor, _ in states().values()]
        paywatt("down", "--var", VAR)
        self.assertEqual(processes_of(groups), [])
        self.assertEqual(processes_of(set(supervisors)), [])
        self.assertEqual(states(), {})


def ask_quietly(url):
    """The status, None while nobody answers."""
    try:
        return ask(url)[0]
    except OSError:
        return None
