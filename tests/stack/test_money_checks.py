"""The checks of the books: kept by the job, shown on the page and in /healthz."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402


class Checks(money.Case):
    meters = 1

    def checks(self):
        return self.park.log_in("auditor").get("/checks")

    def health(self):
        return lib.Client(self.park.office_port, "").get("/healthz").json

    def run_again(self):
        """The job looks hourly, and once after a start."""
        self.park.stop_one("jobs")
        self.park.sql("UPDATE invariant_result SET checked_at = '2000-01-01'")
        self.park.start_jobs()
        lib.wait_for("every check", lambda: self.park.sql(
            "SELECT COUNT(*) FROM invariant_result WHERE checked_at < '2001-01-01'") == [["0"]], 60, 0.2)
        return self.checks()

    def test_a_broken_book_is_told_and_healed(self):
        lib.wait_for("the checks", lambda: self.checks()["items"], 60, 0.2)
        page = self.checks()
        self.assertEqual((page["broken"], page["summary_zh"][-4:]), (0, "全部成立"), page)
        self.assertEqual(self.health()["invariants"], "ok")
        self.have_account("M001")
        lib.wait_for("a reading since the opening", lambda: self.park.sql(  # older ones say nothing about the books
            "SELECT 1 FROM supply_epoch e JOIN meter_state m ON m.meter_id = e.meter_id WHERE m.taken_at > e.opened_at"))
        self.park.sql("UPDATE supply_epoch SET open_count = 0")
        page = self.run_again()
        self.assertEqual([row["name"][:3] for row in page["items"] if row["state"] == "broken"], ["I09"], page["summary_en"])
        self.assertEqual(self.health()["invariants"], "broken")
        self.assertEqual(self.park.ctl("check", check=False).returncode, 1)
        self.park.sql("UPDATE supply_epoch e JOIN meter_state m ON m.meter_id = e.meter_id SET e.open_count = m.purchase_count")
        self.assertEqual(self.run_again()["broken"], 0)


if __name__ == "__main__":
    unittest.main()
