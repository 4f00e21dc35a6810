"""Fault matrix on the wire: what is lost, late, broken or cut between poller and meter (F5 to F8, F16) and meters that are not what
they were (F17), at P6 to P10. Each paid purchase is applied exactly once with no hand, or stands in a named human state."""
import unittest

import lib
from pay import DeliveryCase

WRITE, READ = 32, 3  # Modbus functions: the purchase frame; serial number and evidence

# cell: (kind of fault, function, count, delay_ms). Those that reads suffer come before the claim and in the read-back.
CELLS = {
    "F5_P7_the_frame_waits_in_the_gateway": ("slow_queue", None, 3, 900),
    "F5_P8_the_answer_comes_late": ("late", WRITE, 1, 900),
    "F5_P9_the_read_back_comes_late": ("late", READ, 4, 900),
    "F6_P8_applied_and_no_answer": ("apply_no_answer", WRITE, 1, 0),
    "F6_P8_applied_and_an_error": ("apply_then_error", WRITE, 1, 0),
    "F7_P7_the_frame_is_lost": ("silent", WRITE, 1, 0),
    "F7_P7_two_frames_are_lost": ("silent", WRITE, 2, 0),
    "F7_P9_the_reads_are_lost": ("silent", READ, 5, 0),
    "F8_P8_a_flipped_bit": ("corrupt", WRITE, 1, 0),
    "F8_P8_half_an_answer": ("truncated", WRITE, 1, 0),
    "F8_P8_the_answer_twice": ("doubled", WRITE, 1, 0),
    "F8_P8_another_unit_answers": ("foreign", WRITE, 1, 0),
    "F8_P8_a_stray_frame_first": ("stray", WRITE, 1, 0),
    "F8_P8_an_echo_first": ("echo", WRITE, 1, 0),
    "F8_P9_a_flipped_bit": ("corrupt", READ, 4, 0),
    "F8_P9_half_an_answer": ("truncated", READ, 4, 0),
    "F8_P9_the_answer_twice": ("doubled", READ, 4, 0),
    "F8_P9_another_unit_answers": ("foreign", READ, 4, 0),
    "F8_P9_a_stray_frame_first": ("stray", READ, 4, 0),
}


class Wire(DeliveryCase):
    def fault(self, kind, function, count, delay_ms):
        more = {"kind": kind, "count": count}
        if function:
            more["function"] = function
        if delay_ms:
            more["delay_ms"] = delay_ms
        if kind in ("slow_queue", "drop_gateway"):
            more["line" if kind == "slow_queue" else "gateway"] = self.line() if kind == "slow_queue" else self.gateway()
        else:
            more["meter"] = self.number
        self.park.sim("fault", **more)

    def line(self):
        return self.park.sql(f"SELECT l.code FROM line l JOIN meter m ON m.line_id = l.id WHERE m.number = '{self.number}'")[0][0]

    def gateway(self):
        return self.park.sql("SELECT g.code FROM gateway g JOIN line l ON l.gateway_id = g.id JOIN meter m ON m.line_id = l.id"
                             f" WHERE m.number = '{self.number}'")[0][0]

    def run_cell(self, kind, function, count, delay_ms):
        before = self.truth()["credits"]
        self.fault(kind, function, count, delay_ms)
        purchase = self.buy()
        self.confirmed(purchase)
        self.assertEqual(self.truth()["credits"], before + 1)

    # ---- F16: the gateway

    def test_F16_P7_the_gateway_drops_and_comes_back(self):
        self.fault("drop_gateway", None, "forever", 0)
        purchase = self.buy()
        self.till.waits(purchase, "pending")
        self.park.sim("clear")
        self.confirmed(purchase)

    def test_F16_P8_the_gateway_drops_after_the_frame(self):
        self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=WRITE, count=1)
        credits = self.truth()["credits"]
        purchase = self.buy()
        self.park.sim("wait", meter=self.number, until=f"credits>={credits + 1}", timeout_ms=20000)
        self.fault("drop_gateway", None, "forever", 0)
        self.till.waits(purchase, "sending")
        self.park.sim("clear")
        self.confirmed(purchase)

    def test_F16_P9_another_gateway_is_not_held_up(self):
        self.fault("drop_gateway", None, "forever", 0)
        purchase = self.buy()
        other = self.park.meters[-1] if self.line() == "L01" else self.park.meters[0]
        quick = self.till.buy(other, 777)
        self.assertEqual(self.till.ended(quick, self.SETTLE_S)["state"], "confirmed")
        self.assertEqual(self.till.delivery(purchase)["state"], "pending")
        self.park.sim("clear")
        self.confirmed(purchase)

    def test_F16_P8_slow_bytes_do_not_stop_the_line(self):
        """A meter that hears no purchase for a while: the others of its line are polled all the time."""
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count=3)
        purchase = self.buy()
        self.till.waits(purchase, "sending")
        frames = self.park.sim("get", meter=self.neighbour())["frames"]
        self.park.sim("wait", meter=self.neighbour(), until=f"frames>={frames + 2}", timeout_ms=10000)
        self.confirmed(purchase)

    def neighbour(self):
        numbers = [row[0] for row in self.park.sql("SELECT o.number FROM meter m JOIN meter o ON o.line_id = m.line_id AND o.id <> m.id"
                                                   f" WHERE m.number = '{self.number}' ORDER BY o.id")]
        return numbers[0]


def add(name, cell):
    setattr(Wire, f"test_{name}", lambda self: self.run_cell(*cell))


for cell_name, cell_facts in CELLS.items():
    add(cell_name, cell_facts)


class Meters(DeliveryCase):
    """F17: the meter is not what it was. Nothing is written any more; a person sees it."""

    meters = 6

    def setUp(self):
        self.number = self.park.meters[type(self).turn]  # each test needs a meter of its own
        type(self).turn += 1

    def tearDown(self):
        super().tearDown()
        self.till.check(self, settled=False, but=("I09",))  # its count is really not ours: that is what the freeze says

    def frozen(self):
        row = self.park.sql("SELECT COALESCE(s.frozen_reason, '') FROM supply s JOIN meter m ON m.id = s.meter_id"
                            f" WHERE m.number = '{self.number}'")
        return row[0][0]

    def alarm(self, kind):
        return self.park.sql("SELECT COUNT(*) FROM alarm a JOIN supply s ON a.object_kind = 'supply' AND a.object_id = s.id JOIN meter m"
                             f" ON m.id = s.meter_id WHERE a.kind = '{kind}' AND a.closed_at IS NULL AND m.number = '{self.number}'") == [["1"]]

    def in_flight(self):
        """A delivery whose frame is lost and whose meter then does not answer."""
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE)
        purchase = self.buy()
        self.till.waits(purchase, "sending")
        lib.wait_for("a frame", lambda: int(self.till.delivery(purchase)["sends"]) >= 1, 20, 0.05)
        self.park.sim("fault", meter=self.number, kind="silent")
        return purchase

    def test_F17_P6_another_meter_answers(self):
        self.park.sim("swap", meter=self.number)
        writes = self.truth()["write_frames"]
        purchase = self.buy()
        lib.wait_for("the freeze", lambda: self.frozen() == "serial_mismatch", self.SETTLE_S)
        self.assertTrue(self.alarm("serial_mismatch"))
        self.till.waits(purchase, "pending", "frozen")
        self.assertEqual(self.truth()["write_frames"], writes)

    def test_F17_P6_a_card_purchase_came_between(self):
        self.park.sim("foreign_purchase", meter=self.number, amount_fen=2000)
        writes = self.truth()["write_frames"]
        purchase = self.buy()
        lib.wait_for("the freeze", lambda: self.frozen() == "count_mismatch", self.SETTLE_S)
        self.assertTrue(self.alarm("count_mismatch"))
        self.till.waits(purchase, "pending", "frozen")
        self.assertEqual(self.truth()["write_frames"], writes)

    def test_F17_P8_the_power_is_cut_between_purse_and_count(self):
        self.park.sim("fault", meter=self.number, kind="power_cut_between_purse_and_count", count=1)
        purchase = self.buy()
        row = self.till.ended(purchase, self.SETTLE_S, ("manual",))
        self.assertEqual((row["wait_code"], self.frozen(), row["sends"]), ("freeze", "count_mismatch", "1"))
        self.assertTrue(self.alarm("delivery_manual"))

    def test_F17_P9_the_count_is_reset_in_flight(self):
        purchase = self.in_flight()
        self.park.sim("count_reset", meter=self.number)
        self.park.sim("clear")
        row = self.till.ended(purchase, 60, ("manual",))
        self.assertEqual((row["wait_code"], self.frozen()), ("freeze", "count_mismatch"))

    def test_F17_P9_the_meter_is_swapped_in_flight(self):
        purchase = self.in_flight()
        self.park.sim("swap", meter=self.number)
        self.park.sim("clear")
        row = self.till.ended(purchase, 60, ("manual",))
        self.assertEqual((row["wait_code"], self.frozen()), ("serial_mismatch", "serial_mismatch"))

    def test_F17_P10_somebody_else_takes_our_count_in_flight(self):
        purchase = self.in_flight()
        self.park.sim("foreign_purchase", meter=self.number, amount_fen=1234)
        self.park.sim("clear")
        row = self.till.ended(purchase, 60, ("manual",))
        self.assertEqual((row["wait_code"], self.frozen()), ("freeze", "count_mismatch"))


if __name__ == "__main__":
    unittest.main()
