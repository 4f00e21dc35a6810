"""The phone site: use by day, month and year from the proofs, one day to check by hand, the curve, how long the money lasts."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import money  # noqa: E402
import tenant  # noqa: E402

OWNER = "13800000001"
PAYER = "13700000007"


class Usage(money.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.number, cls.other = cls.park.meters[:2]
        case.open_account(cls.number, "店", contact={"role": "owner", "name": "李", "phone": OWNER, "locale": "zh-CN"})
        case.open_account(cls.other, "另一家")
        cls.row, cls.foreign = case.supply(cls.number), case.supply(cls.other)
        cls.me = tenant.log_in(cls.park, OWNER)

    def setUp(self):
        tenant.forget_limits(self.park)
        for days_ago, used_fen, used_wh in ((1, 2000, 20000), (2, 1000, 10000), (40, 700, 7000)):
            self.prove(self.row, days_ago, used_fen, used_wh)
        self.prove(self.foreign, 1, 9999, 99999)

    def tearDown(self):
        self.sql("DELETE FROM proof WHERE tolerance_fen = 77")  # made up here: the books know nothing of them
        super().tearDown()

    def prove(self, row, days_ago, used_fen, used_wh):
        self.sql(f"""
INSERT INTO proof (supply_id, day, from_at, to_at, account_id, epoch, epoch_id, meter_id, mode, opening_fen, paid_in_fen, used_fen,
    refunded_fen, corrected_fen, closing_fen, meter_fen, how, energy_wh, used_wh, used_sharp_wh, used_peak_wh, used_flat_wh,
    used_valley_wh, difference, difference_fen, tolerance_fen)
  SELECT {row['supply_id']}, d, d - INTERVAL 8 HOUR, d + INTERVAL 16 HOUR, {row['account_id']}, {row['epoch']}, 1, {row['meter_id']},
    'meter', 5000, 100, {used_fen}, 0, 0, 5100 - {used_fen}, 5100 - {used_fen}, IF({days_ago} = 2, 'estimated', 'read'), 500000,
    {used_wh}, 0, 0, {used_wh}, 0, 'same', 0, 77 FROM (SELECT DATE(UTC_TIMESTAMP()) - INTERVAL {days_ago} DAY AS d) t""")

    def day(self, days_ago):
        return self.one(f"SELECT DATE(UTC_TIMESTAMP()) - INTERVAL {days_ago} DAY")

    def usage(self, step, days_ago, **more):
        supply = more.pop("supply_id", self.row["supply_id"])
        return self.me.get(f"/usage?supply_id={supply}&step={step}&from={self.day(days_ago)}&to={self.day(0)}")

    def test_01_by_day_month_and_year(self):
        days = self.usage("day", 3).json
        self.assertEqual([(row["date"], row["energy_wh"], row["cost_fen"], row["estimated"]) for row in days["items"]],
                         [(self.day(2), 10000, 1000, True), (self.day(1), 20000, 2000, False)])
        self.assertEqual((days["total_wh"], days["total_fen"]), (30000, 3000))
        for step in ("month", "year"):
            whole = self.usage(step, 60).json
            self.assertEqual((whole["total_wh"], whole["total_fen"]), (37000, 3700))
        self.assertEqual(len(self.usage("month", 60).json["items"][0]["date"]), 7)

    def test_02_another_shops_use_is_not_found(self):
        self.assertEqual(self.usage("day", 3, supply_id=self.foreign["supply_id"]).status, 404)
        self.assertEqual(self.me.get(f"/usage/day?supply_id={self.foreign['supply_id']}&date={self.day(1)}").status, 404)
        self.me.post(f"/supplies/{self.row['supply_id']}/payers", {"phone": PAYER})
        payer = tenant.log_in(self.park, PAYER)
        self.assertEqual(payer.get(f"/usage/day?supply_id={self.row['supply_id']}&date={self.day(1)}").status, 404)

    def test_03_one_day_adds_up(self):
        rows = self.me.get(f"/usage/day?supply_id={self.row['supply_id']}&date={self.day(1)}").json["items"]
        self.assertEqual(len(rows), 1)
        row = rows[0]
        self.assertEqual(row["opening_fen"] + row["paid_in_fen"] - row["used_fen"] - row["refunded_fen"] + row["corrected_fen"],
                         row["closing_fen"])
        self.assertEqual(row["closing_wh"] - row["opening_wh"], row["used_wh"])
        for wrong in ("2026-02-30", "2026-13-01", "yesterday!", "20261122xx"):
            answer = self.me.get(f"/usage/day?supply_id={self.row['supply_id']}&date={wrong}")
            self.assertEqual((answer.status, answer.json["field"]), (400, "date"), wrong)

    def test_04_home_says_how_long_it_lasts(self):
        home = self.me.get(f"/home?supply_id={self.row['supply_id']}").json
        self.assertEqual((home["use_yesterday_wh"], home["cost_yesterday_fen"]), (20000, 2000))
        self.assertAlmostEqual(home["days_left_milli"], min(999000, home["balance_fen"] * 1000 * 2 // 3000), delta=1)

    def test_05_the_curve_of_a_day(self):
        now = self.one("SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL 1 MINUTE, '%Y-%m-%dT%H:%i:%sZ')")
        before = self.one("SELECT DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 1 HOUR, '%Y-%m-%dT%H:%i:%sZ')")
        curve = self.me.get(f"/usage/curve?supply_id={self.row['supply_id']}&from={before}&to={now}")
        self.assertEqual(curve.status, 200, curve)
        since = self.one(f"SELECT DATE_FORMAT(from_at, '%Y-%m-%dT%H:%i:%s') FROM account_supply WHERE live_supply = {self.row['supply_id']}")
        for point in curve.json["items"]:
            self.assertGreaterEqual(point["at"], since, "what was before belongs to another")
        answer = self.me.get(f"/usage/curve?supply_id={self.row['supply_id']}&from={now}&to={before}")
        self.assertEqual((answer.status, answer.json["field"]), (400, "to"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
