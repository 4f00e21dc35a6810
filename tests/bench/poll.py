#!/usr/bin/env python3
"""Reading and switching at the speed of the wire. usage: poll.py [--json FILE] [--only cycle,park,store]

cycle_ratio            one line, 32 meters, 9600 8N1, 50 ms turnaround: cycle against the wire-time bound
cycle_ratio_3_dead     the same with 3 of 32 dead, after three cycles, against the bound of the 29 living
fresh_all_s            the demo park, 375 meters on 12 lines: the oldest reading never gets older than this
poller_cpu_share       of one core, at that rate; poller_rss_mib beside it
switch_over_wire_ms    p95 of POST to proved relay, less the wire's need (serial number, status, write, one read-back, one
                       transaction in flight) and the relay's travel
switch_wait_transactions_max   readings that the line finished between the answer to the POST and the order's taking
store_per_s            readings a second through the real writer, state and history rows, binlog on, no line pacing
store_vs_raw           against a bare insert loop of the same rows in the same run
list_p95_ms            375 meters through nginx, TLS, session checked, 8 connections; list_body_bytes as sent

Every figure comes from what database, simulator and /proc saw, not from what the poller says of itself.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("PW_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
os.environ.setdefault("PW_BUILD", os.path.join(ROOT, "build", "release"))
sys.path.insert(0, os.path.join(ROOT, "tests", "stack"))
import lib  # noqa: E402
from park import Park, Session  # noqa: E402

BAUD = 9600
TURNAROUND_MS = 50
TRAVEL_MS = 300  # of the simulated relays


def transaction_ms(request, reply):
    """Wire time of one exchange: meters.md 3 (8N1, ten bits a character)."""
    character_ms = 10 * 1000 / BAUD
    gap_ms = 3.5 * character_ms
    return (request + reply) * character_ms + max(TURNAROUND_MS, gap_ms) + gap_ms


POLL_MS = transaction_ms(8, 5 + 2 * 48)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def p95(values):
    values = sorted(values)
    return values[max(0, -(-95 * len(values) // 100) - 1)]


# ---- one line


def cycle_ms(park, numbers, cycles):
    """Mean time between two readings of the same meter, over at least `cycles` cycles of each meter in `numbers`."""
    seen = {}
    words = ",".join(f"'{number}'" for number in numbers)

    def look():
        for number, at in park.sql("SELECT m.number, ROUND(UNIX_TIMESTAMP(s.taken_at) * 1000) FROM meter_state s"
                                   f" JOIN meter m ON m.id = s.meter_id WHERE m.number IN ({words})"):
            times = seen.setdefault(number, [])
            if not times or times[-1] != int(at):
                times.append(int(at))
        return len(seen) == len(numbers) and all(len(times) > cycles for times in seen.values())
    lib.wait_for("the cycles", look, 60 + 20 * cycles, 0.2)
    return sum((times[-1] - times[0]) / (len(times) - 1) for times in seen.values()) / len(seen)


def bench_cycle(figures):
    park = Park(lines=1, meters=32)
    try:
        say("one line of 32 meters at 9600 8N1")
        park.start()
        # the first cycle reads prices, serial numbers and rate tables of all meters along
        lib.wait_for("the first round of slow blocks", lambda: park.sql(
            "SELECT COUNT(*) FROM meter_parameter WHERE rate_zones IS NOT NULL AND day_table_2 IS NOT NULL") == [["32"]], 150, 0.5)
        cycle_ms(park, park.meters, 1)
        figures["cycle_ms"] = cycle_ms(park, park.meters, 8)
        figures["cycle_bound_ms"] = 32 * POLL_MS
        figures["cycle_ratio"] = figures["cycle_ms"] / figures["cycle_bound_ms"]
        say("three of them dead")
        dead = [park.meters[3], park.meters[17], park.meters[30]]
        living = [number for number in park.meters if number not in dead]
        for number in dead:
            park.sim("fault", meter=number, kind="silent")
        cycle_ms(park, living, 3)
        figures["cycle_3_dead_ms"] = cycle_ms(park, living, 8)
        figures["cycle_ratio_3_dead"] = figures["cycle_3_dead_ms"] / (29 * POLL_MS)
    finally:
        park.stop()


# ---- the demo park


def process_cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def process_rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


class Demo:
    """`./paywatt up` in a folder of its own."""

    def __init__(self):
        self.var = tempfile.mkdtemp(prefix="pwb", dir="/tmp")
        os.chmod(self.var, 0o755)
        self.paywatt = os.path.join(ROOT, "paywatt")
        subprocess.run([self.paywatt, "up", "--var", self.var, "--office-port", str(lib.free_port()), "--public-port",
                        str(lib.free_port()), "--field-net", "127.62"], check=True, stdout=sys.stderr)
        with open(os.path.join(self.var, "demo.json"), encoding="utf-8") as file:
            self.demo = json.load(file)
        self.ini = os.path.join(self.var, "etc", "paywatt.ini")
        with open(self.ini, encoding="utf-8") as file:
            self.socket = re.search(r"(?m)^\s*socket\s*=\s*(\S*mysql\S*)", file.read()).group(1)

    def sql(self, text):
        password = os.path.join(self.var, "secret", "db_root")
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "-N", "-B"]
        environment = dict(os.environ)
        if os.path.exists(password):
            with open(password, encoding="ascii") as file:
                environment["MYSQL_PWD"] = file.read().strip()
        out = subprocess.run(command + ["paywatt"], input=text, text=True, capture_output=True, check=True, env=environment).stdout
        return [line.split("\t") for line in out.splitlines()]

    def pid(self, program):
        found = subprocess.run(["pgrep", "-f", f"^[^ ]*{program} --config {self.ini}"], text=True, capture_output=True, check=True)
        return int(found.stdout.split()[0])

    def log_in(self, role):
        user = next(one for one in self.demo["users"] if one["role"] == role)
        session = Session(int(re.search(r":(\d+)/", self.demo["api_url"]).group(1)))
        answer = session.login(user["name"], user["password"], lib.totp(user["totp_secret"]))
        assert answer.status == 200, answer
        return session

    def lift_limits(self):
        """The limit of requests a second of one address is not what a bench of one address measures."""
        path = os.path.join(self.var, "etc", "nginx", "limits.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("rate=1000r/s", "rate=100000r/s"))
        master = subprocess.run(["pgrep", "-f", f"nginx: master.*{self.var}/"], text=True, capture_output=True, check=True)
        os.kill(int(master.stdout.split()[0]), signal.SIGHUP)
        time.sleep(1)

    def stop(self):
        subprocess.run([self.paywatt, "down", "--var", self.var], check=False, stdout=sys.stderr)
        shutil.rmtree(self.var, ignore_errors=True)


def bench_fresh(demo, figures, seconds=40):
    say(f"375 meters on 12 lines for {seconds} s")
    pid = demo.pid("paywatt-poller")
    cpu_s, began = process_cpu_s(pid), time.monotonic()
    oldest_s, rss_mib = 0.0, 0.0
    while time.monotonic() - began < seconds:
        total, age = demo.sql("SELECT COUNT(*), TIMESTAMPDIFF(MICROSECOND, MIN(taken_at), UTC_TIMESTAMP(6)) / 1e6 FROM meter_state")[0]
        assert total == "375", total
        oldest_s = max(oldest_s, float(age))
        rss_mib = max(rss_mib, process_rss_mib(pid))
        time.sleep(0.25)
    figures["fresh_all_s"] = oldest_s
    figures["poller_cpu_share"] = (process_cpu_s(pid) - cpu_s) / (time.monotonic() - began)
    figures["poller_rss_mib"] = rss_mib


def bench_switch(demo, figures, orders=60):
    say(f"{orders} orders while all is polled")
    staff = demo.log_in("engineer")
    rows = [row for row in staff.get("/meters")["items"]
            if row["state"] == "closed" and not row["protected"] and not row["close_by_hand"] and row["level"] < 3][:orders // 2]
    total_ms, waits = [], []
    for row in rows:
        for kind in ("trip", "close"):
            began_ms = time.time() * 1000
            body = {"kind": kind, "reason": "bench"}
            if kind == "trip":
                body["unit_number"] = row["unit_number"]
            order = staff.give(row, body)["command"]
            given_at = datetime.datetime.utcnow().strftime("%Y-%m-%d %H:%M:%S.%f")
            ended = staff.ended(order["id"])
            assert ended["state"] == "confirmed", ended
            done_ms, waited = demo.sql(
                "SELECT ROUND(UNIX_TIMESTAMP(c.ended_at) * 1000), (SELECT COUNT(*) FROM meter_state s JOIN meter n ON n.id = s.meter_id"
                f" WHERE n.line_id = m.line_id AND s.taken_at > '{given_at}' AND s.taken_at <= c.taken_at)"
                f" FROM command c JOIN meter m ON m.id = c.meter_id WHERE c.id = {order['id']}")[0]
            total_ms.append(float(done_ms) - began_ms)
            waits.append(int(waited))
    need_ms = transaction_ms(8, 11) + 2 * transaction_ms(8, 7) + transaction_ms(13, 8) + POLL_MS + TRAVEL_MS
    figures["switch_p95_ms"] = p95(total_ms)
    figures["switch_need_ms"] = need_ms
    figures["switch_over_wire_ms"] = p95(total_ms) - need_ms
    figures["switch_wait_transactions_max"] = max(waits)


def bench_list(demo, figures, seconds=10):
    say("the list of 375 meters at 8 connections")
    staff = demo.log_in("finance")
    demo.lift_limits()
    cookie = "; ".join(f"{name}={value}" for name, value in staff.cookies.items())
    url = f"https://127.0.0.1:{staff.port}{staff.base}/meters"
    script = os.path.join(demo.var, "list.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write('local bad = 0\n'
                   'function response(status, headers, body) if status ~= 200 then bad = bad + 1 end end\n'
                   'function done(summary, latency, requests) io.write(string.format("RESULT %d %d %d %d\\n", latency:percentile(50),'
                   ' latency:percentile(95), summary.requests, summary.errors.status + summary.errors.read + summary.errors.timeout)) end\n')
    out = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", "-s", script, "-H", f"Cookie: {cookie}", "-H",
                          "Accept-Encoding: gzip", url], text=True, capture_output=True, check=True).stdout
    p50, p95_us, requests, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", out).groups())
    assert errors == 0 and requests > 100, out
    sizes = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{size_download}", "-H", f"Cookie: {cookie}", "-H",
                            "Accept-Encoding: gzip", url], text=True, capture_output=True, check=True).stdout
    figures["list_p50_ms"] = p50 / 1000
    figures["list_p95_ms"] = p95_us / 1000
    figures["list_per_s"] = requests / seconds
    figures["list_body_bytes"] = int(sizes)


# ---- the writer


def bench_store(figures, readings=150000):
    say(f"{readings} readings through the writer, and a bare insert loop")
    park = Park(lines=12, meters=32)
    try:
        park.start_mariadb()
        park.start_redis()
        park.write_settings()
        park.ctl("migrate", "--root-socket-user", "root")
        park.import_park()
        program = shutil.which("poller_store_bench", path=":".join(
            os.path.join(os.environ["PW_BUILD"], folder) for folder in ("tests/bench", "poller", "tests")))
        out = subprocess.run([program, "--config", park.ini, "--readings", str(readings)], text=True, capture_output=True, check=True).stdout
        figures.update(json.loads(out))
    finally:
        park.stop()


BARS = {"cycle_ratio": ("<=", 1.05), "cycle_ratio_3_dead": ("<=", 1.15), "fresh_all_s": ("<=", 6), "poller_cpu_share": ("<=", 0.05),
        "poller_rss_mib": ("<=", 25), "switch_over_wire_ms": ("<=", 150), "switch_wait_transactions_max": ("<=", 1),
        "store_per_s": (">=", 15000), "store_vs_raw": (">=", 0.4), "list_p95_ms": ("<=", 20)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    parser.add_argument("--only", default="cycle,park,store")
    options = parser.parse_args()
    parts, figures = options.only.split(","), {}
    if "store" in parts:
        bench_store(figures)
    if "cycle" in parts:
        bench_cycle(figures)
    if "park" in parts:
        demo = Demo()
        try:
            bench_fresh(demo, figures)
            bench_switch(demo, figures)
            bench_list(demo, figures)
        finally:
            demo.stop()
    for name, value in figures.items():
        sign, bar = BARS.get(name, ("", None))
        met = bar is None or (value <= bar if sign == "<=" else value >= bar)
        print(f"{name:32} {value:12.3f}  {f'{sign} {bar}' if bar is not None else '':10} {'' if met else 'MISSED'}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({name: round(value, 4) for name, value in figures.items()}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
