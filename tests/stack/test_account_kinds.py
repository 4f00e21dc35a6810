"""Kinds of accounts on a real field: temporary ones end, nothing flows where nobody is, who may buy; prepared ones opened in bulk."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402


def key():
    return str(uuid.uuid4())


class Kinds(money.Case):
    meters = 12
    settings = {"poller__slow_read_s": 10, "poller__relay_travel_ms": 3000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.turn = 0

    def setUp(self):
        self.number = self.next_meter()

    def next_meter(self):
        type(self).turn += 1
        number = self.park.meters[self.turn - 1]
        self.park.sim("set", meter=number, balance_fen=5000, load_w=0)
        return number

    def in_days(self, days):
        return self.one(f"SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL {days} DAY, '%Y-%m-%dT%H:%i:%sZ')")

    def alarms(self, kind, open_=True):
        return self.sql(f"SELECT object_id, detail FROM alarm WHERE kind = '{kind}' AND (closed_at IS NULL) = {int(open_)}")

    def has_alarm(self, kind, object_id, seconds=40):
        return lib.wait_for(f"alarm {kind}", lambda: [row for row in self.alarms(kind) if row[0] == str(object_id)], seconds, 0.1)

    def no_alarm(self, kind, object_id, seconds=40):
        lib.wait_for(f"no alarm {kind}", lambda: str(object_id) not in [row[0] for row in self.alarms(kind)], seconds, 0.1)

    def truth(self):
        return self.park.sim("get", meter=self.number)

    # ---- temporary

    def test_temporary_tells_before_its_end_and_at_it(self):
        self.refused(400, "invalid_field", "ends_at", self.open_account, self.number, kind="temporary")
        self.refused(400, "invalid_field", "deposit_channel", self.open_account, self.number, deposit_channel="cash")
        later = self.open_account(self.next_meter(), kind="temporary", ends_at=self.in_days(20))["id"]
        account = self.open_account(self.number, kind="temporary", ends_at=self.in_days(3), deposit_fen=1000)["id"]
        self.has_alarm("account_ending", account)
        self.assertNotIn(str(later), [row[0] for row in self.alarms("account_ending")])
        shown = [one for one in self.clerk.get("/alarms")["items"] if one["kind"] == "account_ending"]
        self.assertEqual([(one["object_id"], one["object_label"]) for one in shown], [(account, "海鲜小馆")])
        self.sell(self.supply(self.number), 1000)  # it buys as any prepaid one
        self.sql(f"UPDATE account SET ends_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE id = {account}")
        self.has_alarm("account_ended", account)
        self.no_alarm("account_ending", account)
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM command WHERE supply_id = {self.supply(self.number)['supply_id']}"), [["0"]])
        self.sql(f"UPDATE account SET ends_at = UTC_TIMESTAMP(3) + INTERVAL 30 DAY WHERE id = {account}")  # extended
        self.no_alarm("account_ended", account)

    def test_temporary_is_tripped_only_where_the_site_says_so(self):
        account = self.open_account(self.number, kind="temporary", ends_at=self.in_days(3))["id"]
        self.sql(f"INSERT INTO site_setting (name, value) VALUES ('account_end_trip', '1');"
                 f"UPDATE account SET ends_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE id = {account}")
        try:
            lib.wait_for("the trip", lambda: self.truth()["relay"] == "open", 40, 0.1)
            self.has_alarm("account_ended", account)
        finally:
            self.sql("DELETE FROM site_setting WHERE name = 'account_end_trip'")
        self.assertEqual(self.sql(f"SELECT origin FROM command WHERE supply_id = {self.supply(self.number)['supply_id']}"), [["automatic"]])

    # ---- vacant

    def test_any_current_where_nobody_is_is_an_alarm(self):
        meter = self.park.meter_id(self.number)
        lib.wait_for("nothing to flow", lambda: self.sql(f"SELECT power_w FROM meter_state WHERE meter_id = {meter}") == [["0"]], 30, 0.1)
        busy = self.next_meter()
        self.have_account(busy)
        self.park.sim("set", meter=busy, load_w=3000)
        account = self.open_account(self.number, "空铺", kind="vacant")["id"]
        self.refused(409, "vacant_account", "account_id", self.sell, self.supply(self.number), 1000)
        self.no_alarm("vacant_current", meter)
        self.park.sim("set", meter=self.number, load_w=60)
        detail = self.has_alarm("vacant_current", meter)[0][1]
        self.assertRegex(detail, r"^1F-\d{3} 0\.\d+ A, \d+ W$")
        self.assertEqual([row[0] for row in self.alarms("vacant_current")], [str(meter)])
        row = next(one for one in self.clerk.get("/alarms")["items"] if one["kind"] == "vacant_current")
        self.assertIsNotNone(row["opened_at"])
        self.park.sim("set", meter=self.number, load_w=0)
        self.no_alarm("vacant_current", meter)
        self.park.sim("set", meter=self.number, load_w=60)
        self.has_alarm("vacant_current", meter)
        self.sql(f"UPDATE account SET kind = 'prepaid' WHERE id = {account}")  # somebody moved in
        self.no_alarm("vacant_current", meter)
        self.park.sim("set", meter=self.number, load_w=0)

    # ---- postpaid, own use

    def test_postpaid_pays_its_debts_where_the_platform_keeps_them(self):
        self.open_account(self.number, "后付店", kind="postpaid")
        row = self.supply(self.number)
        problem = self.refused(409, "postpaid_in_meter", "account_id", self.sell, row, 1000)
        self.assertIn("postpaid", problem["detail"])
        quote = self.clerk.get(f"/supplies/{row['supply_id']}/quote?amount_fen=1000")
        self.assertEqual((quote["allowed"], quote["why_not"]), (False, "postpaid_in_meter"))
        self.sql(f"UPDATE supply SET billing_mode = 'platform' WHERE id = {row['supply_id']}")
        try:
            quote = self.clerk.get(f"/supplies/{row['supply_id']}/quote?amount_fen=1000")
            self.assertTrue(quote["allowed"], quote)
            paid = self.sell(self.supply(self.number), 1000)
            self.assertEqual((paid["mode"], paid["state"], paid["delivery_state"]), ("platform", "credited", None))
        finally:
            self.sql(f"DELETE FROM platform_span WHERE supply_id = {row['supply_id']}")
            self.sql(f"UPDATE supply SET billing_mode = 'meter' WHERE id = {row['supply_id']}")

    def test_own_use_is_not_sold(self):
        self.open_account(self.number, "公共照明", kind="own_use")
        self.refused(409, "own_use_account", "account_id", self.sell, self.supply(self.number), 1000)

    # ---- prepared in bulk

    def test_prepared_accounts_open_in_one_call(self):
        numbers = [self.number, self.next_meter()]
        prepare = lambda name, numbers: self.clerk.post("/accounts", {
            "kind": "prepaid", "name": name, "supply_ids": [self.supply(number)["supply_id"] for number in numbers]}, key())["id"]
        good = [prepare(f"预设{n}", [number]) for n, number in enumerate(numbers)]
        empty = prepare("没有表", [])
        ids = [good[0], empty, good[1], 999999, good[0]]
        once = key()
        answer = self.clerk.post("/openings", {"account_ids": ids}, once)
        self.assertEqual([(one["account_id"], one["opened"], one["code"], one["field"]) for one in answer["items"]],
                         [(good[0], True, "", ""), (empty, False, "no_supply", "supply_ids"), (good[1], True, "", ""),
                          (999999, False, "not_found", "account_ids"), (good[0], False, "wrong_state", "state")])
        self.assertTrue(all(one["opened"] or one["detail"] for one in answer["items"]), answer)
        self.assertEqual((answer["opened"], answer["refused"]), (2, 3))
        self.assertEqual(self.clerk.post("/openings", {"account_ids": ids}, once), answer)  # the same key, the same answer
        for account in good:
            page = self.clerk.get(f"/accounts/{account}")
            self.assertEqual((page["state"], page["supplies"][0]["epoch_live"]), ("open", True))
        self.refused(400, "invalid_field", "account_ids", self.clerk.post, "/openings", {"account_ids": []}, key())
        self.refused(400, "invalid_field", "account_ids", self.clerk.post, "/openings", {"account_ids": list(range(1, 202))}, key())

    def test_one_meter_that_is_stale_holds_only_its_account_up(self):
        other = self.next_meter()
        prepare = lambda number: self.clerk.post("/accounts", {"kind": "prepaid", "name": f"店{number}",
                                                               "supply_ids": [self.supply(number)["supply_id"]]}, key())["id"]
        accounts = [prepare(self.number), prepare(other)]
        # two supplies, the second of which cannot be opened: nothing of the first stays behind
        extra = self.next_meter()
        self.clerk.post(f"/accounts/{accounts[0]}/supplies", {"supply_id": self.supply(extra)["supply_id"]}, key())
        self.park.sim("fault", meter=extra, kind="silent", count="forever")
        # the silence is known, so no reading of before is on its way into the table any more
        lib.wait_for("the silence to be known", lambda: self.one(
            "SELECT COUNT(*) FROM meter_health h JOIN meter m ON m.id = h.meter_id"
            f" WHERE m.number = '{extra}' AND h.silent_since_at IS NOT NULL") == "1")
        self.sql("UPDATE meter_state s JOIN meter m ON m.id = s.meter_id SET s.taken_at = UTC_TIMESTAMP(3) - INTERVAL 1 DAY"
                 f" WHERE m.number = '{extra}'")
        answer = self.clerk.post("/openings", {"account_ids": accounts}, key())
        self.park.sim("clear")
        self.assertEqual([(one["opened"], one["code"]) for one in answer["items"]], [(False, "stale"), (True, "")])
        self.assertEqual(self.one("SELECT COUNT(*) FROM supply_epoch e JOIN meter m ON m.id = e.meter_id"
                                  f" WHERE m.number IN ('{self.number}', '{extra}')"), "0")


if __name__ == "__main__":
    unittest.main()
