"""Money out of a meter by adjustment: the forced trip proved, absolute values committed, written, read back; what left is posted."""
import signal
import unittest

import lib
from pay import DeliveryCase

WRITE = 32


class Adjustments(DeliveryCase):
    meters = 5

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rows = cls.park.sql("SELECT id FROM user ORDER BY id LIMIT 2")
        cls.maker, cls.checker = (int(row[0]) for row in rows)

    def setUp(self):
        self.number = self.park.meters[type(self).turn]
        type(self).turn += 1
        self.park.sim("set", meter=self.number, balance_fen=50000, load_w=0)
        self.supply = self.till.row(self.number)[0]
        self.park.sql(f"UPDATE supply_epoch SET open_balance_fen = 50000 WHERE supply_id = {self.supply}")
        # the ledger knows the opening money, so that it can leave
        self.park.sql(f"""
INSERT IGNORE INTO ledger_account (code) VALUES ('opening');
INSERT IGNORE INTO ledger_account (code, supply_id) VALUES ('tenant_liability', {self.supply});
INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT 'opening', 'epoch', e.id, d.id, c.id, 50000, UTC_TIMESTAMP(3) FROM supply_epoch e, ledger_account d, ledger_account c
  WHERE e.supply_id = {self.supply} AND d.code = 'opening' AND c.code = 'tenant_liability' AND c.supply_id = {self.supply};""")

    def approve(self, amount_fen, kind="refund", delivery="NULL"):
        return int(self.park.sql(f"""
INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, delivery_id, amount_fen, state, reason, maker_id, checker_id)
  SELECT '{kind}', account_id, s.id, s.epoch, s.meter_id, {delivery}, {amount_fen}, 'approved', 'test', {self.maker}, {self.checker}
  FROM supply s JOIN account_supply a ON a.live_supply = s.id WHERE s.id = {self.supply};
SELECT LAST_INSERT_ID();""")[0][0])

    def row(self, adjustment):
        names = "state old_balance_fen new_balance_fen left_fen writes old_count read_count".split()
        return dict(zip(names, self.park.sql(f"SELECT {', '.join(names)} FROM adjustment WHERE id = {adjustment}")[0]))

    def ended(self, adjustment, seconds=60):
        def look():
            row = self.row(adjustment)
            return row if row["state"] in ("applied", "refused", "manual") else None
        try:
            return lib.wait_for(f"adjustment {adjustment}", look, seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.row(adjustment)}") from None

    def posted(self, adjustment):
        return [int(row[0]) for row in self.park.sql(
            f"SELECT amount_fen FROM transfer WHERE object_kind = 'adjustment' AND object_id = {adjustment}")]

    def finished(self, adjustment, left_fen):
        row = self.ended(adjustment)
        self.assertEqual((row["state"], row["left_fen"]), ("applied", str(left_fen)), row)
        self.assertEqual(self.truth()["balance_fen"], 50000 - left_fen)
        self.assertEqual(row["old_count"], row["read_count"])
        self.assertEqual(self.posted(adjustment), [left_fen])
        lib.wait_for("the trip to be lifted", lambda: self.truth()["forced"] == "none" and self.truth()["relay"] == "closed", 30, 0.1)
        self.till.check(self)
        return row

    def test_a_refund_leaves_the_meter(self):
        self.finished(self.approve(20000), 20000)

    def test_applied_without_an_answer(self):
        self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=WRITE, count=1)
        row = self.finished(self.approve(12345), 12345)
        self.assertEqual(row["writes"], "1")

    def test_a_lost_frame_is_written_again(self):
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count=2)
        row = self.finished(self.approve(500), 500)
        self.assertEqual(row["writes"], "3")

    def test_no_more_leaves_than_is_there(self):
        adjustment = self.approve(99999)
        row = self.ended(adjustment)
        self.assertEqual((row["state"], row["left_fen"]), ("applied", "50000"), row)

    def test_the_poller_dies_between_mark_and_frame_and_after_it(self):
        for point in ("mb.pre_write", "mb.post_write", "adj.pre_commit", "adj.post_commit"):
            before = self.truth()["balance_fen"]
            self.restart(f"{point}=kill")
            adjustment = self.approve(1000)
            self.assertEqual(self.poller_ends(60), -signal.SIGKILL, point)
            self.park.start_poller()
            row = self.ended(adjustment)
            self.assertEqual((row["state"], row["left_fen"]), ("applied", "1000"), point)
            self.assertEqual(self.truth()["balance_fen"], before - 1000, point)
            lib.wait_for("the trip to be lifted", lambda: self.truth()["forced"] == "none" and self.truth()["relay"] == "closed", 30, 0.1)
        self.till.check(self)

    def test_a_relay_that_does_not_open_refuses(self):
        self.park.sim("set", meter=self.number, relay_stuck=1)
        adjustment = self.approve(1000)
        self.assertEqual(self.ended(adjustment)["state"], "refused")
        self.assertEqual(self.truth()["balance_fen"], 50000)
        self.assertEqual(self.posted(adjustment), [])

    def test_the_fence_of_a_torn_delivery(self):
        """A frame whose outcome nobody may wait for any longer: its count is burnt absolutely, its money is free to go back."""
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count="forever")
        purchase = self.till.buy(self.number, 3000)
        lib.wait_for("a frame", lambda: int(self.till.delivery(purchase)["sends"]) >= 1, 30, 0.1)
        delivery = self.till.delivery(purchase)["id"]
        self.till.waits(purchase, "hold", "meter_refuses", 60)
        self.park.sim("clear")
        adjustment = self.approve(0, "fence", delivery)
        self.assertEqual(self.ended(adjustment)["state"], "applied")
        self.assertEqual(self.till.delivery(purchase)["state"], "fenced")
        self.till.check(self)


if __name__ == "__main__":
    unittest.main()
