"""Private servers for stack tests: MariaDB, Redis, nginx and our programs on Unix sockets in a folder of their own.

    servers = lib.Servers()            # makes the folder
    servers.start_mariadb(); servers.start_redis()
    servers.migrate()                  # schema/migrations/*.sql (and grants, when they exist)
    servers.sql("SELECT 1")            # rows as lists of str
    servers.stop()                     # stops all, removes the folder
"""
import base64
import glob
import hmac
import http.client
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid

ROOT = os.environ.get("PW_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("PW_BUILD") or os.path.join(ROOT, "build", "asan")
DATABASE = "paywatt"
PASSWORD = "correct horse battery"
# of PASSWORD, with the cheapest costs that the settings allow (write_config sets the same)
PASSWORD_HASH = ("$argon2id$v=19$m=8192,t=1,p=1$FExNhU86GImWwYlH6WHZlw"
                 "$M1SDXc/eN9Arrxpg80TjG/1oNX/oCdXhIxcOs4r0zyY")


def wait_for(what, ready, seconds=30.0, every=0.02):
    """Waits until ready() is true; a clear error names what never came."""
    deadline = time.monotonic() + seconds
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


def free_port():
    """A TCP port on 127.0.0.1 that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Servers:
    """The folder, the processes in it, and how to ask them."""

    def __init__(self):
        base = os.environ.get("PW_TEST_TMP") or "/tmp"
        os.chmod(base, 0o755) if base != "/tmp" else None
        self.folder = tempfile.mkdtemp(prefix="pw", dir=base)
        os.chmod(self.folder, 0o755)
        self.run = os.path.join(self.folder, "run")
        self.secret = os.path.join(self.folder, "secret")
        self.state = os.path.join(self.folder, "state")
        self.log = os.path.join(self.folder, "log")
        for path in (self.run, self.log, self.state, self.path("tmp")):
            os.mkdir(path)
            os.chmod(path, 0o777)
        os.mkdir(self.secret, 0o700)
        self.mysql_socket = os.path.join(self.run, "mysql.sock")
        self.redis_socket = os.path.join(self.run, "redis.sock")
        self.processes = {}
        self.passwords = {}
        self.root_password = ""

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    @staticmethod
    def drop(user):
        """The words before a command that give root's rights up."""
        if os.geteuid() != 0:
            return []
        return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps=-all", "--no-new-privs"]

    def own(self, path, user):
        if os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    # ---- processes

    def start(self, name, command, env=None, **more):
        """Starts a process in the background; its words go to log/NAME.log."""
        with open(os.path.join(self.log, name + ".log"), "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env={**os.environ, **(env or {})}, **more)
        self.processes[name] = process
        return process

    def log_of(self, name):
        try:
            with open(os.path.join(self.log, name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stop_one(self, name, how=signal.SIGTERM, seconds=20):
        process = self.processes.pop(name, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def stop(self):
        """Stops everything, newest first, looks for secrets in what was logged, and removes the folder."""
        for name in reversed(list(self.processes)):
            self.stop_one(name)
        leaks = None if not os.listdir(self.secret) else subprocess.run([
            "/usr/bin/python3", os.path.join(ROOT, "tests", "lib", "secrets_in_logs.py"), self.secret, self.log],
            text=True, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        assert leaks is None or leaks.returncode == 0, leaks.stdout + leaks.stderr

    # ---- MariaDB

    def start_mariadb(self):
        data = self.path("mysql")
        if not os.path.isdir(data):
            os.mkdir(data)
            self.own(data, "mysql")
            subprocess.run(self.drop("mysql") + [
                "mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--tmpdir={self.path('tmp')}",
                "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
                "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M"],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start("mariadb", self.drop("mysql") + [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}",
            f"--tmpdir={self.path('tmp')}", f"--socket={self.mysql_socket}",
            f"--pid-file={os.path.join(self.run, 'mysql.pid')}", "--skip-networking", "--skip-name-resolve",
            "--log-bin", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1", "--innodb-snapshot-isolation=ON",
            "--character-set-server=utf8mb4", "--performance-schema=OFF", "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M", "--innodb-buffer-pool-load-at-startup=OFF",
            "--innodb-buffer-pool-dump-at-shutdown=OFF"])
        wait_for("MariaDB", self.mariadb_answers)

    def mariadb_answers(self):
        return self.client(["-e", "SELECT 1"], check=False).returncode == 0

    def client(self, words, check=True, text=None, database=""):
        command = ["mariadb", "--no-defaults", f"--socket={self.mysql_socket}", "-uroot", "--default-character-set=utf8mb4",
                   "-N", "-B"] + words + ([database] if database else [])
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"MariaDB: {done.stderr.strip()}")
        return done

    def sql(self, text, database=DATABASE):
        """Runs statements as root; rows as lists of str ("NULL" for null)."""
        out = self.client([], text=text, database=database).stdout
        return [line.split("\t") for line in out.splitlines()]

    def migrate(self):
        """Creates the database with every migration and a database user a role with all rights of its grants file."""
        self.sql(f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4", database="")
        for file in sorted(glob.glob(os.path.join(ROOT, "schema", "migrations", "*.sql"))):
            with open(file, encoding="utf-8") as text:
                self.sql(text.read())

    def user(self, role):
        """Makes the database user of a role (all rights: grants have tests of their own) and its password file."""
        name = f"pw_{role}"
        password = secrets.token_hex(16)
        self.passwords[role] = password
        self.sql(f"CREATE OR REPLACE USER {name}@localhost IDENTIFIED BY '{password}';"
                 f"GRANT ALL ON {DATABASE}.* TO {name}@localhost;", database="")
        path = os.path.join(self.secret, f"db_{role}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(password + "\n")
        return password

    def grants(self):
        """Makes every database user with the rights of schema/grants.sql, as an installed site has them."""
        with open(os.path.join(ROOT, "schema", "grants.sql"), encoding="utf-8") as file:
            text = file.read()
        for role in sorted(set(re.findall(r"\{password:(\w+)\}", text))):
            password = secrets.token_hex(16)
            self.passwords[role] = password
            text = text.replace(f"{{password:{role}}}", f"'{password}'")
            path = os.path.join(self.secret, f"db_{role}")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(password + "\n")
        self.sql(text.replace("{prefix}", "pw_").replace("{database}", DATABASE))

    # ---- Redis

    def start_redis(self):
        data = self.path("redis")
        if not os.path.isdir(data):
            os.mkdir(data)
            self.own(data, "redis")
        self.start("redis", self.drop("redis") + [
            "redis-server", "--port", "0", "--unixsocket", self.redis_socket, "--unixsocketperm", "777", "--dir", data,
            "--daemonize", "no", "--save", "", "--appendonly", "no"])
        wait_for("Redis", lambda: self.redis("PING") == "PONG")

    def redis(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.redis_socket, *words], text=True, capture_output=True,
                              check=False)
        return done.stdout.strip()

    # ---- our programs

    def write_config(self, **more):
        """Settings for the programs of this folder; more: section__key=value."""
        values = {
            "database": {"socket": self.mysql_socket, "name": DATABASE, "password_directory": self.secret},
            "redis": {"socket": self.redis_socket},
            "security": {"field_key_file": os.path.join(self.secret, "field_key"),
                         "audit_key_file": os.path.join(self.secret, "audit_key"),
                         "argon2_memory_kib": "8192", "argon2_passes": "1"},
            "log": {"level": "info"},
            "paths": {"models": os.path.join(ROOT, "poller", "models"), "schema": os.path.join(ROOT, "schema"),
                      "run": self.run, "state": self.state},
            "cgi": {"staff_workers": "2"},
            "site": {"simulated": "true"},
        }
        for name, value in more.items():
            section, key = name.rsplit("__", 1)
            section = section.replace("__", ".")
            values.setdefault(section, {})[key] = str(value)
        for name in ("field_key", "audit_key"):
            path = os.path.join(self.secret, name)
            if not os.path.exists(path):
                with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(32) + "\n")
        self.config = self.path("paywatt.ini")
        with open(self.config, "w", encoding="utf-8") as file:
            for section, keys in values.items():
                file.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
        return self.config

    @staticmethod
    def program(name):
        """Path of one of our programs in the build folder: "cgi/paywatt-cgi"."""
        return os.path.join(BUILD, name)

    def start_cgi(self, role):
        path = os.path.join(self.run, f"{role}.sock")
        process = self.start(f"cgi-{role}", [self.program("cgi/paywatt-cgi"), "--config", self.config, "--role", role])

        def listening():
            assert process.poll() is None, self.log_of(f"cgi-{role}")
            return f"[{process.pid}] {role}: " in self.log_of(f"cgi-{role}")  # said once the socket listens

        wait_for(f"paywatt-cgi {role}", listening)
        if os.geteuid() == 0:
            os.chmod(path, 0o666)  # nginx drops root's rights; an installed site uses [cgi] socket_group
        return process

    # ---- nginx, with the project's own templates

    def start_nginx(self):
        """TLS on two free ports of 127.0.0.1: self.office_port, self.public_port."""
        self.office_port, self.public_port = free_port(), free_port()
        folder, conf = self.path("nginx"), self.path("nginx", "conf")
        static = self.path("static")
        for path in (folder, conf, static):
            os.makedirs(path, exist_ok=True)
        self.own(folder, "www-data")
        key, certificate = os.path.join(self.secret, "tls.key"), self.path("nginx", "tls.crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, stderr=subprocess.DEVNULL)
        words = {
            "ETC": folder, "CONF": conf, "TEMP": folder, "SOCKETS": self.run, "STATIC": static, "RUN": self.run,
            "ACCESS_LOG": os.path.join(self.log, "access.log"), "ERROR_LOG": "stderr", "PAY_FORM_HOSTS": "",
            "MIME_TYPES": "/etc/nginx/mime.types",
            "OFFICE_CERT": certificate, "OFFICE_KEY": key, "PUBLIC_CERT": certificate, "PUBLIC_KEY": key,
            "OFFICE_LISTEN": f"listen 127.0.0.1:{self.office_port} ssl;",
            "PUBLIC_LISTEN": f"listen 127.0.0.1:{self.public_port} ssl;",
            "SESSION_RATE": "1000r/s", "OFFICE_RATE": "10000r/s", "PUBLIC_RATE": "10000r/s",
            "WORKERS": "2",
            "USER_LINE": "user www-data;" if os.geteuid() == 0 else "",
        }
        for name in glob.glob(os.path.join(ROOT, "nginx", "*.conf.in")):
            with open(name, encoding="utf-8") as file:
                text = file.read()
            for word, value in words.items():
                text = text.replace(f"@{word}@", value)
            base = os.path.basename(name)[:-3]
            with open(os.path.join(folder if base == "nginx.conf" else conf, base), "w", encoding="utf-8") as file:
                file.write(text)
        with open(os.path.join(folder, "office-allow.conf"), "w", encoding="utf-8") as file:
            file.write("# everybody\n")
        self.start("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-e", "stderr", "-p", folder + "/", "-c",
                             os.path.join(folder, "nginx.conf")])

        def listening():
            assert self.processes["nginx"].poll() is None, self.log_of("nginx")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.office_port)) == 0

        wait_for("nginx", listening)


class Answer:
    """Status, headers (lower case) and body of one answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The problem's code, "" when it is none."""
        try:
            return self.json.get("code", "")
        except ValueError:
            return ""

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """A browser that keeps its cookie and CSRF token. Each call is a connection of its own, or one kept."""

    def __init__(self, port, base="/api/v1/staff"):
        self.port, self.base = port, base
        self.cookies = {}
        self.csrf = ""
        self.origin = f"https://127.0.0.1:{port}"
        self.kept = None

    def connection(self):
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)

    def call(self, method, path, body=None, headers=None, raw=None):
        """path: below the base, or absolute when it starts with "//"."""
        target = path[1:] if path.startswith("//") else self.base + path
        send = {"Accept": "application/json"}
        if self.cookies:
            send["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET":
            send["Origin"] = self.origin
            if self.csrf:
                send["X-CSRF-Token"] = self.csrf
        payload = raw
        if body is not None:
            payload = json.dumps(body).encode()
        if payload is not None:
            send["Content-Type"] = "application/json"
        send.update(headers or {})
        send = {name: value for name, value in send.items() if value is not None}
        connection = self.connection()
        try:
            connection.request(method, target, payload, send)
            reply = connection.getresponse()
            answer = Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()
        for value in [v for k, v in reply.getheaders() if k.lower() == "set-cookie"]:
            name, _, rest = value.partition("=")
            text = rest.split(";")[0]
            if text:
                self.cookies[name] = text
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def order(self, path, body, key=None):
        """A POST with an Idempotency-Key."""
        return self.call("POST", path, body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def login(self, name, password=PASSWORD, totp=None):
        body = {"name": name, "password": password}
        if totp is not None:
            body["totp"] = totp
        answer = self.call("POST", "/session", body)
        if answer.status == 200:
            self.csrf = answer.json["csrf_token"]
        return answer

    def enrol(self):
        """Takes the second factor on; gives secret and recovery codes."""
        begun = self.call("POST", "/session/totp/begin")
        assert begun.status == 200, begun
        offer = begun.json
        done = self.call("POST", "/session/totp/finish", {"code": totp(offer["secret_base32"])})
        assert done.status == 200, done
        self.csrf = done.json["session"]["csrf_token"]
        return offer["secret_base32"], done.json["recovery_codes"]


def totp(secret_base32, step=0):
    """The code of now, or of `step` steps from now (RFC 6238)."""
    key = base64.b32decode(secret_base32 + "=" * (-len(secret_base32) % 8))
    counter = int(time.time()) // 30 + step
    digest = hmac.new(key, counter.to_bytes(8, "big"), "sha1").digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 1000000:06d}"


def add_user(servers, name, role, **more):
    """A user with PASSWORD and no second factor yet."""
    columns = {"name": name, "display_name": name.title(), "password_hash": PASSWORD_HASH, **more}
    names = ", ".join(columns)
    values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in columns.values())
    servers.sql(f"INSERT INTO user ({names}, role_id) SELECT {values}, id FROM role WHERE code = '{role}'")


def web(roles=("staff", "machine"), **settings):
    """Everything that a web test needs: MariaDB, Redis, tables, cgi of these roles, nginx."""
    servers = Servers()
    try:
        servers.start_mariadb()
        servers.start_redis()
        servers.migrate()
        servers.write_config(**settings)
        servers.grants()
        for role in roles:
            servers.start_cgi(role)
        servers.start_nginx()
    except BaseException:
        servers.stop()
        raise
    return servers
