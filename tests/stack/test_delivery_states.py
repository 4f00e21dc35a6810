"""What makes a paid purchase wait, and how it goes on: read-only line, freeze, lock-out, hoarding limit, silence, the fence, an external
breaker, the site's ceiling, the money's own evidence."""
import signal
import unittest

import lib
from pay import DeliveryCase

WRITE = 32


class States(DeliveryCase):
    meters = 8
    settings = {"poller__relay_travel_ms": 3000}

    @classmethod
    def make_park(cls):
        return super().make_park(external=(7,))

    def setUp(self):
        self.number = self.park.meters[type(self).turn]  # a meter of its own
        if self.number == self.park.meters[7]:           # but the one with the breaker
            type(self).turn += 1
            self.number = self.park.meters[8]
        type(self).turn += 1

    def supply(self):
        return self.till.row(self.number)[0]

    def in_flight(self):
        """A frame was lost and the meter is silent now."""
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE)
        purchase = self.buy()
        lib.wait_for("a frame", lambda: int(self.till.delivery(purchase)["sends"]) >= 1, 20, 0.05)
        self.park.sim("fault", meter=self.number, kind="silent")
        return purchase

    def test_a_read_only_line_waits(self):
        code = self.park.sql(f"SELECT l.code FROM line l JOIN meter m ON m.line_id = l.id WHERE m.number = '{self.number}'")[0][0]
        self.park.sql(f"UPDATE line SET writable = 0 WHERE code = '{code}'")
        writes = self.truth()["write_frames"]
        try:
            purchase = self.buy()
            self.till.waits(purchase, "pending", "read_only_line")
            self.assertEqual(self.truth()["write_frames"], writes)
        finally:
            self.park.sql(f"UPDATE line SET writable = 1 WHERE code = '{code}'")
        self.confirmed(purchase)

    def test_a_frozen_supply_waits(self):
        self.park.sql(f"UPDATE supply SET frozen_reason = 'other', frozen_at = UTC_TIMESTAMP(3) WHERE id = {self.supply()}")
        purchase = self.buy()
        self.till.waits(purchase, "pending", "frozen")
        self.park.sql(f"UPDATE supply SET frozen_reason = NULL, frozen_at = NULL WHERE id = {self.supply()}")
        self.confirmed(purchase)

    def test_a_locked_out_supply_gets_its_money_and_stays_off(self):
        self.park.sql(f"INSERT INTO lock_out (supply_id, holder_id, reason, created_at) SELECT {self.supply()}, MIN(id), 'test', UTC_TIMESTAMP(3)"
                      " FROM user")
        self.park.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, lock_out_id, requested_at, expires_at)"
                      " SELECT s.id, s.meter_id, s.epoch, 'trip', 'lock_out', 'test', o.id, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 HOUR"
                      f" FROM supply s JOIN lock_out o ON o.supply_id = s.id WHERE s.id = {self.supply()}")
        self.till.wake()
        self.park.sim("wait", meter=self.number, until="relay=open", timeout_ms=20000)
        purchase = self.buy()
        self.confirmed(purchase)
        self.assertEqual((self.truth()["relay"], self.truth()["forced"]), ("open", "trip"))
        self.assertEqual(self.park.sql(f"SELECT power_at FROM purchase WHERE id = {purchase}"), [["NULL"]])

    def test_power_is_noted_when_the_relay_closes(self):
        """In arrears the meter is off; the purchase closes it, a moment after the count was read back."""
        self.park.sim("set", meter=self.number, balance_fen=-500, overdraft_fen=0)
        self.park.sim("wait", meter=self.number, until="relay=open", timeout_ms=20000)
        purchase = self.buy(5000)
        self.confirmed(purchase)
        lib.wait_for("power", lambda: self.park.sql(f"SELECT power_at FROM purchase WHERE id = {purchase}") != [["NULL"]], 30, 0.1)
        self.assertEqual(self.truth()["relay"], "closed")

    def test_above_the_hoarding_limit_it_is_held_until_there_is_room(self):
        self.park.sim("set", meter=self.number, balance_fen=9000)
        self.park.sql("INSERT INTO site_setting (name, value) VALUES ('purchase_hoard_fen', '10000')")
        try:
            purchase = self.buy(5000)
            self.till.waits(purchase, "hold", "over_hoard")
            small = self.buy(500)  # it fits, and passes
            self.assertEqual(self.till.ended(small, self.SETTLE_S)["state"], "confirmed")
        finally:
            self.park.sql("DELETE FROM site_setting WHERE name = 'purchase_hoard_fen'")
        self.confirmed(purchase, 90)

    def test_a_meter_that_refuses_is_held_with_its_count(self):
        self.park.sim("set", meter=self.number, balance_fen=9000, hoard_fen=10000)
        purchase = self.buy(5000)
        row = self.till.waits(purchase, "hold", "meter_refuses", 60)
        self.assertEqual(row["sends"], "5")
        self.park.sim("set", meter=self.number, hoard_fen=100000)
        self.confirmed(purchase, 90)

    def test_above_the_ceiling_it_goes_to_a_person(self):
        self.park.sql("INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '4000')")
        try:
            purchase = self.buy(4001)
            row = self.till.waits(purchase, "manual", "above_ceiling")
        finally:
            self.park.sql("DELETE FROM site_setting WHERE name = 'delivery_ceiling_fen'")
        self.assertEqual(row["purchase_count"], "NULL")
        self.park.sql(f"UPDATE delivery SET state = 'pending', wait_code = '' WHERE purchase_id = {purchase}")
        self.confirmed(purchase)

    def test_an_amount_that_was_never_paid_goes_to_a_person(self):
        self.park.stop_one("poller")
        purchase = self.buy(5000)
        self.park.sql(f"UPDATE delivery SET amount_fen = 50000 WHERE purchase_id = {purchase}")
        self.park.start_poller()
        self.till.waits(purchase, "manual", "wrong_amount")
        self.park.sql(f"UPDATE delivery SET amount_fen = 5000, state = 'pending', wait_code = '' WHERE purchase_id = {purchase}")
        self.confirmed(purchase)

    def test_a_silent_meter_is_waited_for(self):
        self.park.sim("fault", meter=self.number, kind="silent")
        purchase = self.buy()
        frames = self.truth()["frames"]
        self.park.sim("wait", meter=self.number, until=f"frames>={frames + 2}", timeout_ms=30000)
        self.assertEqual(self.till.delivery(purchase)["purchase_count"], "NULL")
        self.park.sim("clear")
        self.confirmed(purchase, 60)

    def fence(self, purchase):
        """As a person asks for it, with the capability proven."""
        self.park.sql("UPDATE model SET capabilities = REPLACE(capabilities, 'zero_purchase:unverified', 'zero_purchase:proven')")
        self.park.sql(f"UPDATE delivery SET state = 'fencing', fence_asked_at = UTC_TIMESTAMP(3) WHERE purchase_id = {purchase}")

    def test_the_fence_burns_the_count(self):
        purchase = self.in_flight()
        self.fence(purchase)
        self.park.sim("clear")
        row = self.till.ended(purchase, 60)
        self.assertEqual(row["state"], "fenced", row)
        count = self.truth()["count"]
        self.assertEqual(int(row["purchase_count"]), count)
        again = self.buy(600)  # the next count is free
        self.assertEqual(int(self.till.ended(again, self.SETTLE_S)["purchase_count"]), count + 1)
        self.till.check(self, settled=False)

    def test_the_fence_finds_the_money_there(self):
        self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=WRITE, count=1)
        credits = self.truth()["credits"]
        purchase = self.buy()
        self.park.sim("wait", meter=self.number, until=f"credits>={credits + 1}", timeout_ms=20000)
        self.park.stop_one("poller", signal.SIGKILL)
        if self.till.delivery(purchase)["state"] == "sending":
            self.fence(purchase)
        self.park.start_poller()
        self.confirmed(purchase, 60)

    def test_no_zero_purchase_leaves_while_it_is_not_proven(self):
        purchase = self.in_flight()
        sends = self.till.delivery(purchase)["sends"]
        self.fence(purchase)
        self.park.sql("UPDATE model SET capabilities = REPLACE(capabilities, 'zero_purchase:proven', 'zero_purchase:unverified')")
        self.park.sim("clear")
        self.till.waits(purchase, "fencing", "not_proven", 60)
        self.assertEqual(self.till.delivery(purchase)["sends"], sends)
        self.fence(purchase)
        self.assertEqual(self.till.ended(purchase, 60)["state"], "fenced")

    def test_an_external_breaker_is_closed_by_hand_and_then_power_is_noted(self):
        self.number = self.park.meters[7]
        self.park.sim("set", meter=self.number, balance_fen=-500, overdraft_fen=0, load_w=5000)
        self.park.sim("wait", meter=self.number, until="breaker=open", timeout_ms=20000)
        purchase = self.buy(5000)
        self.confirmed(purchase)
        frames = self.truth()["frames"]
        self.park.sim("wait", meter=self.number, until=f"frames>={frames + 3}", timeout_ms=20000)
        self.assertEqual(self.park.sql(f"SELECT power_at FROM purchase WHERE id = {purchase}"), [["NULL"]])
        self.park.sim("hand_close", meter=self.number)
        lib.wait_for("power", lambda: self.park.sql(f"SELECT power_at FROM purchase WHERE id = {purchase}") != [["NULL"]], 30, 0.1)


if __name__ == "__main__":
    unittest.main()
