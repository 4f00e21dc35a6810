"""A whole park on private servers: simulated field, poller, jobs, web, all from the project's own programs.

    park = Park(lines=2, meters=4)          # or Park(file="schema/sample-park/park.csv")
    park.start()                            # everything, until every meter has been read
    park.sim("fault", scope="meter", meter=park.meters[0], kind="silent")
    staff = park.log_in("engineer")         # a Session: get, post, order
    order = staff.order(park.meters[0], "trip"); staff.ended(order["id"])
    park.stop()
"""
import fcntl
import json
import os
import random
import secrets
import socket
import subprocess
import uuid

import invariants
import lib

ROLES = ("staff", "tenant", "notify", "machine", "poller", "jobs", "ctl", "backup", "migrate")
USERS = {"administrator": "admin", "engineer": "engineer", "finance": "finance", "auditor": "auditor"}


class ApiError(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem
        self.code = problem.get("code") if isinstance(problem, dict) else None


class Session(lib.Client):
    """A staff session over HTTPS through nginx: answers are JSON, refusals are ApiError."""

    def json_of(self, answer):
        if answer.status >= 400:
            try:
                problem = answer.json
            except ValueError:
                problem = answer.body.decode(errors="replace")
            raise ApiError(answer.status, problem)
        return answer.json if answer.body else None

    def get(self, path, **more):
        return self.json_of(super().get(path, **more))

    def post(self, path, body=None, key=None, **more):
        if key:
            more["headers"] = {**more.get("headers", {}), "Idempotency-Key": key}
        return self.json_of(super().post(path, body, **more))

    def meter(self, number):
        """The row of a meter by its number."""
        return next(row for row in self.get("/meters")["items"] if row["number"] == number)

    def order(self, number, kind, **more):
        """Orders; the unit number is typed as a person would."""
        row = self.meter(number)
        body = {"kind": kind, "reason": more.pop("reason", "test"), **more}
        if kind == "trip":
            body.setdefault("unit_number", row["unit_number"])
        answer = self.give(row, body)
        return answer["command"] or answer["approval"]

    def give(self, row, body):
        """One POST, nothing before it. row: of /meters."""
        return self.post(f"/supplies/{row['supply_id']}/commands", body, str(uuid.uuid4()))

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
                 settings=None, external=(), protected=(), interval_s=None):
        super().__init__()
        self.net = net or self.take_net()
        self.settings = settings or {}
        self.file = file
        self.control = os.path.join(self.run, "field.sock")
        self.sessions = {}
        self.counts_moved = set()  # numbers of meters whose count the simulator changed behind our back
        self.secrets = {}
        self.meters = []
        self.interval_s = interval_s
        if file is None:
            self.file = self.path("park.csv")
            self.write_park(lines, meters, baud, links, external, protected)

    def take_net(self):
        """A loopback net of our own while this process lives: parks of other tests run beside us."""
        numbers = list(range(64, 250))
        random.shuffle(numbers)
        for number in numbers:
            try:
                lock = os.open(f"/tmp/paywatt-net-{number}.lock", os.O_RDWR | os.O_CREAT, 0o666)
            except OSError:
                continue  # another user's
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return f"127.{number}"
            except OSError:
                os.close(lock)
        raise AssertionError("every loopback net is taken")

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

    def write_settings(self):
        """The settings file and every secret that it names."""
        for role in ROLES:
            self.write_secret(f"db_{role}", secrets.token_hex(16))
        self.ini = self.write_config(poller__metrics_file=f"{self.state}/poller.metrics", **self.settings)

    def write_secret(self, name, value):
        path = os.path.join(self.secret, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
            out.write(value + "\n")
        return path

    def ctl(self, *words, check=True):
        """paywattctl; its standard output."""
        done = subprocess.run([self.program("ctl/paywattctl"), "--config", self.ini, *words], text=True, capture_output=True,
                              check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"paywattctl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done

    def start(self, *args, **more):
        """With arguments: a process (as Servers.start). Without: the whole park."""
        if args:
            return super().start(*args, **more)
        self.start_field(wait=False)
        self.start_jobs()
        self.start_web()
        self.wait_read()
        return self

    def start_field(self, wait=True):
        """Databases, simulated field and poller: a park without its web."""
        self.start_mariadb()
        self.start_redis()
        self.write_settings()
        self.ctl("migrate", "--root-socket-user", "root")
        self.import_park()
        self.add_users()
        self.start_sim()
        self.start_poller()
        if wait:
            self.wait_read()
        return self

    def import_park(self):
        with open(self.file, encoding="utf-8") as file:
            body = file.read().replace("127.50.", self.net + ".")
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
            lib.add_user(self, name, role)

    def start_sim(self, *more):
        self.start("sim", [self.program("sim/paywatt-sim"), "field", "--park", self.file, "--control", self.control,
                           "--state", self.path("sim.state"), "--net", self.net, *more])
        lib.wait_for("the simulated field", self.sim_listens)

    def sim_listens(self):
        """The socket's file is there a moment before it listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.control) == 0

    def start_poller(self, name="poller", failpoint=""):
        """failpoint: as core/base/failpoint.h has it; in test builds only."""
        return self.start(name, [self.program("poller/paywatt-poller"), "--config", self.ini], env={"PW_FAILPOINT": failpoint})

    def start_jobs(self):
        return self.start("jobs", [self.program("jobs/paywatt-jobs"), "--config", self.ini])

    def start_web(self):
        for role in ("staff", "tenant", "machine"):
            self.start_cgi(role)
        self.start_nginx()

    def wait_read(self, seconds=60):
        self.ctl("wait-read", "--timeout", str(seconds))

    def log_in(self, role):
        """A session of the role's user, kept; the first one enrols the second factor."""
        if role not in self.sessions:
            self.sessions[role] = self.new_session(role)
        return self.sessions[role]

    def new_session(self, role):
        session = Session(self.office_port)
        name = USERS[role]
        if role not in self.secrets:
            assert session.login(name).status == 200
            self.secrets[role] = session.enrol()[0]
            return session
        for step in (0, 1):
            if session.login(name, totp=lib.totp(self.secrets[role], step)).status == 200:
                return session
        raise AssertionError(f"no one-time code of {name} was accepted")

    def stop(self):
        """Stops all; what moved money leaves books that hold."""
        broken = {}
        try:
            if "mariadb" in self.processes and self.processes["mariadb"].poll() is None:
                broken = self.broken_invariants()
        finally:
            super().stop()
        assert not broken, f"invariants do not hold: {broken}"

    def broken_invariants(self):
        """Those that do not hold. I09 rightly names a meter whose count the test itself moved: such rows are left out."""
        broken = invariants.check(self)
        moved = {row[0] for row in self.sql("SELECT s.id, m.number FROM supply s JOIN meter m ON m.id = s.meter_id")
                 if row[1] in self.counts_moved}
        for name in [name for name in broken if name.startswith("I09")]:
            broken[name] = [row for row in broken[name] if row[0] not in moved]
            if not broken[name]:
                del broken[name]
        return broken

    # ---- the field's control socket

    def sim(self, op, **more):
        if op in ("foreign_purchase", "count_reset", "swap") or (op == "set" and "count" in more) \
                or str(more.get("kind", "")).startswith("power_cut"):
            self.counts_moved.add(more.get("meter"))
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
