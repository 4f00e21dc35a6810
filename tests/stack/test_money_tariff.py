"""Tariffs over HTTP: plans, versions, who is charged under which, the sample bill, meters with old prices."""
import os
import sys
import unittest
import uuid
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402

SINGLE = {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": 8000}}
STEPS = {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": 6000},
         "steps": [{"from_wh": 0, "surcharge_e4": 0}, {"from_wh": 100000, "surcharge_e4": 1000}]}


def iso(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Tariffs(money.Case):
    def make(self, code, **more):
        return self.clerk.post("/tariffs", {"code": code, "name": f"方案{code}", **more}, str(uuid.uuid4()))

    def version(self, tariff, kind="single", body=None, valid_from_at=None, **more):
        asked = {"valid_from_at": valid_from_at or iso(days=-1), "kind": kind, "body": body or SINGLE, "reason": "调价", **more}
        return self.clerk.post(f"/tariffs/{tariff}/versions", asked, str(uuid.uuid4()))

    def test_plan_to_quote(self):
        tariff = self.make("S")["id"]
        page = self.version(tariff)
        self.assertEqual([row["body"]["prices_e4"] for row in page["versions"]], [{"flat": 8000}])
        row = self.have_account("M001")
        page = self.clerk.post(f"/tariffs/{tariff}/supplies", {"supply_ids": [row["supply_id"]]}, str(uuid.uuid4()))
        self.assertEqual((page["supplies"], page["kind"]), (1, "single"))
        supply = row["supply_id"]
        offer = self.clerk.get(f"/supplies/{supply}/quote?amount_fen=8000")
        self.assertEqual(offer["priced_by"], "tariff")
        self.assertEqual(offer["lines"][0]["price_e4"], 8000)
        self.assertEqual(offer["energy_wh"], (8000 - offer["debt_fen"]) * 100000 // 8000)
        # The meter charges by its own four prices: it runs on an old price.
        lib.wait_for("the meter's prices", lambda: self.one("SELECT COUNT(price_flat_e4) FROM meter_parameter") == "4")
        old = self.clerk.get("/tariffs/old-prices")["items"]
        self.assertEqual([(item["supply_id"], item["tariff_flat_e4"]) for item in old], [(supply, 8000)])
        self.assertIn(tariff, [item["id"] for item in self.clerk.get("/tariffs")["items"]])
        self.second_person(tariff)

    def second_person(self, tariff):
        """A change of a price that somebody pays waits for another person."""
        self.refused(409, "moment_past", "valid_from_at", self.version, tariff)
        at = iso(days=2)
        page = self.version(tariff, valid_from_at=at, body={**SINGLE, "prices_e4": {"flat": 9000}})
        self.assertEqual((len(page["versions"]), page["approval"]["kind"]), (1, "price_change"))
        self.assertIn("供电点", page["approval"]["summary_zh"])
        approval = page["approval"]["id"]
        admin = self.park.log_in("administrator")
        code = {"decision": "approve", "reason": "同意", "totp": lib.totp(self.park.secrets["administrator"], 1)}
        own = {**code, "totp": lib.totp(self.park.secrets["finance"], 1)}
        self.refused(403, "forbidden", "", self.clerk.post, f"/approvals/{approval}/decision", own, str(uuid.uuid4()))
        admin.post(f"/approvals/{approval}/decision", code, str(uuid.uuid4()))
        versions = self.clerk.get(f"/tariffs/{tariff}")["versions"]
        self.assertEqual([row["body"]["prices_e4"]["flat"] for row in versions], [8000, 9000])

    def test_sample_bill(self):
        asked = {"kind": "steps", "body": STEPS, "from_at": "2026-06-01T00:00:00+08:00", "until_at": "2026-06-11T00:00:00+08:00",
                 "energy_wh": 150000}
        bill = self.clerk.post("/tariffs/sample", asked)
        self.assertEqual(bill["amount_fen"], 100 * 60 + 50 * 70)
        self.assertEqual([(line["step"], line["energy_wh"], line["amount_fen"]) for line in bill["lines"]],
                         [(1, 100000, 6000), (2, 50000, 3500)])

    def test_refusals(self):
        tariff = self.make("R")["id"]
        self.refused(409, "code_taken", "code", self.make, "R")
        self.refused(400, "invalid_field", "code", self.make, "")
        self.refused(400, "invalid_field", "body.prices_e4", self.version, tariff, body={"period": SINGLE["period"]})
        self.refused(400, "invalid_field", "kind", self.version, tariff, kind="free")
        self.refused(400, "invalid_field", "body", self.version, tariff, body=[1])
        self.refused(404, "not_found", "", self.version, 999999)
        for body in ({**SINGLE, "prices_e4": {"flat": -1}}, {**SINGLE, "prices_e4": {"flat": 10**9}},
                     {**SINGLE, "period": {"every": "month", "day": 31}}):
            with self.assertRaises(Exception) as caught:
                self.version(tariff, body=body)
            self.assertTrue(caught.exception.problem["field"].startswith("body."), caught.exception.problem)
        self.version(tariff, valid_from_at="2026-01-01T00:00:00Z")
        self.refused(409, "moment_taken", "valid_from_at", self.version, tariff, valid_from_at="2026-01-01T00:00:00Z")
        self.refused(400, "unknown_supply", "supply_ids", self.clerk.post, f"/tariffs/{tariff}/supplies", {"supply_ids": [999999]},
                     str(uuid.uuid4()))
        self.refused(400, "invalid_field", "supply_ids", self.clerk.post, f"/tariffs/{tariff}/supplies", {"supply_ids": []},
                     str(uuid.uuid4()))


if __name__ == "__main__":
    unittest.main()
