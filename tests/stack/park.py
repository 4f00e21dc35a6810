"""A whole park on private servers: simulated field, poller, jobs, web, all from the project's own programs.

    park = Park(lines=2, meters=4)          # or Park(file="schema/sample-park/park.csv")
    park.start()                            # everything, until every meter has been read
    park.sim("fault", scope="meter", meter=park.meters[0], kind="silent")
    staff = park.log_in("engineer")         # a Session: get, post, order
    order = staff.order(park.meters[0], "trip"); staff.ended(order["id"])
    park.stop()
"""
import base64
import hashlib
import hmac
import http.cookiejar
import json
import os
import random
import secrets
import socket
import ssl
import struct
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import lib

ROLES = ("staff", "tenant", "notify", "machine", "poller", "jobs", "ctl", "backup", "migrate")
USERS = {"administrator": "admin", "engineer": "engineer", "finance": "finance", "auditor": "auditor"}


def totp(secret, step):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class ApiError(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem
        self.code = problem.get("code") if isinstance(problem, dict) else None


class Session:
    """A staff session over HTTPS through nginx."""

    def __init__(self, base):
        self.base = base
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                                  urllib.request.HTTPCookieProcessor(self.cookies))
        self.token = ""

    def call(self, method, path, body=None, key=None, headers=None):
        request = urllib.request.Request(self.base + path, method=method)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if method != "GET" and self.token:
            request.add_header("X-CSRF-Token", self.token)
        if key:
            request.add_header("Idempotency-Key", key)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with self.opener.open(request, data, timeout=30) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = text.decode(errors="replace")
            raise ApiError(error.code, problem) from None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None, key=None):
        return self.call("POST", path, body, key)

    def log_in(self, name, password, secret):
        for shift in (0, 1, -1):
            try:
                code = totp(secret, int(time.time()) // 30 + shift)
                session = self.post("/session", {"name": name, "password": password, "totp": code})
                self.token = session["csrf_token"]
                return session
            except ApiError as error:
                if error.code != "totp_wrong":
                    raise
        raise AssertionError("no one-time code was accepted")

    def meter(self, number):
        """The row of a meter by its number."""
        return next(row for row in self.get("/meters")["items"] if row["number"] == number)

    def order(self, number, kind, **more):
        """Orders; the unit number is typed as a person would."""
        row = self.meter(number)
        body = {"kind": kind, "reason": more.pop("reason", "test"), **more}
        if kind == "trip":
            body.setdefault("unit_number", row["unit_number"])
        answer = self.post(f"/supplies/{row['supply_id']}/commands", body, str(uuid.uuid4()))
        return answer["command"] or answer["approval"]

    def ended(self, command_id, seconds=30.0):
        """Waits until the order has ended; `unknown` counts as an end."""
        done = ("confirmed", "refused", "unknown", "superseded", "expired", "cancelled")

        def look():
            command = self.get(f"/commands/{command_id}")
            return command if command["state"] in done else None
        return lib.wait_for(f"order {command_id} to end", look, seconds, 0.05)


class Park(lib.Servers):
    """Servers, field and programs."""

    def __init__(self, lines=1, meters=4, file=None, baud=9600, links=("modbus_tcp", "rtu_over_tcp"), net=None,
                 build=None, settings=None, external=(), protected=(), interval_s=None):
        super().__init__()
        self.build = build or lib.BUILD
        self.net = net or f"127.{random.randint(64, 250)}"
        self.settings = settings or {}
        self.file = file
        self.control = os.path.join(self.run, "field.sock")
        self.users = {}
        self.staff_url = ""
        self.meters = []
        self.interval_s = interval_s
        if file is None:
            self.file = self.path("park.csv")
            self.write_park(lines, meters, baud, links, external, protected)

    # ---- the park file

    def write_park(self, lines, meters, baud, links, external, protected):
        rows = ["#site,code,name,name_en,time_zone", "site,T,测试园,Test park,Asia/Shanghai",
                "#building,code,name,name_en", "building,A,A座,A", "#floor,building,code,name,position",
                "floor,A,1F,一层,1", "#unit,number,building,floor,trade,state,shop_name,area_m2"]
        count = lines * meters
        rows += [f"unit,1F-{n + 1:03d},A,1F,餐饮,营业,测试店{n + 1},50" for n in range(count)]
        rows += ["#room,code,name,building", "room,1#,1#强电间,A", "#gateway,code,name,room,host"]
        rows += [f"gateway,G{n + 1:02d},网关{n + 1},1#,127.50.9.{n + 1}" for n in range(lines)]
        rows += ["#line,code,name,gateway,link,port,device,baud,parity,stop_bits,turnaround_ms,response_timeout_ms,cycle_s"]
        rows += [f"line,L{n + 1:02d},总线{n + 1},G{n + 1:02d},{links[n % len(links)]},4001,,{baud},N,1,50,400,0"
                 for n in range(lines)]
        rows += ["#meter,number,line,address,model,serial_number,ct_ratio,pt_ratio,external_control"]
        for n in range(count):
            number = f"M{n + 1:03d}"
            self.meters.append(number)
            rows.append(f"meter,{number},L{n // meters + 1:02d},{n % meters + 1},acrel-dtsy1352,"
                        f"{202600000000 + n + 1},1,1,{int(n in external)}")
        rows += ["#supply,unit,meter,protected,close_by_hand,billing_mode"]
        rows += [f"supply,1F-{n + 1:03d},M{n + 1:03d},{int(n in protected)},{int(n in external)},meter" for n in range(count)]
        with open(self.file, "w", encoding="utf-8") as out:
            out.write("\n".join(rows) + "\n")

    # ---- settings and programs

    def program(self, name):
        return os.path.join(self.build, {"paywattctl": "ctl", "paywatt-cgi": "cgi", "paywatt-poller": "poller",
                                         "paywatt-jobs": "jobs", "paywatt-sim": "sim"}[name], name)

    def write_settings(self):
        for name in ("audit_key", "field_key"):
            self.write_secret(name, secrets.token_hex(32))
        for role in ROLES:
            self.write_secret(f"db_{role}", secrets.token_hex(16))
        sections = {
            "database": {"socket": self.mysql_socket, "name": lib.DATABASE, "user_prefix": "pw_",
                         "password_directory": self.secret},
            "redis": {"socket": self.redis_socket},
            "security": {"audit_key_file": f"{self.secret}/audit_key", "field_key_file": f"{self.secret}/field_key",
                         "argon2_memory_kib": 8192, "argon2_passes": 1},
            "log": {"level": "info"},
            "paths": {"models": f"{lib.ROOT}/poller/models", "schema": f"{lib.ROOT}/schema", "run": self.run,
                      "state": self.state},
            "poller": {"metrics_file": f"{self.state}/poller.metrics"},
            "site": {"simulated": "true"},
        }
        for name, value in self.settings.items():
            section, key = name.split(".")
            sections.setdefault(section, {})[key] = value
        self.ini = self.path("paywatt.ini")
        with open(self.ini, "w", encoding="utf-8") as out:
            for section, keys in sections.items():
                out.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    def write_secret(self, name, value):
        path = os.path.join(self.secret, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
            out.write(value + "\n")
        return path

    def ctl(self, *words, check=True):
        """paywattctl; its standard output."""
        done = subprocess.run([self.program("paywattctl"), "--config", self.ini, *words], text=True, capture_output=True,
                              check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"paywattctl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done

    def start(self, *args, **more):
        """With arguments: a process (as Servers.start). Without: the whole park."""
        if args:
            return super().start(*args, **more)
        self.start_mariadb()
        self.start_redis()
        self.write_settings()
        self.ctl("migrate", "--root-socket-user", "root")
        self.import_park()
        self.add_users()
        self.start_sim()
        self.start_poller()
        self.start_jobs()
        self.start_web()
        self.wait_read()
        return self

    def import_park(self):
        body = open(self.file, encoding="utf-8").read().replace("127.50.", self.net + ".")
        path = self.path("import.csv")
        with open(path, "w", encoding="utf-8") as out:
            out.write(body)
        self.ctl("import", path, "--commit")
        if self.interval_s:
            self.sql(f"UPDATE line SET interval_s = {self.interval_s}")
        self.ctl("line", "writable", "all", "--reason", "test")
        self.ctl("setting", "set", "accept_experimental_models", "1", "--reason", "test")

    def add_users(self):
        for role, name in USERS.items():
            password = secrets.token_urlsafe(15)
            secret = base64.b32encode(secrets.token_bytes(20)).decode().rstrip("=")
            self.users[role] = (name, password, secret)
            self.ctl("user", "add", name, "--role", role, "--display-name", name, "--password-file",
                     self.write_secret(f"user_{name}", password), "--totp-secret-file", self.write_secret(f"totp_{name}", secret))

    def start_sim(self, *more):
        self.start("sim", [self.program("paywatt-sim"), "field", "--park", self.file, "--control", self.control,
                           "--state", self.path("sim.state"), "--net", self.net, *more])
        lib.wait_for("the simulated field", lambda: os.path.exists(self.control) and self.sim("list"))

    def start_poller(self, name="poller"):
        return self.start(name, [self.program("paywatt-poller"), "--config", self.ini])

    def start_jobs(self):
        return self.start("jobs", [self.program("paywatt-jobs"), "--config", self.ini])

    def start_web(self):
        self.start("cgi", [self.program("paywatt-cgi"), "--config", self.ini, "--role", "staff"])
        lib.wait_for("the staff socket", lambda: os.path.exists(os.path.join(self.run, "staff.sock")))
        os.chmod(os.path.join(self.run, "staff.sock"), 0o666)
        self.start_nginx()

    def start_nginx(self):
        port = lib.free_port()
        folder = self.path("nginx")
        os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                       check=True, capture_output=True)
        temp = "".join(f"{name}_temp_path {folder}/tmp/{name};" for name in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        params = "".join(f"fastcgi_param {name} {value};" for name, value in (
            ("REQUEST_METHOD", "$request_method"), ("REQUEST_URI", "$request_uri"), ("DOCUMENT_URI", "$document_uri"),
            ("SCRIPT_NAME", "$document_uri"), ("PATH_INFO", "$document_uri"), ("QUERY_STRING", "$query_string"), ("CONTENT_TYPE", "$content_type"),
            ("CONTENT_LENGTH", "$content_length"), ("REMOTE_ADDR", "$remote_addr"), ("HTTPS", "on"),
            ("SERVER_PROTOCOL", "$server_protocol")))
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as out:
            out.write(f"daemon off; worker_processes 1; pid {folder}/pid; error_log {self.log}/nginx.err;"
                      f"{'user root;' if os.geteuid() == 0 else ''}"
                      "events { worker_connections 256; }"
                      f"http {{ access_log off; {temp} gzip on; gzip_comp_level 1; gzip_types application/json;"
                      f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem;"
                      f"ssl_certificate_key {folder}/key.pem; client_max_body_size 8m;"
                      f"location / {{ fastcgi_pass unix:{self.run}/staff.sock; fastcgi_keep_conn off; {params} }} }} }}")
        self.start("nginx", ["/usr/sbin/nginx", "-p", folder, "-e", f"{self.log}/nginx.err", "-c", f"{folder}/nginx.conf"])
        self.staff_url = f"https://127.0.0.1:{port}/api/v1/staff"

        def answers():
            try:
                Session(self.staff_url).get("/session")
            except ApiError as error:
                return error.status == 401
            except OSError:
                return False
            return True
        lib.wait_for("the web", answers)

    def wait_read(self, seconds=60):
        self.ctl("wait-read", "--timeout", str(seconds))

    def log_in(self, role):
        """A session; each role logs in once, because a one-time code counts once."""
        kept = self.__dict__.setdefault("sessions", {})
        if role not in kept:
            name, password, secret = self.users[role]
            session = Session(self.staff_url)
            session.log_in(name, password, secret)
            kept[role] = session
        return kept[role]

    # ---- the field's control socket

    def sim(self, op, **more):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(more.get("timeout_ms", 10000) / 1000 + 20)
            connection.connect(self.control)
            connection.sendall(json.dumps({"op": op, **more}).encode() + b"\n")
            line = connection.makefile().readline()
        answer = json.loads(line)
        if not answer.get("ok", True):
            raise AssertionError(f"simulator: {answer}")
        return answer

    def meter_id(self, number):
        return int(self.sql(f"SELECT id FROM meter WHERE number = '{number}'")[0][0])
