"""Prices and thresholds pushed over HTTP: the second person sees old and new of each meter, progress, what was refused, once more."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import test_platform  # noqa: E402


class Pushes(test_platform.PlatformCase):
    meters = 3

    def ask(self, rows, **more):
        return self.clerk.post("/pushes", {"supply_ids": [row["supply_id"] for row in rows], "reason": "调价", **more}, str(uuid.uuid4()))

    def newest(self):
        return self.clerk.get("/pushes")["items"][0]

    def ended(self, batch, seconds=60):
        def look():
            page = self.clerk.get(f"/pushes/{batch}")
            return page if page["open"] == 0 else None
        return lib.wait_for(f"batch {batch} to end", look, seconds, 0.2)

    def test_tariff_prices_reach_the_meters(self):
        rows = [self.have_account("M001"), self.have_account("M002")]
        self.sql("UPDATE line SET writable = 0")  # what the assignment brings by itself waits
        for row in rows:
            self.assign(row)
        self.wait("prices read", "SELECT COUNT(*) FROM meter_parameter WHERE price_flat_e4 IS NOT NULL", "3")
        old = self.clerk.get("/tariffs/old-prices")["items"]
        self.assertEqual(sorted(item["meter_number"] for item in old), ["M001", "M002"])
        self.assertEqual({item["push_code"] for item in old}, {"read_only_line"})
        approval = self.ask(rows, prices=True, alarm1_fen=3000, alarm2_fen=1000, overdraft_fen=0)
        self.assertEqual(approval["kind"], "push")
        seen = self.clerk.get(f"/approvals/{approval['id']}")["payload"]["items"]
        self.assertEqual([(item["label"], item["old"]["price_e4"][2], item["wanted"]["price_e4"][2]) for item in seen],
                         [("1F-001", 7120, test_platform.PRICE_E4), ("1F-002", 7120, test_platform.PRICE_E4)])
        self.assertEqual(seen[0]["wanted"]["alarm_fen"], [3000, 1000])
        self.assertEqual(self.park.sim("get", meter="M001")["price_flat_e4"], 7120)
        self.decide(approval["id"])
        self.sql("UPDATE line SET writable = 1")
        page = self.ended(self.newest()["batch_id"])
        self.assertEqual((page["confirmed"], page["refused"], [row["state"] for row in page["rows"]]), (2, 0, ["confirmed"] * 2))
        truth = self.park.sim("get", meter="M002")
        self.assertEqual((truth["price_flat_e4"], truth["alarm1_fen"], truth["overdraft_fen"]), (test_platform.PRICE_E4, 3000, 0))
        lib.wait_for("no old prices", lambda: self.clerk.get("/tariffs/old-prices")["items"] == [], 30)
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/pushes/{page['batch_id']}/retry", None, str(uuid.uuid4()))

    def test_refused_ones_are_tried_again(self):
        row = self.have_account("M003")
        self.park.sim("fault", meter="M003", kind="silent", function=32, count="forever")
        self.decide(self.ask([row], overdraft_fen=700)["id"])
        page = self.ended(self.newest()["batch_id"], 120)
        self.assertEqual([(item["state"], item["wait_code"]) for item in page["rows"]], [("refused", "meter_refuses")])
        self.park.sim("clear", meter="M003")
        again = self.clerk.post(f"/pushes/{page['batch_id']}/retry", None, str(uuid.uuid4()))
        self.assertEqual(self.ended(again["batch_id"])["confirmed"], 1)
        self.assertEqual(self.park.sim("get", meter="M003")["overdraft_fen"], 700)

    def test_refusals(self):
        row = self.have_account("M003")
        self.refused(400, "invalid_field", "prices", self.ask, [row])
        self.refused(400, "invalid_field", "alarm2_fen", self.ask, [row], alarm1_fen=100)
        self.refused(400, "invalid_field", "alarm2_fen", self.ask, [row], alarm1_fen=100, alarm2_fen=200)
        self.refused(400, "invalid_field", "supply_ids", self.ask, [], overdraft_fen=1)
        self.refused(400, "unknown_supply", "supply_ids", self.ask, [{"supply_id": 999999}], overdraft_fen=1)
        self.refused(409, "no_tariff", "supply_ids", self.ask, [row], prices=True)
        self.refused(409, "moment_past", "due_at", self.ask, [row], overdraft_fen=1, due_at="2026-01-01T00:00:00Z")
        self.refused(404, "not_found", "", self.clerk.get, "/pushes/999999")
        self.refused(404, "not_found", "", self.clerk.get, "/approvals/999999")


if __name__ == "__main__":
    unittest.main()
