"""kill -9 of poller, MariaDB, Redis and a web worker at work: nothing lost, nothing doubled, no hand needed."""
import os
import signal
import subprocess
import unittest

import lib
from park import Park


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=2, meters=4, interval_s=60)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()
        cls.engineer = cls.park.log_in("engineer")

    def newest(self):
        return self.park.sql("SELECT MAX(taken_at) FROM meter_state")[0][0]

    def all_fresh(self, seconds=60):
        now = self.park.sql("SELECT UTC_TIMESTAMP(3)")[0][0]
        lib.wait_for("all meters read again", lambda: self.park.sql(
            f"SELECT COUNT(*) FROM meter_state WHERE taken_at > '{now}'") == [["8"]], seconds)

    def no_doubles(self):
        self.assertEqual(self.park.sql("SELECT meter_id FROM reading WHERE kind = 'interval' GROUP BY meter_id,"
                                       " TIMESTAMPDIFF(MINUTE, '2026-01-01', taken_at) HAVING COUNT(*) > 1"), [])

    def test_the_poller_dies_with_an_order_sent(self):
        number = self.park.meters[0]
        before = self.park.sim("get", meter=number)["write_frames"]
        command = self.engineer.order(number, "trip")
        self.park.sim("wait", meter=number, until="forced=trip", timeout_ms=10000)
        self.park.stop_one("poller", signal.SIGKILL)
        self.park.start_poller()
        self.assertEqual(self.engineer.ended(command["id"], 60)["state"], "confirmed")
        self.assertEqual(self.park.sim("get", meter=number)["write_frames"], before + 1)
        again = self.engineer.order(number, "close")
        self.assertEqual(self.engineer.ended(again["id"])["state"], "confirmed")

    def test_the_poller_dies_with_an_order_waiting(self):
        number = self.park.meters[1]
        self.park.stop_one("poller", signal.SIGKILL)
        command = self.engineer.order(number, "trip")
        self.park.start_poller()
        self.assertEqual(self.engineer.ended(command["id"], 60)["state"], "confirmed")
        again = self.engineer.order(number, "close")
        self.assertEqual(self.engineer.ended(again["id"])["state"], "confirmed")

    def test_mariadb_dies_and_the_spool_bridges(self):
        number = self.park.meters[2]
        self.all_fresh()
        self.park.stop_one("mariadb", signal.SIGKILL)
        count = self.park.sim("foreign_purchase", meter=number, amount_fen=500)["count"]  # a change while nobody can store it
        frames = self.park.sim("get", meter=number)["frames"]
        self.park.sim("wait", meter=number, until=f"frames>={frames + 3}", timeout_ms=30000)
        self.park.sim("foreign_purchase", meter=number, amount_fen=500)
        frames = self.park.sim("get", meter=number)["frames"]
        self.park.sim("wait", meter=number, until=f"frames>={frames + 3}", timeout_ms=30000)
        self.park.stop_one("poller", signal.SIGKILL)  # and the poller too: what it spooled is on disk
        self.park.start_mariadb()
        self.park.start_poller()
        self.all_fresh()
        lib.wait_for("both changes in the history", lambda: self.park.sql(
            f"SELECT COUNT(DISTINCT purchase_count) FROM reading r JOIN meter m ON m.id = r.meter_id"
            f" WHERE m.number = '{number}' AND purchase_count IN ({count}, {count + 1})") == [["2"]], 30)
        self.no_doubles()

    def test_redis_dies_and_readings_go_on(self):
        self.park.stop_one("redis", signal.SIGKILL)
        try:
            self.all_fresh()
        finally:
            self.park.start_redis()
        lib.wait_for("Redis holds last values again", lambda: self.park.redis("HLEN", "pw:last") == "8", 60)
        self.park.sessions.clear()
        type(self).engineer = lib.wait_for("a new log-in", self.try_login, 100, 1.0)

    def try_login(self):
        try:
            return self.park.log_in("engineer")
        except Exception:  # pylint: disable=broad-except  # one-time codes count once: wait for the next
            return None

    def test_a_web_worker_dies_and_another_takes_its_place(self):
        master = self.park.processes["cgi-staff"].pid
        workers = subprocess.run(["pgrep", "-P", str(master)], text=True, capture_output=True, check=True).stdout.split()
        self.assertGreater(len(workers), 1)
        for pid in workers:
            os.kill(int(pid), signal.SIGKILL)
        self.assertEqual(len(lib.wait_for("an answer", self.list_or_none, 15)), 8)
        lib.wait_for("all workers", lambda: len(subprocess.run(
            ["pgrep", "-P", str(master)], text=True, capture_output=True, check=False).stdout.split()) == len(workers), 30)

    def list_or_none(self):
        try:
            return self.engineer.get("/meters")["items"]
        except Exception:  # pylint: disable=broad-except  # 502 while no worker lives
            return None

    def test_sigterm_ends_the_poller_cleanly(self):
        process = self.park.processes["poller"]
        self.assertEqual(self.park.stop_one("poller", signal.SIGTERM, 10), 0, self.park.log_of("poller")[-500:])
        self.assertIsNotNone(process.poll())
        self.park.start_poller()
        self.all_fresh()
        self.no_doubles()


if __name__ == "__main__":
    unittest.main()
