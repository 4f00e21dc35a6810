"""Tariffs bring their prices by themselves: an agreed version at its moment, an assignment at once; old prices are listed with the reason."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import test_platform  # noqa: E402

FIRST, SECOND, THIRD = 81000, 82000, 83000
STEPS = {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": 60000},
         "steps": [{"from_wh": 0, "surcharge_e4": 0}, {"from_wh": 200000, "surcharge_e4": 10000}]}


def single(price_e4):
    return {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": price_e4}}


class TariffPushes(test_platform.PlatformCase):
    meters = 6

    def setUp(self):
        self.wait("prices read", "SELECT COUNT(*) FROM meter_parameter WHERE price_flat_e4 IS NOT NULL", "6", 60)

    def plan_of(self, code, price_e4):
        plan = self.clerk.post("/tariffs", {"code": code, "name": f"方案{code}"}, str(uuid.uuid4()))["id"]
        self.version(plan, price_e4, days=-1)
        return plan

    def version(self, plan, price_e4, kind="single", body=None, **ahead):
        """What the request answers; a version of a tariff in use waits for the second person."""
        return self.clerk.post(f"/tariffs/{plan}/versions", {"valid_from_at": test_platform.iso(**ahead), "kind": kind,
                                                             "body": body or single(price_e4), "reason": "新价"}, str(uuid.uuid4()))

    def agreed(self, plan, price_e4, **ahead):
        approval = self.version(plan, price_e4, **ahead)["approval"]["id"]
        self.decide(approval)
        return approval

    def under(self, plan, row, **ahead):
        body = {"supply_ids": [row["supply_id"]]}
        if ahead:
            body["valid_from_at"] = test_platform.iso(**ahead)
        self.clerk.post(f"/tariffs/{plan}/supplies", body, str(uuid.uuid4()))

    def price(self, number):
        return self.park.sim("get", meter=number)["price_flat_e4"]

    def holds(self, number, price_e4, seconds=60):
        self.park.sim("wait", meter=number, until=f"price_flat_e4={price_e4}", timeout_ms=seconds * 1000)

    def pushes(self, row):
        return self.sql("SELECT p.state, JSON_EXTRACT(p.wanted, '$.price_e4[2]'), p.wait_code FROM push p JOIN push_batch b"
                        f" ON b.id = p.batch_id WHERE p.supply_id = {row['supply_id']} ORDER BY b.due_at, p.id")

    def stands(self, row, rows):
        lib.wait_for(f"pushes to be {rows}", lambda: self.pushes(row) == rows, 60, 0.2)

    def old(self, number):
        return next((item for item in self.clerk.get("/tariffs/old-prices")["items"] if item["meter_number"] == number), None)

    def test_agreed_version_reaches_the_meters_at_its_moment(self):
        rows = {number: self.have_account(number) for number in ("M001", "M002")}
        plan = self.plan_of("V", FIRST)
        for number, row in rows.items():
            self.under(plan, row)
            self.stands(row, [["confirmed", str(FIRST), ""]])
        self.park.sim("fault", meter="M002", kind="silent", count="forever")
        self.wait("M002 seen silent", "SELECT silent_since_at IS NOT NULL FROM meter_health"
                  f" WHERE meter_id = {self.park.meter_id('M002')}", "1", 60)
        approval = self.agreed(plan, SECOND, seconds=6)
        batch = self.one(f"SELECT id FROM push_batch WHERE approval_id = {approval}")
        page = self.clerk.get(f"/pushes/{batch}")
        self.assertEqual((page["open"], page["reason"], [row["state"] for row in page["rows"]]), (2, "新价", ["pending"] * 2))
        self.assertEqual(self.price("M001"), FIRST)
        self.holds("M001", SECOND)
        at = self.one(f"SELECT p.written_at >= b.due_at FROM push p JOIN push_batch b ON b.id = p.batch_id WHERE b.id = {batch}"
                      f" AND p.supply_id = {rows['M001']['supply_id']}")
        self.assertEqual(at, "1")
        lib.wait_for("the silent one listed", lambda: (self.old("M002") or {}).get("push_code") == "meter_silent", 30)
        self.assertEqual((self.old("M002")["push_state"], self.old("M002")["push_batch_id"]), ("pending", int(batch)))
        self.assertEqual(self.price("M002"), FIRST)
        self.park.sim("clear", meter="M002")
        self.holds("M002", SECOND, 120)
        lib.wait_for("no old price", lambda: self.old("M001") is None and self.old("M002") is None, 60)
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM push_batch WHERE approval_id = {approval}"), "1")

    def test_newer_version_supersedes_an_older_push(self):
        row = self.have_account("M003")
        plan = self.plan_of("S", FIRST)
        self.under(plan, row)
        self.stands(row, [["confirmed", str(FIRST), ""]])
        self.park.sim("fault", meter="M003", kind="silent", count="forever")
        self.wait("M003 seen silent", "SELECT silent_since_at IS NOT NULL FROM meter_health"
                  f" WHERE meter_id = {self.park.meter_id('M003')}", "1", 60)
        self.agreed(plan, SECOND, seconds=3)
        self.agreed(plan, THIRD, seconds=8)
        # The later one takes nothing from the earlier one before its own moment.
        self.assertEqual([state for state, _, _ in self.pushes(row)], ["confirmed", "pending", "pending"])
        self.stands(row, [["confirmed", str(FIRST), ""], ["superseded", str(SECOND), ""], ["pending", str(THIRD), ""]])
        self.park.sim("clear", meter="M003")
        self.holds("M003", THIRD, 120)
        self.stands(row, [["confirmed", str(FIRST), ""], ["superseded", str(SECOND), ""], ["confirmed", str(THIRD), ""]])

    def test_assignment_replans_what_comes(self):
        row = self.have_account("M004")
        here, there = self.plan_of("A", FIRST), self.plan_of("B", SECOND)
        self.under(here, row)
        self.holds("M004", FIRST)
        self.agreed(here, THIRD, days=2)
        self.stands(row, [["confirmed", str(FIRST), ""], ["pending", str(THIRD), ""]])
        # From tomorrow under the other tariff: the version of the day after is no longer this supply's.
        self.under(there, row, days=1)
        self.stands(row, [["confirmed", str(FIRST), ""], ["pending", str(SECOND), ""], ["superseded", str(THIRD), ""]])
        # A version of the other tariff between now and then changes what is written then.
        self.version(there, 84000, hours=12)
        self.stands(row, [["confirmed", str(FIRST), ""], ["superseded", str(SECOND), ""], ["pending", "84000", ""],
                          ["superseded", str(THIRD), ""]])
        # Back under the first one in between: both its assignment and nothing else is new.
        self.under(here, row, hours=6)
        self.assertEqual([item for item in self.pushes(row) if item[0] == "pending"],
                         [["pending", str(FIRST), ""], ["pending", "84000", ""]])
        self.assertEqual(self.price("M004"), FIRST)

    def test_what_no_meter_takes_is_listed_with_its_reason(self):
        row = self.have_account("M005")
        plan = self.clerk.post("/tariffs", {"code": "ST", "name": "阶梯"}, str(uuid.uuid4()))["id"]
        self.version(plan, 0, kind="steps", body=STEPS, days=-1)
        self.under(plan, row)
        self.stands(row, [["refused", "NULL", "steps"]])
        listed = self.old("M005")
        self.assertEqual((listed["push_state"], listed["push_code"]), ("refused", "steps"))
        batch = listed["push_batch_id"]
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/pushes/{batch}/retry", None, str(uuid.uuid4()))

    def test_a_person_and_a_tariff_do_not_take_from_each_other(self):
        row = self.have_account("M006")
        plan = self.plan_of("P2", FIRST)
        self.under(plan, row)
        self.holds("M006", FIRST)
        self.agreed(plan, SECOND, seconds=5)
        approval = self.clerk.post("/pushes", {"supply_ids": [row["supply_id"]], "overdraft_fen": 300, "reason": "透支"}, str(uuid.uuid4()))
        self.decide(approval["id"])
        self.holds("M006", SECOND)
        self.park.sim("wait", meter="M006", until="overdraft_fen=300", timeout_ms=60000)
        self.wait("all confirmed", f"SELECT COUNT(*) FROM push WHERE supply_id = {row['supply_id']} AND state <> 'confirmed'", "0", 30)


if __name__ == "__main__":
    unittest.main()
