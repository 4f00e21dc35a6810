"""Platform mode: the ledger holds the money, use is charged under the tariff, the platform trips and restores; the field is the oracle."""
import os
import sys
import unittest
import uuid
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402

PRICE_E4 = 100000
SINGLE = {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": PRICE_E4}}
LOAD_W = 30000  # eight fen a second at this price


def iso(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class PlatformCase(money.Case):
    """Meters of one line; tariff() charges one under a single price."""

    meters = 4
    settings = {"poller__slow_read_s": 10, "poller__relay_travel_ms": 3000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.park.sql("UPDATE line SET interval_s = 60")
        code = cls.clerk.post("/tariffs", {"code": "P", "name": "平台单价"}, str(uuid.uuid4()))["id"]
        cls.clerk.post(f"/tariffs/{code}/versions", {"valid_from_at": iso(days=-1), "kind": "single", "body": SINGLE, "reason": "定价"},
                       str(uuid.uuid4()))
        cls.plan = code

    def assign(self, row):
        self.clerk.post(f"/tariffs/{self.plan}/supplies", {"supply_ids": [row["supply_id"]]}, str(uuid.uuid4()))

    def platform(self, number):
        """A supply opened in platform mode: its meter counts and switches, and has no money."""
        self.park.sim("set", meter=number, fee_control=0, balance_fen=0, load_w=0)
        lib.wait_for("the empty meter", lambda: self.one(
            f"SELECT balance_fen FROM meter_state WHERE meter_id = {self.park.meter_id(number)}") == "0", 20)
        self.sql(f"UPDATE supply SET billing_mode = 'platform' WHERE meter_id = {self.park.meter_id(number)}")
        row = self.have_account(number)
        self.assign(row)
        self.wait(f"a span of {number}", f"SELECT COUNT(*) FROM platform_span WHERE live_supply = {row['supply_id']}", "1")
        return row

    def wait(self, what, sql, value, seconds=30):
        try:
            return lib.wait_for(f"{what}: {sql} = {value}", lambda: self.one(sql) == value, seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.sql(sql)}; {self.park.log_of('jobs')[-1500:]}") from None

    def draw(self, number, supply):
        """A load that uses what is left within two intervals: from then on each reading is charged."""
        self.park.sim("set", meter=number, load_w=LOAD_W)
        self.wait("the load read", f"SELECT power_w >= {LOAD_W * 9 // 10} FROM meter_state WHERE meter_id = {self.park.meter_id(number)}", "1")
        self.sql(f"UPDATE platform_span SET low = 1 WHERE live_supply = {supply}")  # as if the interval were over

    def credited(self, row, amount_fen):
        purchase = self.sell(row, amount_fen)
        self.assertEqual(self.one(f"SELECT state FROM purchase WHERE id = {purchase['id']}"), "credited")
        return purchase["id"]

    def balance(self, supply):
        return int(self.one("SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a"
                            " JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)"
                            f" WHERE a.code = 'tenant_liability' AND a.supply_id = {supply}"))

    def charged(self, supply):
        return [int(x) for x in self.sql(f"SELECT COALESCE(SUM(fen), 0), COALESCE(MAX(energy_wh), 0) FROM charge WHERE supply_id = {supply}")[0]]


class Platform(PlatformCase):
    meters = 6

    def test_charges_trips_and_restores(self):
        row = self.platform("M001")
        supply = row["supply_id"]
        self.credited(row, 200)
        self.assertEqual(self.balance(supply), 200)
        self.draw("M001", supply)
        self.wait("the trip ordered", f"SELECT COUNT(*) FROM command WHERE supply_id = {supply} AND kind = 'trip' AND origin = 'automatic'", "1", 60)
        self.park.sim("wait", meter="M001", until="relay=open", timeout_ms=30000)
        self.wait("the trip proved", f"SELECT state FROM command WHERE supply_id = {supply} AND kind = 'trip'", "confirmed")
        # What the meter really counted since is what was charged: once the readings are in, to the fen.
        lib.wait_for("the last use charged", lambda: self.charged(supply)[1] == self.counted("M001"), 90, 0.2)
        opened = int(self.one(f"SELECT energy_wh FROM platform_span WHERE live_supply = {supply}"))
        fen, energy = self.charged(supply)
        self.assertEqual(fen, ((energy - opened) * PRICE_E4 + 50000) // 100000)
        self.assertEqual(self.balance(supply), 200 - fen)
        self.assertLessEqual(200 - fen, 0)
        # No money, no power, whatever is asked of the job; a sale brings it back without anybody's yes.
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM command WHERE supply_id = {supply} AND kind = 'close'"), "0")
        self.park.sim("set", meter="M001", load_w=0)
        purchase = self.credited(row, 5000)
        self.park.sim("wait", meter="M001", until="relay=closed", timeout_ms=30000)
        close = self.sql(f"SELECT origin, approval_id FROM command WHERE supply_id = {supply} AND kind = 'close'")
        self.assertEqual(close, [["automatic", "NULL"]])
        self.wait("the clock from money to power stops", f"SELECT power_at IS NOT NULL FROM purchase WHERE id = {purchase}", "1")

    def counted(self, number):
        """The meter's own register, as it shows it: 10 Wh."""
        return self.park.sim("get", meter=number)["energy_wh"] // 10 * 10

    def test_a_meter_that_charges_itself_is_left_alone(self):
        row = self.have_account("M002")
        self.assign(row)
        self.park.sim("set", meter="M002", load_w=LOAD_W)
        other = self.platform("M003")
        self.credited(other, 600)
        self.draw("M003", other["supply_id"])
        self.wait("charges of the other", f"SELECT COUNT(*) > 2 FROM charge WHERE supply_id = {other['supply_id']}", "1", 60)
        self.assertEqual(self.charged(row["supply_id"]), [0, 0])
        self.park.sim("set", meter="M002", load_w=0)
        self.park.sim("set", meter="M003", load_w=0)

    def test_protected_asks(self):
        row = self.platform("M004")
        supply = row["supply_id"]
        self.sql(f"UPDATE supply SET protected = 1 WHERE id = {supply}")
        self.credited(row, 100)
        self.draw("M004", supply)
        self.wait("a person asked", "SELECT GROUP_CONCAT(detail) FROM alarm WHERE kind = 'platform_zero' AND closed_at IS NULL"
                  f" AND object_id = {supply}", "protected_supply", 60)
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM command WHERE supply_id = {supply}"), "0")
        self.credited(row, 100000)
        self.wait("nobody is asked any more", "SELECT COUNT(*) FROM alarm WHERE kind = 'platform_zero' AND closed_at IS NULL"
                  f" AND object_id = {supply}", "0")

    def test_close_without_money_is_refused(self):
        row = self.platform("M005")
        supply = row["supply_id"]
        ask = {"reason": "送电"}
        self.refused(409, "arrears", "", self.park.log_in("engineer").post, f"/supplies/{supply}/commands", {"kind": "close", **ask}, str(uuid.uuid4()))
        self.refused(409, "arrears", "", self.park.log_in("engineer").post, f"/supplies/{supply}/commands", {"kind": "release", **ask}, str(uuid.uuid4()))
        self.credited(row, 5000)
        self.park.log_in("engineer").post(f"/supplies/{supply}/commands", {"kind": "close", **ask}, str(uuid.uuid4()))
        # In meter mode the meter itself says so; the order is taken.
        other = self.have_account("M002")
        self.park.log_in("engineer").post(f"/supplies/{other['supply_id']}/commands", {"kind": "close", **ask}, str(uuid.uuid4()))

    def test_fee_control_is_switched_off_once(self):
        number = "M006"
        meter = self.park.meter_id(number)
        self.park.sim("set", meter=number, fee_control=1, balance_fen=0, load_w=0)
        self.wait("the empty meter", f"SELECT balance_fen FROM meter_state WHERE meter_id = {meter}", "0")
        self.sql(f"UPDATE supply SET billing_mode = 'platform' WHERE meter_id = {meter}")
        row = self.have_account(number)
        self.assign(row)
        pushed = f"SELECT p.state FROM push p JOIN platform_span s ON s.fee_push_id = p.id WHERE s.live_supply = {row['supply_id']}"
        self.wait("fee control off", f"SELECT COALESCE(({pushed}), '')", "confirmed", 60)
        self.assertEqual(self.park.sim("get", meter=number)["fee_control"], 0)
        self.wait("that it was read back", f"SELECT fee_control_enabled FROM meter_parameter WHERE meter_id = {meter}", "0")
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM push WHERE supply_id = {row['supply_id']}"), "1")
        self.assertEqual(self.one("SELECT COUNT(*) FROM alarm WHERE kind = 'platform_fee_control'"), "0")


if __name__ == "__main__":
    unittest.main()
