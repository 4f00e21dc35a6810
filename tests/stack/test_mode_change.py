"""Changing the billing mode of a supply, there and back: money conserved, nothing charged twice, resumed after any death; the field is the oracle."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import test_platform  # noqa: E402


class ModeChange(test_platform.PlatformCase):
    meters = 6

    def ask(self, row, mode, **more):
        return self.clerk.post(f"/supplies/{row['supply_id']}/mode-changes", {"to_mode": mode, "reason": "试点", **more}, str(uuid.uuid4()))

    def change(self, row):
        return self.clerk.get(f"/mode-changes?supply_id={row['supply_id']}")["items"][0]

    def state(self, row, states, seconds=60):
        def look():
            now = self.change(row)
            return now if now["state"] in states else None
        try:
            return lib.wait_for(f"the change to be {states}", look, seconds, 0.1)
        except AssertionError as error:
            more = self.sql(f"SELECT state, wait_code, writes FROM push WHERE supply_id = {row['supply_id']}") + self.sql(
                f"SELECT state, old_balance_fen, new_balance_fen, writes FROM adjustment WHERE supply_id = {row['supply_id']}")
            raise AssertionError(f"{error}; {self.change(row)}; {more}; {self.park.log_of('poller')[-1200:]}") from None

    def metered(self, number, balance_fen=20000):
        """A supply in meter mode with an account, a tariff, and this much money in its meter."""
        self.park.sim("set", meter=number, fee_control=1, balance_fen=balance_fen, load_w=0, alarm1_fen=10, alarm2_fen=5,
                      **{f"price_{rate}_e4": test_platform.PRICE_E4 for rate in ("sharp", "peak", "flat", "valley")})
        meter = self.park.meter_id(number)
        self.wait("the balance", f"SELECT balance_fen FROM meter_state WHERE meter_id = {meter}", str(balance_fen))
        row = self.have_account(number)
        self.assign(row)
        return row

    def go(self, row, mode, **more):
        approval = self.ask(row, mode, **more)
        self.assertEqual(approval["kind"], "mode_change")
        self.decide(approval["id"])
        return approval

    def there(self, number, balance_fen=20000):
        row = self.metered(number, balance_fen)
        self.go(row, "platform", overdraft_fen=0)
        done = self.state(row, ("done",))
        return row, done

    def lit(self, number):
        self.park.sim("wait", meter=number, until="relay=closed", timeout_ms=30000)

    def test_there_and_back(self):
        row, done = self.there("M001")
        supply = row["supply_id"]
        truth = self.park.sim("get", meter="M001")
        self.assertEqual((truth["balance_fen"], truth["fee_control"], done["moved_fen"]), (0, 0, 20000))
        self.assertEqual((self.balance(supply), self.one(f"SELECT billing_mode FROM supply WHERE id = {supply}")), (20000, "platform"))
        self.lit("M001")
        self.credited(row, 3000)
        # The platform charges what the meter counts, and the meter charges nothing.
        began = int(self.one(f"SELECT energy_wh FROM platform_span WHERE live_supply = {supply}"))
        self.draw("M001", supply)
        self.park.sim("wait", meter="M001", until=f"energy_wh>={began + 100}", timeout_ms=60000)
        self.park.sim("set", meter="M001", load_w=0)
        self.assertEqual(self.park.sim("get", meter="M001")["balance_fen"], 0)
        self.go(row, "meter")
        back = self.state(row, ("done",))
        energy = self.park.sim("get", meter="M001")["energy_wh"] // 10 * 10
        cost = (energy - began) * test_platform.PRICE_E4 // 100000
        self.assertEqual(back["moved_fen"], 23000 - cost)
        self.assertEqual(self.balance(supply), 23000 - cost)
        truth = self.park.sim("get", meter="M001")
        self.assertEqual((truth["balance_fen"], truth["fee_control"]), (23000 - cost, 1))
        self.lit("M001")
        # From here on purchases go into the meter again.
        self.delivered(self.sell(self.supply("M001"), 1000))

    def test_use_of_the_meter_is_posted_at_the_change(self):
        row = self.metered("M002", 5000)
        self.park.sim("set", meter="M002", load_w=test_platform.LOAD_W)
        self.park.sim("wait", meter="M002", until="balance_fen<=4900", timeout_ms=60000)
        self.go(row, "platform")
        done = self.state(row, ("done",))
        self.park.sim("set", meter="M002", load_w=0)
        self.assertLessEqual(done["moved_fen"], 4900)
        used = int(self.one("SELECT SUM(amount_fen) FROM transfer WHERE posting = 'use' AND object_kind = 'mode_change'"
                            f" AND object_id = {done['id']}"))
        self.assertEqual(used + done["moved_fen"], 5000)

    def test_refusals(self):
        row = self.metered("M003")
        self.refused(409, "same_mode", "to_mode", self.ask, row, "meter")
        self.refused(400, "invalid_field", "overdraft_fen", self.ask, row, "platform", overdraft_fen=-1)
        self.refused(400, "invalid_field", "to_mode", self.ask, row, "both")
        approval = self.ask(row, "platform")
        self.refused(409, "conflict", "to_mode", self.ask, row, "platform")
        self.decide(approval["id"], "reject", "不")
        self.assertEqual(self.change(row)["state"], "rejected")
        approval = self.ask(row, "platform")
        change = self.change(row)
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/mode-changes/{change['id']}/retry", None, str(uuid.uuid4()))
        self.clerk.post(f"/mode-changes/{change['id']}/cancel", None, str(uuid.uuid4()))
        self.refused(409, "wrong_state", "", self.decide, approval["id"])
        self.decide(approval["id"], "reject", "不")
        self.refused(404, "not_found", "", self.clerk.get, "/mode-changes/999999")

    def test_waits_for_what_is_in_flight(self):
        row = self.metered("M003")
        self.sql("UPDATE line SET writable = 0")
        purchase = self.sell(row, 4000, warnings_seen=["read_only"])
        self.go(row, "platform")
        lib.wait_for("what it waits for", lambda: self.change(row)["wait_code"] == "delivery", 20)
        self.assertEqual(self.change(row)["state"], "approved")
        self.sql("UPDATE line SET writable = 1")
        self.delivered(purchase)
        self.assertEqual(self.state(row, ("done",))["moved_fen"], 24000)
        self.lit("M003")

    def test_dead_meter_in_the_middle_and_money_meanwhile(self):
        row = self.metered("M004")
        self.park.sim("fault", meter="M004", kind="silent", count="forever")
        self.go(row, "platform")
        self.state(row, ("moving",))
        lib.wait_for("the reason", lambda: self.change(row)["wait_code"] == "meter_silent", 60)
        purchase = self.sell(row, 700, warnings_seen=["silent", "stale"])
        self.assertEqual(self.one(f"SELECT state FROM delivery WHERE purchase_id = {purchase['id']}"), "pending")
        self.park.sim("clear", meter="M004")
        self.assertEqual(self.state(row, ("done",), 120)["moved_fen"], 20000)
        self.assertEqual(self.one(f"SELECT state FROM purchase WHERE id = {purchase['id']}"), "credited")
        self.assertEqual(self.balance(row["supply_id"]), 20700)
        self.lit("M004")

    def test_killed_in_the_middle(self):
        row = self.metered("M005")
        for point in ("mode.pre_commit", "adj.post_commit"):
            mode = "platform" if point.startswith("mode") else "meter"
            self.park.stop_one("poller")
            self.park.start_poller(failpoint=f"{point}=kill")
            self.go(row, mode)
            lib.wait_for("the poller's death", lambda: self.park.processes["poller"].poll() is not None, 60)
            self.park.start_poller()
            self.assertEqual(self.state(row, ("done",), 90)["moved_fen"], 20000)
            self.lit("M005")
        truth = self.park.sim("get", meter="M005")
        self.assertEqual((truth["balance_fen"], truth["fee_control"]), (20000, 1))

    def test_a_meter_that_does_not_take_fee_control(self):
        row = self.metered("M006")
        self.park.sim("set", meter="M006", capability={"fee_control_written": False})
        self.go(row, "platform")
        stuck = self.state(row, ("stuck",), 120)
        self.assertEqual(stuck["wait_code"], "meter_refuses")
        self.assertEqual(self.balance(row["supply_id"]), 20000)
        self.park.sim("set", meter="M006", capability={"fee_control_written": True})
        self.clerk.post(f"/mode-changes/{stuck['id']}/retry", None, str(uuid.uuid4()))
        self.state(row, ("done",))
        self.lit("M006")


if __name__ == "__main__":
    unittest.main()
