"""What stands before every handler, over real nginx and over bare FastCGI: routes and roles, limits, idempotency, workers."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402

ROLES = ("administrator", "finance", "engineer", "auditor")
servers = None
people = {}


def setUpModule():
    global servers
    servers = lib.web(cgi__staff_workers=3)
    servers.sql("INSERT INTO site (code, name, time_zone) VALUES ('t', '测试园区', 'Asia/Shanghai');"
                "INSERT INTO gateway (site_id, code, name, host) VALUES (1, 'g', 'g', '127.0.0.1');"
                "INSERT INTO line (gateway_id, code, name, link, port) VALUES (1, 'L1', 'L1', 'modbus_tcp', 502)")
    for role in ROLES:
        lib.add_user(servers, role, role)
        people[role] = lib.Client(servers.office_port)
        people[role].login(role)
        people[role].enrol()


def tearDownModule():
    servers.stop()


def routes():
    out = subprocess.run([servers.program("cgi/paywatt-cgi"), "--routes"], check=True, capture_output=True, text=True)
    rows = []
    for line in out.stdout.splitlines():
        role, method, path, permission, flags, body, rate, taken, reply, handler = line.split("\t")
        rows.append({"role": role, "method": method, "path": path, "permission": permission,
                     "flags": set(flags.split("|")), "body": int(body), "input": taken, "handler": handler})
    return rows


def has_route(method, path):
    return any(row["method"] == method and row["path"] == path for row in routes())


def permissions():
    """Rights of each role, from the table itself."""
    rights = {}
    with open(os.path.join(lib.ROOT, "core", "rules", "permission.def"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("PERMISSION("):
                _, name, roles = [part.strip() for part in line[len("PERMISSION("):].rstrip(")\n").split(",")]
                rights[name.strip('"')] = {word.strip() for word in roles.split("|")}
    return rights


def workers_of(name):
    master = servers.processes[name].pid
    with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def fastcgi(params, body=b"", role="staff", say_length=None):
    """One request in FastCGI's own words; the answer's bytes (headers and body)."""
    def record(kind, content):
        return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content

    def length(number):
        return struct.pack(">B", number) if number < 128 else struct.pack(">I", number | 0x80000000)

    words = {"CONTENT_LENGTH": str(len(body) if say_length is None else say_length), **params}
    pairs = b"".join(length(len(k)) + length(len(v)) + k + v
                     for k, v in ((k.encode(), v.encode()) for k, v in words.items()))
    out = record(1, struct.pack(">HB5x", 1, 0))
    for at in range(0, len(pairs), 60000):
        out += record(4, pairs[at:at + 60000])
    out += record(4, b"")
    for at in range(0, len(body), 60000):
        out += record(5, body[at:at + 60000])
    out += record(5, b"")
    answer = b""
    with socket.socket(socket.AF_UNIX) as pipe:
        pipe.settimeout(20)
        pipe.connect(os.path.join(servers.run, f"{role}.sock"))
        pipe.sendall(out)
        data = b""
        while chunk := pipe.recv(65536):
            data += chunk
    while len(data) >= 8:
        _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", data[:8])
        if kind == 6:
            answer += data[8:8 + size]
        data = data[8 + size + padding:]
    return answer


def lib_status(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return "zombie"


class Dispatch(unittest.TestCase):
    def test_01_each_role_at_each_route(self):
        rights = permissions()
        short = {"administrator": "ADM", "finance": "FIN", "engineer": "ENG", "auditor": "AUD"}
        stranger = lib.Client(servers.office_port)
        tried = 0
        for row in routes():
            if row["role"] != "staff" or row["path"] == "/api/v1/staff/session":
                continue
            path = "/" + row["path"].replace(":id", "987654321")
            if row["permission"] != "public":
                self.assertEqual(stranger.call(row["method"], path).code, "unauthenticated", row)
            for role in ROLES:
                answer = people[role].call(row["method"], path, headers={"Idempotency-Key": str(uuid.uuid4())})
                may = row["permission"] in ("public", "self") or short[role] in rights[row["permission"]]
                if may:
                    # No body was sent and the object does not exist: anything but a refusal of the person.
                    self.assertNotIn(answer.status, (401, 403, 405, 500, 501, 502), (role, row, answer))
                else:
                    self.assertEqual((answer.status, answer.code), (403, "forbidden"), (role, row, answer))
                tried += 1
        self.assertGreater(tried, 30)

    def test_02_unknown_paths_and_methods(self):
        me = people["administrator"]
        answer = me.get("/no-such-thing")
        self.assertEqual((answer.status, answer.code), (404, "not_found"))
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        self.assertEqual(me.get("/users/0/role").status, 404)
        answer = me.call("PUT", "/session", {})
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, POST, DELETE"))
        self.assertEqual(me.call("HEAD", "/session").status, 405)
        # A role serves its own routes only.
        words = {"REQUEST_METHOD": "GET", "DOCUMENT_URI": "/api/v1/staff/session"}
        self.assertIn(b"Status: 404", fastcgi(words, role="machine"))

    def test_03_limits(self):
        me = people["administrator"]
        big = json.dumps({"name": "x" * (1 << 20)}).encode()
        answer = me.post("/users", raw=big[:50000])  # past the route's limit, below nginx's
        self.assertEqual((answer.status, answer.code), (413, "too_large"))
        try:
            self.assertEqual(me.post("/users", raw=big).status, 413)
        except OSError:
            pass  # nginx may hang up on the rest of the body before its answer is read
        words = {"REQUEST_METHOD": "POST", "DOCUMENT_URI": "/api/v1/staff/session", "CONTENT_TYPE": "application/json",
                 "HTTP_HOST": "h", "HTTP_ORIGIN": "https://h"}
        self.assertIn(b'"too_large"', fastcgi(words, big))
        deep = b"[" * 1000 + b"]" * 1000
        self.assertIn("nested deeper", me.post("/users", raw=deep).json["detail"])
        deeper = b'{"a":' * 10000 + b"1" + b"}" * 10000
        words["CONTENT_LENGTH"] = str(len(deeper))
        self.assertIn(b'"too_large"', fastcgi(words, deeper))
        del words["CONTENT_LENGTH"]
        many = "&".join(f"p{i}=1" for i in range(10000))
        try:
            answer = me.get("/users?" + many)  # nginx itself: the line is too long
            self.assertEqual((answer.status, answer.code), (400, "bad_request"))
        except OSError:
            pass
        words = {"REQUEST_METHOD": "GET", "DOCUMENT_URI": "/api/v1/openapi.json", "QUERY_STRING": many}
        self.assertIn(b"Status: 400", fastcgi(words))
        words["QUERY_STRING"] = "&".join(f"p{i}=1" for i in range(1000))
        self.assertIn(b"there is no field p0 here", fastcgi(words))
        crowd = {f"HTTP_X_{i}": "1" for i in range(10000)}
        self.assertIn(b"Status: ", fastcgi({**crowd, "REQUEST_METHOD": "GET", "DOCUMENT_URI": "/"}))
        short = {**words, "REQUEST_METHOD": "POST", "DOCUMENT_URI": "/api/v1/staff/session", "QUERY_STRING": "",
                 "CONTENT_TYPE": "application/json", "HTTP_HOST": "h", "HTTP_ORIGIN": "https://h"}
        self.assertIn(b"shorter than its Content-Length", fastcgi(short, b"{", say_length=100))
        self.assertIn(b"Status: 413", fastcgi(short, b"{}", say_length="x"))
        self.assertEqual(me.get("/session").status, 200)

    def test_04_bodies(self):
        me = people["administrator"]
        for raw, words in ((b"", "not valid JSON"), (b"{", "not valid JSON"), (b"[]", "must be a JSON object"),
                           (b'{"name":"\xff"}', "not UTF-8"), (b'{"nam":1}', "no field nam")):
            answer = me.post("/users", raw=raw)
            self.assertEqual(answer.status, 400, answer)
            self.assertIn(words, answer.json["detail"])
        answer = me.call("POST", "/users", raw=b"{}", headers={"Content-Type": "text/plain"})
        self.assertEqual(answer.json["field"], "Content-Type")
        self.assertEqual(me.get("/users?x=1").json["field"], "x")

    def test_05_idempotency(self):
        if not has_route("POST", "/api/v1/staff/lines/:id/writable"):
            self.skipTest("no idempotent route yet")
        me = people["administrator"]
        path, body, key = "/lines/1/writable", {"writable": True, "reason": "test"}, str(uuid.uuid4())
        self.assertEqual(me.call("POST", path, body).json["field"], "Idempotency-Key")
        self.assertEqual(me.order(path, body, "not-a-uuid").json["field"], "Idempotency-Key")
        answers = []

        def twin():
            answers.append(me.order(path, body, key))

        threads = [threading.Thread(target=twin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {200}, answers)
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(sum("idempotency-replayed" not in answer.headers for answer in answers), 1)
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'line.set_writable'")[0][0], "1")
        answer = me.order(path, {**body, "writable": False}, key)
        self.assertEqual((answer.status, answer.code), (409, "idempotency_conflict"))
        # The key belongs to one person; a refused order keeps none.
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM idempotency")[0][0], "1")
        bad = str(uuid.uuid4())
        self.assertEqual(me.order("/lines/999/writable", body, bad).status, 404)
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM idempotency")[0][0], "1")

    def test_06_rate(self):
        lib.add_user(servers, "quick", "finance")
        me = lib.Client(servers.office_port)
        me.login("quick")
        codes = [me.post("/session/totp/begin").status for _ in range(12)]
        # A minute may turn in between; more than twenty would need two.
        self.assertIn(429, codes + [me.post("/session/totp/begin").status for _ in range(10)])
        answer = me.post("/session/totp/begin")
        self.assertEqual((answer.code, answer.headers["retry-after"]), ("rate_limited", "60"))
        self.assertEqual(me.get("/session").status, 200)

    def test_07_dead_worker_is_replaced(self):
        before = workers_of("cgi-staff")
        self.assertEqual(len(before), 3)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        lib.wait_for("the end of all workers", lambda: not set(before) & set(workers_of("cgi-staff")))
        answer = people["finance"].get("/session")
        self.assertEqual(answer.status, 200, answer)
        lib.wait_for("three new workers", lambda: len(set(workers_of("cgi-staff")) - set(before)) == 3)
        self.assertIn("was ended by signal 9", servers.log_of("cgi-staff"))

    def test_07b_malformed_records(self):
        """Lengths that overflow (CVE-2025-23016) and other nonsense cost at most the worker that read them."""
        def send(data):
            with socket.socket(socket.AF_UNIX) as pipe:
                pipe.settimeout(5)
                pipe.connect(os.path.join(servers.run, "machine.sock"))
                try:
                    pipe.sendall(data)
                    pipe.shutdown(socket.SHUT_WR)
                    while pipe.recv(4096):
                        pass
                except OSError:
                    pass

        begin = struct.pack(">BBHHBB", 1, 1, 1, 8, 0, 0) + struct.pack(">HB5x", 1, 0)
        for lengths in ((0x7FFFFFFF, 0x7FFFFFFF), (0x7FFFFFFE, 0x7FFFFFFE), (0x7FFFFFFF, 1), (5000, 60000)):
            body = b"".join(struct.pack(">I", n | 0x80000000) for n in lengths) + b"x" * 4000
            send(begin + struct.pack(">BBHHBB", 1, 4, 1, len(body), 0, 0) + body)
        send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        send(b"\x01\x63\x00\x01" + b"\xff" * 5000)
        send(b"")
        machine = lib.Client(servers.office_port, base="")
        lib.wait_for("the worker's follower", lambda: machine.get("/api/v1/openapi.json").status == 200)
        self.assertEqual(len(workers_of("cgi-machine")), 1)

    def test_08_reload_replaces_workers(self):
        before = set(workers_of("cgi-staff"))
        os.kill(servers.processes["cgi-staff"].pid, signal.SIGHUP)
        lib.wait_for("new workers", lambda: len(workers_of("cgi-staff")) == 3 and not before & set(workers_of("cgi-staff")))
        self.assertEqual(people["finance"].get("/session").status, 200)

    def test_09_no_second_master(self):
        done = subprocess.run([servers.program("cgi/paywatt-cgi"), "--config", servers.config, "--role", "staff"],
                              capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(done.returncode, 78)
        self.assertIn("another paywatt-cgi already serves this role", done.stderr)
        self.assertEqual(people["finance"].get("/session").status, 200)
        # A set-up that a restart does not mend ends the program with one sentence.
        os.rename(os.path.join(servers.secret, "db_tenant"), os.path.join(servers.secret, "db_tenant.away"))
        done = subprocess.run([servers.program("cgi/paywatt-cgi"), "--config", servers.config, "--role", "tenant"],
                              capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(done.returncode, 78)
        self.assertIn("db_tenant", done.stderr)
        for words in (["--role", "king"], ["--nonsense"], []):
            done = subprocess.run([servers.program("cgi/paywatt-cgi"), "--config", servers.config, *words],
                                  capture_output=True, text=True, check=False, timeout=20)
            self.assertEqual(done.returncode, 64)

    def test_09b_killed_master(self):
        """Its workers end by themselves, and the next master takes the socket over."""
        workers = workers_of("cgi-staff")
        servers.stop_one("cgi-staff", signal.SIGKILL)
        servers.start_cgi("staff")
        self.assertEqual(people["finance"].get("/session").status, 200)
        for pid in workers:
            lib.wait_for("the old workers' end", lambda: not os.path.exists(f"/proc/{pid}") or
                         "zombie" in lib_status(pid))

    def test_10_health_and_metrics(self):
        machine = lib.Client(servers.office_port, base="")
        answer = machine.get("/healthz")
        self.assertEqual(answer.status, 503)
        self.assertEqual((answer.json["database"], answer.json["redis"], answer.json["poller"]), ("ok", "ok", "down"))
        servers.sql("INSERT INTO program_heartbeat (program, at, started_at, pid) VALUES"
                    " ('poller', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 1), ('jobs', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 1)")
        self.assertEqual(machine.get("/healthz").status, 200)
        servers.sql("UPDATE audit SET at = at - INTERVAL 2 MINUTE")
        self.assertEqual(machine.get("/healthz").json["audit_chain"], "down")
        lib.wait_for("metrics", lambda: b'path="/api/v1/staff/session",class="2xx"' in machine.get("/metrics").body, 20)
        text = machine.get("/metrics").body.decode()
        self.assertIn('paywatt_cgi_worker_deaths_total{role="staff"} ', text)
        document = machine.get("/api/v1/openapi.json").json
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertIn("/api/v1/staff/users/{id}/role", document["paths"])

    def test_11_redis_goes_and_comes(self):
        me = people["auditor"]
        servers.stop_one("redis", signal.SIGKILL)
        answer = me.get("/session")
        self.assertEqual((answer.status, answer.code), (503, "unavailable"))
        self.assertEqual(lib.Client(servers.office_port).login("auditor").status, 503)
        servers.start_redis()
        lib.wait_for("the workers to see Redis", lambda: all(me.get("/session").status == 401 for _ in range(12)), 10)

    def test_12_mariadb_goes_and_comes(self):
        lib.add_user(servers, "late", "finance")
        me = lib.Client(servers.office_port)
        me.login("late")
        me.enrol()
        self.assertEqual(me.get("/status").json["database"], "ok")
        servers.stop_one("mariadb", signal.SIGKILL)
        for _ in range(4):
            answer = me.get("/status")
            self.assertEqual((answer.status, answer.json["database"], answer.json["field"]), (200, "down", "down"))
            self.assertEqual(me.get("/session").status, 503)
        servers.start_mariadb()
        lib.wait_for("the workers to see MariaDB", lambda: all(me.get("/session").status == 200 for _ in range(12)), 10)

    def test_13_graceful_stop(self):
        holder = subprocess.Popen(["mariadb", "--no-defaults", f"--socket={servers.mysql_socket}", "-uroot", "-N", "-n",
                                   lib.DATABASE],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("LOCK TABLES user WRITE; SELECT 'held';\n")
        holder.stdin.flush()
        self.assertIn("held", holder.stdout.readline())
        answers = []
        thread = threading.Thread(target=lambda: answers.append(lib.Client(servers.office_port).login("finance")))
        thread.start()
        lib.wait_for("the request to wait", lambda: any("metadata lock" in " ".join(row).lower()
                                                        for row in servers.sql("SHOW PROCESSLIST", database="")))
        process = servers.processes["cgi-staff"]
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        holder.stdin.write("UNLOCK TABLES;\n")
        holder.stdin.close()
        thread.join()
        holder.wait()
        self.assertEqual(answers[0].code, "totp_required")
        self.assertEqual(process.wait(10), 0)
        self.assertFalse(os.path.exists(os.path.join(servers.run, "staff.sock")))
        self.assertEqual(lib.Client(servers.office_port).get("/session").status, 503)
        servers.processes.pop("cgi-staff")
        self.assertNotIn("Sanitizer", servers.log_of("cgi-staff"))


if __name__ == "__main__":
    unittest.main()
