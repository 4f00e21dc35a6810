"""Faults mixed by a seed while shops pay: programs and servers killed, ended and stopped, frames lost, late and broken, gateways and
Redis gone. Nothing is promised while they last; once they end, every paid purchase is in its meter exactly once, with no hand, and
every invariant holds.

    ./paywatt test chaos --seed 7 --minutes 10     the same seed gives the same faults in the same order
"""
import os
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ.get("PW_ROOT") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."), "tests",
                                "stack"))
import lib  # noqa: E402
from park import Park  # noqa: E402
from pay import Till  # noqa: E402

SECONDS = float(os.environ.get("PW_TEST_SECONDS", "20"))
SEED = int(os.environ.get("PW_CHAOS_SEED") or random.SystemRandom().randrange(1 << 31))
SETTLE_S = 120
WRITE, READ = 32, 3


class Chaos(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=3, meters=4, links=("modbus_tcp", "rtu_over_tcp", "rtu_over_tcp"))
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field()
        cls.till = Till(cls.park)
        cls.till.open(*cls.park.meters)
        cls.random = random.Random(SEED)

    # ---- faults, each with how to end it

    def meter(self):
        return self.random.choice(self.park.meters)

    def wire(self):
        kind = self.random.choice(("silent", "late", "foreign", "stray", "corrupt", "doubled", "truncated", "echo", "apply_no_answer",
                                   "apply_then_error"))
        more = {"kind": kind, "meter": self.meter(), "count": self.random.randrange(1, 5)}
        if kind.startswith("apply"):
            more["function"] = WRITE
        elif self.random.random() < 0.7:
            more["function"] = self.random.choice((WRITE, READ))
        if kind == "late":
            more["delay_ms"] = self.random.randrange(300, 1500)
        self.park.sim("fault", **more)
        return f"{kind} on {more['meter']}"

    def gateway(self):
        code = f"G{self.random.randrange(3) + 1:02d}"
        self.park.sim("fault", gateway=code, kind="drop_gateway", count="forever")
        time.sleep(self.random.uniform(0.2, 2))
        self.park.sim("clear", gateway=code)
        return f"{code} dropped"

    def poller_dies(self):
        self.park.stop_one("poller", self.random.choice((signal.SIGKILL, signal.SIGTERM)))
        time.sleep(self.random.uniform(0, 0.5))
        self.park.start_poller()
        return "poller restarted"

    def poller_stands_still(self):
        process = self.park.processes["poller"]
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.5, 3))
        process.send_signal(signal.SIGCONT)
        return "poller stood still"

    def twin(self):
        """For a while two pollers have the same lines."""
        self.park.start_poller(name="twin")
        time.sleep(self.random.uniform(1, 3))
        self.park.stop_one("twin", self.random.choice((signal.SIGKILL, signal.SIGTERM)))
        return "a second poller"

    def mariadb_dies(self):
        self.park.stop_one("mariadb", signal.SIGKILL)
        time.sleep(self.random.uniform(0, 1))
        self.park.start_mariadb()
        return "MariaDB killed"

    def redis_dies(self):
        self.park.stop_one("redis", signal.SIGKILL)
        time.sleep(self.random.uniform(0, 1))
        self.park.start_redis()
        return "Redis killed"

    def redis_forgets(self):
        self.park.redis("FLUSHALL")
        return "Redis emptied"

    def meter_power(self):
        number = self.meter()
        self.park.sim("set", meter=number, load_w=self.random.randrange(0, 30000))
        return f"load of {number}"

    # ---- the run

    def act(self):
        kinds = (self.wire, self.wire, self.wire, self.wire, self.gateway, self.poller_dies, self.poller_stands_still, self.twin,
                 self.mariadb_dies, self.redis_dies, self.redis_forgets, self.meter_power)
        return self.random.choice(kinds)()

    def test_faults_by_seed(self):
        print(f"seed {SEED}, {SECONDS:.0f} s", file=sys.stderr)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for _ in range(self.random.randrange(1, 4)):
                self.till.buy(self.meter(), self.random.randrange(100, 20000), wake=self.random.random() < 0.8)
            what = self.act()
            print(f"{len(self.till.purchases)} purchases, {what}", file=sys.stderr)
            time.sleep(self.random.uniform(0, 0.6))
        self.park.sim("clear")
        open_sql = "SELECT id, purchase_id, state, wait_code FROM delivery WHERE state NOT IN ('confirmed', 'fenced', 'cancelled')"
        try:
            lib.wait_for("all to be settled", lambda: self.park.sql(open_sql) == [], SETTLE_S, 0.2)
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}: {error}: {self.park.sql(open_sql)}; {self.park.log_of('poller')[-1500:]}") from None
        self.till.check(self)
        print(f"seed {SEED}: {len(self.till.purchases)} purchases, each in its meter once", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
