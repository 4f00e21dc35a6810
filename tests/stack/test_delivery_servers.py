"""Fault matrix around the poller, P5 to P10: doubled hints and pollers (F3, F4), lost commits and answers (F6, F9), lock waits
(F11), Redis gone, emptied or full of old hints (F12, F13), clocks that jump (F15). Each paid purchase is applied exactly once, with
no hand."""
import os
import signal
import subprocess
import threading
import unittest

import lib
from pay import DeliveryCase

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Servers(DeliveryCase):
    # ---- F3, F4

    def test_F3_P5_ten_hints_in_a_row(self):
        purchase = self.buy()
        for _ in range(10):
            self.till.wake()
        self.assertEqual(self.confirmed(purchase)["sends"], "1")

    def test_F4_P6_P10_two_pollers_of_one_shard(self):
        self.park.start_poller(name="twin")
        try:
            purchases = [self.till.buy(number, 1000 + i) for i, number in enumerate(self.park.meters) for _ in range(2)]
            for purchase in purchases:
                self.assertEqual(self.till.ended(purchase, 60)["state"], "confirmed")
        finally:
            self.park.stop_one("twin")
        self.till.check(self)

    # ---- F6, F9: COMMIT

    def lost_answer(self, point):
        self.restart(f"{point}=return@1")
        purchase = self.buy()
        self.confirmed(purchase)
        self.restart()

    def test_F6_P6_the_answer_to_the_claims_commit_is_lost(self):
        self.lost_answer("claim.commit_reply_lost")

    def test_F6_P10_the_answer_to_the_confirming_commit_is_lost(self):
        self.lost_answer("conf.commit_reply_lost")

    def mariadb_dies_at(self, point, at=1):
        """The poller stands still at the point, MariaDB is killed and comes back."""
        self.restart(f"{point}=stop@{at}")
        poller = self.park.processes["poller"]
        purchase = self.buy()
        lib.wait_for("the poller to stand still", lambda: self.is_stopped(poller.pid), 30, 0.05)
        self.park.stop_one("mariadb", signal.SIGKILL)
        poller.send_signal(signal.SIGCONT)
        self.park.start_mariadb()
        self.confirmed(purchase, 60)

    def test_F9_P6_mariadb_dies_before_the_claim(self):
        self.mariadb_dies_at("poll.post_pop")

    def test_F9_P6_mariadb_dies_inside_the_claim(self):
        self.mariadb_dies_at("claim.pre_commit")

    def test_F9_P6_mariadb_dies_after_the_claim(self):
        self.mariadb_dies_at("claim.post_commit")

    def test_F9_P10_mariadb_dies_before_the_proof_is_stored(self):
        self.mariadb_dies_at("mb.post_reply")

    def test_F9_P10_mariadb_dies_inside_the_confirmation(self):
        self.mariadb_dies_at("conf.pre_commit")

    def test_F9_P10_mariadb_dies_after_the_confirmation(self):
        self.mariadb_dies_at("conf.post_commit")

    @staticmethod
    def is_stopped(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    # ---- F11

    def hold_row(self, seconds):
        """Somebody keeps the supply's row locked."""
        supply = self.till.row(self.number)[0]
        thread = threading.Thread(target=self.park.sql, args=(
            f"SET innodb_lock_wait_timeout = 50; START TRANSACTION; SELECT id FROM supply WHERE id = {supply} FOR UPDATE;"
            f" DO SLEEP({seconds}); ROLLBACK;",))
        thread.start()
        # InnoDB makes this table anew only when nobody looked at it for 100 ms
        lib.wait_for("the lock", lambda: self.park.sql(
            "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_rows_locked > 0") != [["0"]], every=0.3)
        return thread

    def with_short_waits(self, act):
        self.park.sql("SET GLOBAL innodb_lock_wait_timeout = 1")
        try:
            self.restart()
            act()
        finally:
            self.park.sql("SET GLOBAL innodb_lock_wait_timeout = 50")

    def test_F11_P6_the_claim_waits_for_a_lock_and_runs_again(self):
        def act():
            self.park.stop_one("poller")
            purchase = self.buy()
            holder = self.hold_row(8)
            self.park.start_poller()
            holder.join()
            self.confirmed(purchase)
        self.with_short_waits(act)

    def test_F11_P10_the_confirmation_waits_for_a_lock_and_runs_again(self):
        def act():
            self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=32, count=1)
            credits = self.truth()["credits"]
            purchase = self.buy()
            self.park.sim("wait", meter=self.number, until=f"credits>={credits + 1}", timeout_ms=20000)
            holder = self.hold_row(8)
            holder.join()
            self.confirmed(purchase)
        self.with_short_waits(act)

    def test_F11_P6_P10_versions_rise_all_the_time(self):
        """Other steps of the same supply: the claim and the proof lose against them and run again."""
        supply = self.till.row(self.number)[0]
        ended = threading.Event()

        def press():
            while not ended.is_set():
                self.park.sql(f"UPDATE supply SET orders_version = orders_version + 1 WHERE id = {supply};" * 20)
        thread = threading.Thread(target=press)
        thread.start()
        try:
            purchases = [self.buy(500 + i) for i in range(3)]
            for purchase in purchases:
                self.assertEqual(self.till.ended(purchase, 60)["state"], "confirmed")
        finally:
            ended.set()
            thread.join()
        self.till.check(self)

    # ---- F12, F13: Redis

    def test_F7_P5_no_hint_ever_comes(self):
        self.confirmed(self.buy(wake=False))

    def test_F12_P5_P6_flushall(self):
        purchase = self.buy()
        self.park.redis("FLUSHALL")
        self.confirmed(purchase)

    def test_F12_P5_old_hints_and_rubbish_say_nothing(self):
        first = self.buy()
        self.confirmed(first)
        writes = self.truth()["write_frames"]
        self.park.redis("LPUSH", "pw:wake:poller:0", *(["1"] * 50), "rubbish", "x" * 5000)
        frames = self.truth()["frames"]
        self.park.sim("wait", meter=self.number, until=f"frames>={frames + 3}", timeout_ms=20000)
        self.assertEqual(self.truth()["write_frames"], writes)
        self.confirmed(self.buy())

    def test_F13_P5_P6_redis_is_down(self):
        self.park.stop_one("redis", signal.SIGKILL)
        try:
            self.confirmed(self.buy())
        finally:
            self.park.start_redis()

    def test_F13_P5_redis_is_slow(self):
        self.park.redis("CLIENT", "PAUSE", "4000")
        self.confirmed(self.buy(wake=False))

    def test_F13_P5_redis_is_full(self):
        self.park.redis("CONFIG", "SET", "maxmemory", "1mb")
        self.park.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try:
            self.confirmed(self.buy())
        finally:
            self.park.redis("CONFIG", "SET", "maxmemory", "0")

    # ---- F15: the poller's clock

    def with_clock(self, offset, act):
        self.park.stop_one("poller", signal.SIGKILL)
        environment = {"LD_PRELOAD": self.preload(), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.park.start("poller", [self.park.program("poller/paywatt-poller"), "--config", self.park.ini], env=environment)
        try:
            act()
        finally:
            self.restart()

    def preload(self):
        """AddressSanitizer's library must come first."""
        libraries = subprocess.run(["ldd", self.park.program("poller/paywatt-poller")], text=True, capture_output=True, check=True).stdout
        asan = [line.split("=>")[1].split()[0] for line in libraries.splitlines() if "libasan" in line]
        return ":".join(asan + [FAKETIME])

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_F15_P6_P8_P9_an_hour_ahead_then_back(self):
        """The first poller's clock is an hour ahead and leaves a delivery in flight; the next one's is right, so it seems older."""
        def act():
            self.confirmed(self.buy())
            self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=32, count=1)
            credits = self.truth()["credits"]
            self.left = self.buy()
            self.park.sim("wait", meter=self.number, until=f"credits>={credits + 1}", timeout_ms=20000)
        self.with_clock("+1h", act)
        self.confirmed(self.left, 60)

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_F15_P6_P8_P9_an_hour_behind(self):
        self.with_clock("-1h", lambda: self.confirmed(self.buy()))


if __name__ == "__main__":
    unittest.main()
