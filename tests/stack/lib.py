"""Private servers for stack tests: MariaDB, Redis, nginx and our programs on Unix sockets in a folder of their own.

    servers = lib.Servers()            # makes the folder
    servers.start_mariadb(); servers.start_redis()
    servers.migrate()                  # schema/migrations/*.sql (and grants, when they exist)
    servers.sql("SELECT 1")            # rows as lists of str
    servers.stop()                     # stops all, removes the folder
"""
import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.environ.get("PW_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("PW_BUILD") or os.path.join(ROOT, "build", "asan")
DATABASE = "paywatt"


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
        """Stops everything, newest first, and removes the folder."""
        for name in reversed(list(self.processes)):
            self.stop_one(name)
        shutil.rmtree(self.folder, ignore_errors=True)

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
