"""What tests of money share: a park with accounts, the counter, and the books at the end.

    class Sale(money.Case):
        def test_x(self): ...
"""
import hashlib
import unittest
import uuid

import invariants
import lib
import park as parks


PAPER_BYTES = b"%PDF-1.7\npaper\n%%EOF\n"
PAPER = hashlib.sha256(PAPER_BYTES).hexdigest()  # of a paper that Case gives to the park


class Case(unittest.TestCase):
    """One park for the class; every test ends with all invariants."""

    meters = 4
    lines = 1
    settings = {"poller__slow_read_s": 10}
    external = ()  # meters, counted from 0, that drive an external breaker

    @classmethod
    def setUpClass(cls):
        cls.park = parks.Park(lines=cls.lines, meters=cls.meters, settings=cls.settings, external=cls.external)
        try:
            cls.park.start()
            cls.clerk = cls.park.log_in("finance")
            cls.clerk.post("/documents", raw=PAPER_BYTES, headers={"X-File-Name": "paper.pdf"})
        except BaseException:
            cls.park.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.park.stop()

    def tearDown(self):
        self.assertEqual(invariants.check(self.park), {})

    def sql(self, text):
        return self.park.sql(text)

    def one(self, text):
        return self.sql(text)[0][0]

    def refused(self, status, code, field, act, *args, **more):
        """The act is refused so, and no row of money was written."""
        before = self.books()
        with self.assertRaises(parks.ApiError) as caught:
            act(*args, **more)
        problem = caught.exception.problem
        self.assertEqual((caught.exception.status, problem.get("code"), problem.get("field", "")), (status, code, field), problem)
        self.assertTrue(problem.get("detail"), problem)
        self.assertEqual(self.books(), before)
        return problem

    def books(self):
        return self.sql("SELECT (SELECT COUNT(*) FROM purchase), (SELECT COUNT(*) FROM payment), (SELECT COUNT(*) FROM transfer),"
                        " (SELECT COUNT(*) FROM delivery), (SELECT COUNT(*) FROM payment_event), (SELECT COUNT(*) FROM account),"
                        " (SELECT COUNT(*) FROM refund), (SELECT COUNT(*) FROM adjustment)")

    # ---- accounts and the counter

    def supply(self, number):
        """The supply of a meter as the counter sees it."""
        rows = self.clerk.get(f"/supplies?query={number}")["items"]
        return next(row for row in rows if row["meter_number"] == number)

    def open_account(self, number, name="海鲜小馆", kind="prepaid", **more):
        body = {"kind": kind, "name": name, "supply_ids": [self.supply(number)["supply_id"]], "open": True, **more}
        return self.clerk.post("/accounts", body, str(uuid.uuid4()))

    def have_account(self, number):
        """Opens one unless somebody has it; the supply's row."""
        row = self.supply(number)
        if row["account_id"] is None:
            self.open_account(number, f"店{number}")
            row = self.supply(number)
        return row

    def sale_body(self, row, amount_fen, **more):
        return {"account_id": row["account_id"], "epoch": row["epoch"], "amount_fen": amount_fen, "channel": "cash", **more}

    def sell(self, row, amount_fen, key=None, who=None, **more):
        supply = row["supply_id"]
        return (who or self.clerk).post(f"/supplies/{supply}/purchases", self.sale_body(row, amount_fen, **more),
                                        key or str(uuid.uuid4()))

    def decide(self, approval, decision="approve", reason="同意"):
        """Another person, who proves who he is; the same one-time code may serve again."""
        if not hasattr(type(self), "boss"):
            lib.add_user(self.park, "boss", "administrator")
            type(self).boss = parks.Session(self.park.office_port)
            assert self.boss.login("boss").status == 200
            type(self).boss_secret = self.boss.enrol()[0]
        self.sql("UPDATE user SET totp_last_step = 0 WHERE name = 'boss'")
        return self.boss.post(f"/approvals/{approval}/decision",
                              {"decision": decision, "reason": reason, "totp": lib.totp(self.boss_secret)}, str(uuid.uuid4()))

    def held_sale(self, number, amount_fen):
        """A sale that stays on its way: its line is read-only. The line's owner opens it again."""
        row = self.have_account(number)
        self.sql("UPDATE line SET writable = 0")
        return row, self.sell(row, amount_fen, warnings_seen=["read_only"])

    def delivered(self, purchase, seconds=30):
        def look():
            now = self.clerk.get(f"/purchases/{purchase['id']}")
            return now if now["state"] == "delivered" else None
        return lib.wait_for(f"purchase {purchase['number']} in the meter", look, seconds, 0.1)
