"""Prices, thresholds, overdraft and rate tables pushed into meters: at their moment, read back, in a batch with progress."""
import json
import unittest

import lib
from pay import DeliveryCase

WRITE = 32
PRICES = [13000, 11000, 7500, 4000]
ZONES = "010101" "010104" "010107" "01010a"
DAY = "040000" "030006" "020009" "03000b" "020012" "010013" "030015" "040017" + "040017" * 6


class Push(DeliveryCase):
    meters = 4
    settings = {"poller__relay_travel_ms": 3000, "poller__slow_read_s": 600}

    def setUp(self):
        self.number = self.park.meters[type(self).turn]
        type(self).turn += 1

    def push(self, wanted, numbers=None, due="UTC_TIMESTAMP(3)"):
        words = ",".join(f"'{number}'" for number in numbers or [self.number])
        rows = self.park.sql(f"""
INSERT INTO push_batch (reason, due_at) VALUES ('test', {due}); SET @batch = LAST_INSERT_ID();
INSERT INTO push (batch_id, supply_id, epoch, meter_id, wanted)
  SELECT @batch, s.id, s.epoch, s.meter_id, '{json.dumps(wanted)}' FROM supply s JOIN meter m ON m.id = s.meter_id WHERE m.number IN ({words});
SELECT @batch;""")
        self.till.wake()
        return int(rows[0][0])

    def states(self, batch):
        return sorted(row[0] for row in self.park.sql(f"SELECT state FROM push WHERE batch_id = {batch}"))

    def done(self, batch, states=None, seconds=60):
        try:
            lib.wait_for("the push", lambda: all(state in ("confirmed", "refused", "superseded") for state in self.states(batch)), seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.park.sql(f'SELECT state, wait_code, writes FROM push WHERE batch_id = {batch}')}") from None
        self.assertEqual(self.states(batch), states or ["confirmed"])

    def stored(self, columns, wanted):
        """What the read-back showed is what people see, as soon as the writer's batch is committed."""
        lib.wait_for(f"{columns} as pushed", lambda: self.park.sql(
            f"SELECT {columns} FROM meter_parameter p JOIN meter m ON m.id = p.meter_id WHERE m.number = '{self.number}'") == [wanted], 20)

    def test_prices_thresholds_and_overdraft(self):
        before = self.truth()
        self.done(self.push({"price_e4": PRICES, "alarm_fen": [6000, 3000], "overdraft_fen": 500}))
        truth = self.truth()
        self.assertEqual([truth[f"price_{name}_e4"] for name in ("sharp", "peak", "flat", "valley")], PRICES)
        self.assertEqual((truth["alarm1_fen"], truth["alarm2_fen"], truth["overdraft_fen"]), (6000, 3000, 500))
        self.assertEqual(truth["count"], before["count"])
        self.stored("price_flat_e4, alarm1_fen, overdraft_fen", ["7500", "6000", "500"])

    def test_rate_tables(self):
        self.done(self.push({"zones": ZONES, "day_1": DAY, "day_2": DAY}))
        self.stored("LOWER(HEX(rate_zones)), LOWER(HEX(day_table_1))", [ZONES, DAY])

    def test_lost_frames_are_written_again(self):
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count=2)
        self.done(self.push({"alarm_fen": [7000, 3500]}))
        self.assertEqual(self.truth()["alarm1_fen"], 7000)

    def test_nothing_before_its_moment(self):
        batch = self.push({"price_e4": PRICES}, due="UTC_TIMESTAMP(3) + INTERVAL 6 SECOND")
        frames = self.truth()["frames"]
        self.park.sim("wait", meter=self.number, until=f"frames>={frames + 2}", timeout_ms=10000)
        self.assertEqual((self.states(batch), self.truth()["frames_private"]), (["pending"], 0))
        self.done(batch)

    def test_a_meter_that_does_not_take_it_is_listed_and_holds_nobody_up(self):
        numbers = [self.number, self.park.meters[-1]]
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count="forever")
        batch = self.push({"price_e4": [14000, 12000, 8000, 4500]}, numbers)
        self.done(batch, ["confirmed", "refused"], 120)
        self.assertEqual(self.park.sql(f"SELECT wait_code, writes FROM push WHERE batch_id = {batch} AND state = 'refused'"),
                         [["meter_refuses", "6"]])

    def test_prices_do_not_change_under_a_delivery(self):
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count=3)
        purchase = self.buy()
        lib.wait_for("a frame", lambda: int(self.till.delivery(purchase)["sends"]) >= 1, 20, 0.05)
        batch = self.push({"price_e4": PRICES})
        self.confirmed(purchase)
        self.done(batch)
        again = self.buy()
        self.confirmed(again)


if __name__ == "__main__":
    unittest.main()
