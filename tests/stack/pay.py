"""Accounts and paid purchases, made by SQL: what a settled payment leaves behind. For tests of delivery.

    till = Till(park)
    till.open(number)                      an account, its supply and epoch; the meter's own money is booked
    purchase = till.buy(number, 5000)      paid and waiting for its delivery; the poller is woken
    till.ended(purchase)                   the delivery's row once it ended
    till.check(test)                       each purchase applied exactly once, and every invariant holds
"""
import signal
import unittest

import invariants
import lib
from park import Park

ENDS = ("confirmed", "fenced", "cancelled")


class Till:
    def __init__(self, park):
        self.park = park
        self.bought = 0
        self.purchases = {}  # id: (number, amount)

    def row(self, number):
        """Supply, epoch and meter of a number."""
        return [int(x) for x in self.park.sql(
            f"SELECT s.id, s.epoch, s.meter_id FROM supply s JOIN meter m ON m.id = s.meter_id WHERE m.number = '{number}'")[0]]

    def open(self, *numbers):
        for number in numbers:
            supply, epoch, meter = self.row(number)
            truth = self.park.sim("get", meter=number)
            self.park.sql(f"""
INSERT INTO account (site_id, number, name, state, opened_at) SELECT id, 'A{supply}', 'A{supply}', 'open', UTC_TIMESTAMP(3) FROM site;
INSERT INTO account_supply (account_id, supply_id, from_at) VALUES (LAST_INSERT_ID(), {supply}, UTC_TIMESTAMP(3));
INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at)
  VALUES ({supply}, {epoch}, {meter}, {truth['count']}, {truth['balance_fen']}, 0, UTC_TIMESTAMP(3));""")

    def paid_sql(self, number, amount_fen, key):
        """What one settled payment writes; sets @purchase."""
        supply, epoch, meter = self.row(number)
        return f"""
INSERT INTO purchase (number, account_id, supply_id, epoch, mode, amount_fen, state, actor_kind, paid_at)
  SELECT 'P{key}', account_id, {supply}, {epoch}, 'meter', {amount_fen}, 'paid', 'tenant', UTC_TIMESTAMP(3)
  FROM account_supply WHERE live_supply = {supply};
SET @purchase = LAST_INSERT_ID();
INSERT INTO payment (order_number, purchase_id, channel, amount_fen, state, disposition, provider_transaction, settled_at)
  VALUES ('O{key}', @purchase, 'wechat', {amount_fen}, 'settled', 'pending', 'T{key}', UTC_TIMESTAMP(3));
SET @payment = LAST_INSERT_ID();
INSERT INTO payment_event (payment_id, source, channel, provider_transaction, order_number, paid, amount_fen, verified, verdict)
  VALUES (@payment, 'notice', 'wechat', 'T{key}', 'O{key}', TRUE, {amount_fen}, TRUE, 'settle');
INSERT IGNORE INTO ledger_account (code, channel) VALUES ('receivable', 'wechat');
INSERT IGNORE INTO ledger_account (code, supply_id) VALUES ('meter_clearing', {supply});
INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT 'payment_settled', 'payment', @payment, d.id, c.id, {amount_fen}, UTC_TIMESTAMP(3) FROM ledger_account d, ledger_account c
  WHERE d.code = 'receivable' AND d.channel = 'wechat' AND c.code = 'meter_clearing' AND c.supply_id = {supply};
INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen)
  VALUES (@purchase, {supply}, {epoch}, {meter}, {amount_fen});"""

    def buy(self, number, amount_fen, wake=True):
        self.bought += 1
        rows = self.park.sql("START TRANSACTION;" + self.paid_sql(number, amount_fen, f"{self.bought:05d}") + "COMMIT; SELECT @purchase;")
        purchase = int(rows[0][0])
        self.purchases[purchase] = (number, amount_fen)
        if wake:
            self.wake()
        return purchase

    def wake(self):
        self.park.redis("LPUSH", "pw:wake:poller:0", "1")

    def delivery(self, purchase):
        names = "id state purchase_count wait_code sends claimed_by amount_fen before_balance_fen after_balance_fen use_cost_fen".split()
        row = self.park.sql(f"SELECT {', '.join(names)} FROM delivery WHERE purchase_id = {purchase}")[0]
        return dict(zip(names, row))

    def ended(self, purchase, seconds=30.0, states=ENDS):
        def look():
            row = self.delivery(purchase)
            return row if row["state"] in states else None
        try:
            return lib.wait_for(f"delivery of purchase {purchase}", look, seconds, 0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.delivery(purchase)}; {self.park.log_of('poller')[-1500:]}") from None

    def waits(self, purchase, state, code=None, seconds=30.0):
        def look():
            row = self.delivery(purchase)
            return row if row["state"] == state and (code is None or row["wait_code"] == code) else None
        try:
            return lib.wait_for(f"purchase {purchase} in {state} {code}", look, seconds, 0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.delivery(purchase)}") from None

    # ---- the oracle

    def applied(self, number, purchase):
        """How often the meter really credited this purchase (by its count)."""
        count = self.delivery(purchase)["purchase_count"]
        if count == "NULL":
            return 0
        return sum(entry["times"] for entry in self.park.sim("get", meter=number)["applied"]
                   if entry["count"] == int(count) and not entry["foreign"] and entry["amount_fen"] == self.purchases[purchase][1])

    def check(self, test, settled=True, but=()):
        """The field's own truth against the books; every invariant, but those that the meter itself broke."""
        for purchase, (number, _) in self.purchases.items():
            state = self.delivery(purchase)["state"]
            times = self.applied(number, purchase)
            if state == "confirmed":
                test.assertEqual(times, 1, f"purchase {purchase} is confirmed and was applied {times} times")
            elif state in ("fenced", "cancelled"):
                test.assertEqual(times, 0, f"purchase {purchase} is {state} and was applied {times} times")
            else:
                test.assertLessEqual(times, 1, f"purchase {purchase} is {state} and was applied {times} times")
                if settled:
                    test.fail(f"purchase {purchase} is still {state}")
        broken = {name: rows for name, rows in invariants.check(self.park).items() if name[:3] not in but}
        test.assertEqual(broken, {})


class DeliveryCase(unittest.TestCase):
    """A park of two lines (Modbus TCP, RTU over TCP), every meter with an account. Each test ends with the field's truth and all
    invariants. SETTLE_S: two looks of the poller at MariaDB, and what a loaded test machine needs."""

    SETTLE_S = 25
    meters = 4
    settings = {"poller__relay_travel_ms": 3000}

    @classmethod
    def setUpClass(cls):
        cls.park = cls.make_park()
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field()
        cls.till = Till(cls.park)
        cls.till.open(*cls.park.meters)
        cls.turn = 0

    @classmethod
    def make_park(cls, **more):
        return Park(lines=2, meters=cls.meters, settings=cls.settings, **more)

    def setUp(self):
        """Another meter and link each time."""
        type(self).turn += 1
        half = len(self.park.meters) // 2
        line = (self.turn % 2) * half
        self.number = self.park.meters[line + self.turn // 2 % half]

    def tearDown(self):
        self.park.sim("clear")

    def restart(self, failpoint=""):
        self.park.stop_one("poller", signal.SIGKILL)
        self.park.start_poller(failpoint=failpoint)

    def poller_ends(self, seconds=30):
        process = self.park.processes["poller"]
        lib.wait_for("the poller's end", lambda: process.poll() is not None, seconds, 0.05)
        return process.returncode

    def truth(self):
        return self.park.sim("get", meter=self.number)

    def buy(self, amount_fen=4321, **more):
        return self.till.buy(self.number, amount_fen, **more)

    def confirmed(self, purchase, seconds=None):
        row = self.till.ended(purchase, seconds or self.SETTLE_S)
        self.assertEqual(row["state"], "confirmed", row)
        self.till.check(self)
        return row
