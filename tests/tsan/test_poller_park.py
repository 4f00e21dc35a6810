"""The whole poller under ThreadSanitizer: a park with faults, orders, a killed MariaDB and Redis, and no data race."""
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "stack"))
import lib  # noqa: E402
from park import Park  # noqa: E402


class Races(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["TSAN_OPTIONS"] = "halt_on_error=0:exitcode=66:second_deadlock_stack=1"
        cls.park = Park(lines=4, meters=6, interval_s=60)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()

    def all_fresh(self, seconds=90):
        now = self.park.sql("SELECT UTC_TIMESTAMP(3)")[0][0]
        lib.wait_for("all meters read again", lambda: self.park.sql(
            f"SELECT COUNT(*) FROM meter_state WHERE taken_at > '{now}'") == [["24"]], seconds)

    def test_a_day_of_trouble_without_a_race(self):
        park, staff = self.park, self.park.log_in("engineer")
        for number in (park.meters[0], park.meters[6], park.meters[12], park.meters[18]):
            for kind in ("trip", "close"):
                self.assertEqual(staff.ended(staff.order(number, kind)["id"], 60)["state"], "confirmed")
        for kind in ("silent", "corrupt", "foreign", "doubled"):
            park.sim("fault", meter=park.meters[1], kind=kind, count=2)
            park.sim("fault", meter=park.meters[7], kind=kind, count=2)
        park.sim("fault", gateway="G03", kind="drop_gateway")
        lib.wait_for("the gateway's alarm", lambda: park.sql(
            "SELECT 1 FROM alarm WHERE kind = 'gateway_silent' AND closed_at IS NULL"), 60)
        park.sim("clear")
        self.all_fresh()
        park.sql("UPDATE line SET cycle_s = 1 WHERE code = 'L02'")
        park.stop_one("redis", signal.SIGKILL)
        park.start_redis()
        park.stop_one("mariadb", signal.SIGKILL)
        frames = park.sim("get", meter=park.meters[0])["frames"]
        park.sim("wait", meter=park.meters[0], until=f"frames>={frames + 3}", timeout_ms=30000)
        park.start_mariadb()
        self.all_fresh()
        self.assertEqual(park.stop_one("poller", signal.SIGTERM, 20), 0, park.log_of("poller")[-3000:])
        self.assertEqual(park.stop_one("jobs", signal.SIGTERM, 20), 0, park.log_of("jobs")[-3000:])
        for name in ("poller", "jobs"):
            self.assertNotIn("ThreadSanitizer", park.log_of(name))


if __name__ == "__main__":
    unittest.main()
