"""The clock from money to power: stopped by a reading, or by the engineer who closed a breaker that no meter can close."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402


class Power(money.Case):
    external = (1, 2)
    settings = {"poller__slow_read_s": 10, "poller__relay_travel_ms": 3000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engineer = cls.park.log_in("engineer")

    def confirm(self, purchase, who=None):
        return (who or self.engineer).post(f"/purchases/{purchase['id']}/power", None, str(uuid.uuid4()))

    def page(self, purchase):
        return self.clerk.get(f"/purchases/{purchase['id']}")

    def power(self, purchase, seconds=30):
        def look():
            page = self.page(purchase)
            return page if page["power_at"] else None
        return lib.wait_for(f"power after {purchase['number']}", look, seconds, 0.1)

    def waiting(self):
        return [item for item in self.clerk.get("/waiting")["items"] if item["kind"] == "power_by_hand"]

    def clock(self):
        return self.engineer.get("/overview")["money_to_power"]

    def off(self, number, **more):
        """The meter has cut itself off; more says what the shop draws once it is on."""
        row = self.have_account(number)
        self.park.sim("set", meter=number, balance_fen=-500, overdraft_fen=0, **more)
        return row

    def read_again(self, number, times=3):
        frames = self.park.sim("get", meter=number)["frames"]
        self.park.sim("wait", meter=number, until=f"frames>={frames + times}", timeout_ms=20000)

    def dark(self, number, load_w=0):
        """A shop behind a breaker that opened, with money that came since; then somebody goes there."""
        row = self.off(number, load_w=5000)
        self.park.sim("wait", meter=number, until="breaker=open", timeout_ms=20000)
        self.park.sim("set", meter=number, load_w=load_w)
        purchase = self.delivered(self.sell(row, 20000))
        self.read_again(number)
        page = self.page(purchase)
        self.assertEqual((page["power_at"], page["power_by_hand"]), (None, True))
        return purchase

    def test_the_engineer_says_so_where_no_current_flows(self):
        before = self.clock()
        purchase = self.dark("M002")
        items = self.waiting()
        self.assertEqual([(item["purchase_id"], item["team_en"], [b["code"] for b in item["buttons"]]) for item in items],
                         [(purchase["id"], "Duty engineer", ["power"])])
        running = self.clock()
        self.assertEqual((running["waiting"], running["oldest_purchase_id"], running["oldest_unit_number"]),
                         (1, purchase["id"], "1F-002"))
        self.assertEqual(running["oldest_paid_at"], self.page(purchase)["paid_at"])
        self.refused(403, "forbidden", "", self.confirm, purchase, who=self.clerk)  # finance does not stand at the breaker
        self.park.sim("hand_close", meter="M002")
        self.assertEqual(self.park.sim("get", meter="M002")["breaker"], "closed")
        self.read_again("M002")
        self.assertIsNone(self.page(purchase)["power_at"])  # the shop is closed for the night: nothing to see
        page = self.confirm(purchase)
        self.assertEqual((page["power_by_name"], page["power_by_hand"], page["steps"][-1]["code"]), ("Engineer", False, "power"))
        again = self.confirm(purchase)
        self.assertEqual((again["power_at"], again["power_by_name"]), (page["power_at"], "Engineer"))
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM audit WHERE action = 'purchase.power' AND object_id = {purchase['id']}"), "1")
        self.assertEqual(self.waiting(), [])
        after = self.clock()
        self.assertEqual((after["count"], after["waiting"], after["oldest_purchase_id"]), (before["count"] + 1, 0, None))
        self.assertGreater(after["p95_ms"], 0)
        self.assertGreaterEqual(after["p95_ms"], after["p50_ms"])

    def test_current_says_so_by_itself(self):
        purchase = self.dark("M003", load_w=5000)
        self.park.sim("hand_close", meter="M003")
        page = self.power(purchase)
        self.assertIsNone(page["power_by_name"])
        self.assertEqual(self.confirm(purchase)["power_at"], page["power_at"])  # nothing left to say
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM audit WHERE action = 'purchase.power' AND object_id = {purchase['id']}"), "0")

    def test_all_that_came_since_the_dark_gets_its_light_at_once(self):
        first = self.dark("M002")
        second = self.delivered(self.sell(self.supply("M002"), 1000))
        self.park.sim("hand_close", meter="M002")
        self.confirm(second)
        self.assertEqual(self.page(first)["power_at"], self.page(second)["power_at"])

    def test_the_run_word_tells_of_a_breaker_that_the_sheet_forgot(self):
        self.sql("UPDATE meter SET external_control = 0 WHERE number = 'M003';"
                 "UPDATE supply SET close_by_hand = 0 WHERE meter_id = (SELECT id FROM meter WHERE number = 'M003')")
        purchase = self.dark("M003")
        self.park.sim("hand_close", meter="M003")
        self.confirm(purchase)
        self.sql("UPDATE meter SET external_control = 1 WHERE number = 'M003';"
                 "UPDATE supply SET close_by_hand = 1 WHERE meter_id = (SELECT id FROM meter WHERE number = 'M003')")

    def test_a_relay_of_its_own_tells_by_itself(self):
        row = self.off("M001", load_w=0)
        self.park.sim("wait", meter="M001", until="relay=open", timeout_ms=20000)
        purchase = self.sell(row, 20000)
        self.power(purchase)
        self.assertEqual(self.park.sim("get", meter="M001")["relay"], "closed")

    def proved(self, kind):
        self.assertEqual(self.engineer.ended(self.engineer.order("M004", kind)["id"])["state"], "confirmed")

    def test_nobody_says_so_for_the_meter(self):
        row = self.have_account("M004")
        self.proved("trip")
        purchase = self.delivered(self.sell(row, 20000))
        self.read_again("M004")
        self.assertIsNone(self.page(purchase)["power_at"])
        self.refused(409, "seen_by_meter", "", self.confirm, purchase)
        self.proved("close")
        self.power(purchase)

    def test_not_before_the_money_is_there(self):
        _, purchase = self.held_sale("M003", 20000)
        self.refused(409, "wrong_state", "state", self.confirm, purchase)
        self.assertEqual(self.clock()["oldest_purchase_id"], purchase["id"])
        self.sql("UPDATE line SET writable = 1")
        self.delivered(purchase)
        with self.assertRaises(money.parks.ApiError) as caught:
            self.confirm({"id": 999999})
        self.assertEqual(caught.exception.status, 404)
        self.confirm(purchase)


if __name__ == "__main__":
    unittest.main()
