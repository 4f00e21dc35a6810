"""A reading end to end, and every field fault seen from the database: no reading is invented, none is lost, no line stops."""
import datetime
import unittest

import lib
from park import Park


class Reading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=2, meters=4, interval_s=60)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()

    def tearDown(self):
        self.park.sim("clear")

    def state(self, number, columns):
        rows = self.park.sql(f"SELECT {columns} FROM meter_state s JOIN meter m ON m.id = s.meter_id WHERE m.number = '{number}'")
        return rows[0]

    def fresh(self, number, seconds=20):
        """Waits for a reading that was taken after now."""
        now = self.park.sql("SELECT UTC_TIMESTAMP(3)")[0][0]
        lib.wait_for(f"a new reading of {number}", lambda: self.state(number, "s.taken_at")[0] > now, seconds)

    def health(self, number, column):
        rows = self.park.sql(f"SELECT {column} FROM meter_health h JOIN meter m ON m.id = h.meter_id WHERE m.number = '{number}'")
        return int(rows[0][0]) if rows and rows[0][0] != "NULL" else 0

    def test_what_the_meter_holds_is_what_the_database_shows(self):
        for number in (self.park.meters[0], self.park.meters[-1]):  # one line of each link
            self.park.sim("set", meter=number, balance_fen=123456, count=7, load_w=0)
            self.fresh(number)
            lib.wait_for("balance and count", lambda n=number: self.state(n, "s.balance_fen, s.purchase_count") == ["123456", "7"])
            truth = self.park.sim("get", meter=number)
            energy, relay, voltage = self.state(number, "s.energy_wh, s.relay, s.voltage_a_mv")
            self.assertEqual(int(energy), truth["energy_wh"] // 10 * 10)  # the register counts 10 Wh
            self.assertEqual(relay, "closed")
            self.assertTrue(180000 < int(voltage) < 260000)
            self.park.sim("set", meter=number, load_w=-1)

    def test_rate_bands_and_the_price_in_force(self):
        number = self.park.meters[0]
        staff = self.park.log_in("engineer")
        meter_id = staff.meter(number)["id"]
        lib.wait_for("its tables", lambda: self.park.sql(
            f"SELECT 1 FROM meter_parameter WHERE meter_id = {meter_id} AND rate_zones IS NOT NULL AND day_table_2 IS NOT NULL"), 60)
        now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        times = [at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
                 for at in (midnight, midnight + datetime.timedelta(days=1))]
        bands = staff.get(f"/meters/{meter_id}/readings?from={times[0]}&to={times[1]}")["rate_bands"]
        bands = [(band["from_minute"], band["to_minute"], band["rate"]) for band in bands]
        self.assertEqual(bands, [(0, 360, "valley"), (360, 480, "flat"), (480, 660, "peak"), (660, 1080, "flat"),
                                 (1080, 1140, "peak"), (1140, 1260, "sharp"), (1260, 1320, "flat"), (1320, 1440, "valley")])
        self.park.sim("set", meter=number, balance_fen=100000, load_w=0)
        self.fresh(number)
        truth = self.park.sim("get", meter=number)
        page = lib.wait_for("the balance", lambda: (lambda page: page if page["balance_fen"] == 100000 else None)(
            staff.get(f"/meters/{meter_id}")))
        minute = now.hour * 60 + now.minute
        rates = {rate for begin, end, rate in bands if begin <= minute < end or begin <= minute + 1 < end}
        rate = page["parameters"]["rate_now"]
        self.assertIn(rate, rates)
        price = truth[f"price_{rate}_e4"]
        self.assertEqual((page["parameters"]["price_now_e4"], page["balance_energy_wh"]), (price, 100000 * 100000 // price))
        self.park.sim("set", meter=number, load_w=-1)

    def test_a_ratio_that_differs_from_the_import_is_an_alarm(self):
        number = self.park.meters[5]

        def open_alarms():
            return self.park.sql("SELECT m.number FROM alarm a JOIN meter m ON m.id = a.object_id"
                                 " WHERE a.kind = 'ratio_mismatch' AND a.object_kind = 'meter' AND a.closed_at IS NULL")
        self.assertEqual(open_alarms(), [])
        self.park.sql(f"UPDATE meter SET ct_ratio = 40 WHERE number = '{number}'")
        lib.wait_for("the alarm", lambda: open_alarms() == [[number]], 40)
        self.park.sql(f"UPDATE meter SET ct_ratio = 1 WHERE number = '{number}'")
        lib.wait_for("the alarm closed", lambda: open_alarms() == [], 40)

    def test_a_count_change_leaves_a_history_row(self):
        number = self.park.meters[1]
        before = int(self.park.sim("get", meter=number)["count"])
        self.park.sim("foreign_purchase", meter=number, amount_fen=1000)
        lib.wait_for("the change row", lambda: self.park.sql(
            f"SELECT 1 FROM reading r JOIN meter m ON m.id = r.meter_id WHERE m.number = '{number}'"
            f" AND r.kind = 'change' AND r.purchase_count = {before + 1}"), 20)

    def test_a_count_that_was_reset_is_kept_as_it_is(self):
        number = self.park.meters[5]
        self.park.sim("foreign_purchase", meter=number, amount_fen=100)
        self.park.sim("count_reset", meter=number)
        lib.wait_for("the change row", lambda: self.park.sql(
            f"SELECT 1 FROM reading r JOIN meter m ON m.id = r.meter_id WHERE m.number = '{number}'"
            " AND r.kind = 'change' AND r.purchase_count = 0"), 20)

    def test_interval_rows_come_once(self):
        rows = lib.wait_for("interval rows of all meters", lambda: [
            row for row in self.park.sql("SELECT meter_id, COUNT(*) FROM reading WHERE kind = 'interval' GROUP BY meter_id")
            if int(row[1]) >= 1] if int(self.park.sql(
                "SELECT COUNT(DISTINCT meter_id) FROM reading WHERE kind = 'interval'")[0][0]) == 8 else None, 90)
        self.assertEqual(len(rows), 8)
        twice = self.park.sql("SELECT meter_id FROM reading WHERE kind = 'interval' GROUP BY meter_id,"
                              " TIMESTAMPDIFF(MINUTE, '2026-01-01', taken_at) HAVING COUNT(*) > 1")
        self.assertEqual(twice, [])

    def test_a_silent_meter_is_alone_in_its_silence(self):
        silent, other = self.park.meters[0], self.park.meters[1]
        self.park.sim("fault", meter=silent, kind="silent")
        lib.wait_for("silent_since", lambda: self.health(silent, "silent_since_at IS NOT NULL") == 1, 30)
        lib.wait_for("its alarm", lambda: self.park.sql(
            "SELECT 1 FROM alarm a JOIN meter m ON m.id = a.object_id WHERE a.kind = 'meter_silent' AND a.object_kind = 'meter'"
            f" AND a.closed_at IS NULL AND m.number = '{silent}'"), 30)
        self.fresh(other)
        self.park.sim("clear")
        lib.wait_for("its voice", lambda: self.health(silent, "silent_since_at IS NOT NULL") == 0, 60)
        lib.wait_for("the alarm closed", lambda: not self.park.sql(
            "SELECT 1 FROM alarm WHERE kind = 'meter_silent' AND closed_at IS NULL"), 30)

    def test_a_dead_gateway_is_one_alarm(self):
        self.park.sim("fault", gateway="G02", kind="drop_gateway")
        lib.wait_for("one alarm of the gateway", lambda: self.park.sql(
            "SELECT 1 FROM alarm WHERE kind = 'gateway_silent' AND closed_at IS NULL"), 30)
        self.fresh(self.park.meters[0])
        self.assertEqual(self.park.sql("SELECT COUNT(*) FROM alarm WHERE kind = 'meter_silent' AND closed_at IS NULL"), [["0"]])
        self.park.sim("clear")
        self.fresh(self.park.meters[-1], 60)
        lib.wait_for("the alarm closed", lambda: not self.park.sql(
            "SELECT 1 FROM alarm WHERE kind = 'gateway_silent' AND closed_at IS NULL"), 30)

    def wire_fault(self, kind, column, **more):
        """A fault on one meter of each link: counted for that meter, its figures stay right, the others go on."""
        for number in (self.park.meters[2], self.park.meters[6]):
            with self.subTest(kind=kind, meter=number):
                self.park.sim("set", meter=number, balance_fen=77700, load_w=0)
                before = {name: self.health(name, column) for name in self.park.meters}
                self.park.sim("fault", meter=number, kind=kind, count=3, **more)
                lib.wait_for(f"{kind} counted as {column}", lambda n=number: sum(
                    self.health(name, column) for name in self.park.meters) > sum(before.values()), 40)
                self.park.sim("clear")
                self.fresh(number, 60)
                lib.wait_for("the right balance", lambda n=number: self.state(n, "s.balance_fen") == ["77700"])
                for name in self.park.meters:
                    truth = self.park.sim("get", meter=name)
                    shown = int(self.state(name, "s.balance_fen")[0])
                    # nobody shows another meter's money: a few fen of use may lie between
                    self.assertLess(abs(truth["balance_fen"] - shown), 500, f"{name} after {kind} of {number}")
                self.park.sim("set", meter=number, load_w=-1)

    def test_corrupt(self):
        self.wire_fault("corrupt", "crc_errors + timeouts + foreign_frames")

    def test_truncated(self):
        self.wire_fault("truncated", "timeouts + crc_errors + foreign_frames")

    def test_foreign(self):
        self.wire_fault("foreign", "foreign_frames")

    def test_stray(self):
        self.wire_fault("stray", "foreign_frames")

    def test_late(self):
        self.wire_fault("late", "late_frames + timeouts", delay_ms=700)

    def test_doubled(self):
        self.wire_fault("doubled", "late_frames + foreign_frames")

    def test_echo(self):
        number = self.park.meters[6]  # RTU over TCP: the adapter sends our own request back first
        self.park.sim("fault", meter=number, kind="echo", count=5)
        self.fresh(number, 30)
        truth = self.park.sim("get", meter=number)
        self.assertLess(abs(truth["balance_fen"] - int(self.state(number, "s.balance_fen")[0])), 500)

    def test_slow_gateway_queue(self):
        self.park.sim("fault", line="L02", kind="slow_queue", delay_ms=900, count=6)
        self.fresh(self.park.meters[0])
        self.park.sim("clear")
        self.fresh(self.park.meters[-1], 60)
        for name in self.park.meters[4:]:
            self.fresh(name, 30)
            truth = self.park.sim("get", meter=name)
            self.assertLess(abs(truth["balance_fen"] - int(self.state(name, "s.balance_fen")[0])), 500)

    def test_a_swapped_meter_freezes_its_supply_at_the_next_order(self):
        number = self.park.meters[3]
        self.park.sim("swap", meter=number, serial_number="990000000001")
        staff = self.park.log_in("engineer")
        order = staff.order(number, "trip")
        ended = staff.ended(order["id"])
        self.assertEqual((ended["state"], ended["result_code"]), ("refused", "serial_mismatch"))
        lib.wait_for("the register that went back is an alarm", lambda: self.park.sql(
            "SELECT 1 FROM alarm a JOIN meter m ON m.id = a.object_id WHERE a.kind = 'energy_back' AND a.object_kind = 'meter'"
            f" AND m.number = '{number}'"), 20)
        frozen = self.park.sql(f"SELECT frozen_reason FROM supply s JOIN meter m ON m.id = s.meter_id WHERE m.number = '{number}'")
        self.assertEqual(frozen, [["serial_mismatch"]])
        self.assertEqual(self.park.sim("get", meter=number)["frames_write"], 0)

    def test_z_live_alarms_and_redis_hold_the_last_values(self):
        keys = self.park.redis("HLEN", "pw:last")
        self.assertEqual(keys, "8")
        self.assertGreater(int(self.park.redis("XLEN", "pw:stream:reading")), 0)


if __name__ == "__main__":
    unittest.main()
