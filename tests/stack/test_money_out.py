"""Money out over HTTP and on a real field: refunds, adjustments, suspense, and the list of all that waits."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402

LEDGER = ("INSERT IGNORE INTO ledger_account (code, channel) VALUES ('suspense', NULL), ('receivable', 'wechat');"
          "INSERT INTO payment (order_number, channel, amount_fen, state, disposition, suspense_reason, provider_transaction,"
          " settled_at) VALUES ('{0}', 'wechat', {1}, 'settled', 'suspense', 'no_order', '{0}', UTC_TIMESTAMP(3));"
          "SET @payment = LAST_INSERT_ID();"
          "INSERT INTO payment_event (payment_id, source, channel, provider_transaction, order_number, paid, amount_fen, verified,"
          " verdict) VALUES (@payment, 'notice', 'wechat', '{0}', 'x', 1, {1}, 1, 'no_order');"
          "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) SELECT 'payment_suspense',"
          " 'payment', @payment, d.id, c.id, {1}, UTC_TIMESTAMP(3) FROM ledger_account d, ledger_account c"
          " WHERE d.code = 'receivable' AND d.channel = 'wechat' AND c.code = 'suspense'; SELECT @payment")


class Out(money.Case):
    def tearDown(self):
        self.sql("UPDATE line SET writable = 1")
        super().tearDown()

    def waiting(self, kind):
        return [item for item in self.clerk.get("/waiting")["items"] if item["kind"] == kind]

    def payment_of(self, purchase):
        return self.clerk.get(f"/purchases/{purchase['id']}")["payments"][0]["id"]

    def ask(self, payment, reason="不要了", who=None):
        return (who or self.clerk).post(f"/payments/{payment}/refunds", {"reason": reason}, str(uuid.uuid4()))

    def test_refund_of_what_never_left(self):
        row, purchase = self.held_sale("M001", 12000)
        payment = self.payment_of(purchase)
        approval = self.ask(payment)
        self.assertEqual((approval["kind"], approval["state"]), ("refund", "open"))
        self.assertIn("120.00", approval["summary_zh"])
        self.refused(409, "conflict", "payment_id", self.ask, payment)
        self.decide(approval["id"])
        waits = self.waiting("refund_to_pay")
        self.assertEqual([(item["amount_fen"], [b["code"] for b in item["buttons"]]) for item in waits], [(12000, ["pay"])])
        refund = waits[0]["object_id"]
        done = self.clerk.post(f"/refunds/{refund}/pay", None, str(uuid.uuid4()))
        self.assertEqual(done["state"], "succeeded")
        page = self.clerk.get(f"/purchases/{purchase['id']}")
        self.assertEqual((page["state"], page["delivery"]["state"], page["payments"][0]["disposition"]),
                         ("refunded", "cancelled", "refunded"))
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/refunds/{refund}/pay", None, str(uuid.uuid4()))
        self.assertEqual(self.clerk.get("/refunds?state=succeeded")["items"][0]["id"], refund)
        self.assertEqual(self.supply("M001")["on_its_way_fen"], 0)
        self.assertEqual(row["meter_number"], "M001")

    def test_rejected_is_over(self):
        _, purchase = self.held_sale("M002", 9000)
        payment = self.payment_of(purchase)
        approval = self.ask(payment)
        self.decide(approval["id"], "reject", "不同意")
        self.assertEqual(self.one(f"SELECT state FROM refund WHERE payment_id = {payment}"), "rejected")
        self.ask(payment)  # may be asked again
        self.sql("UPDATE line SET writable = 1")
        self.delivered(purchase)

    def test_in_the_meter_is_no_refund(self):
        purchase = self.delivered(self.sell(self.have_account("M003"), 8000))
        self.refused(409, "in_the_meter", "payment_id", self.ask, self.payment_of(purchase))

    def test_suspense(self):
        payment = int(self.sql(LEDGER.format("WX1", 6600))[-1][0])
        item = self.waiting("suspense")[0]
        self.assertEqual((item["amount_fen"], item["code"], [b["code"] for b in item["buttons"]]),
                         (6600, "no_order", ["deliver", "refund"]))
        decide = lambda **body: self.clerk.post(f"/payments/{payment}/decision", {"reason": "核实", **body}, str(uuid.uuid4()))
        self.refused(400, "invalid_field", "supply_id", decide, decision="deliver")
        self.refused(400, "unknown_supply", "supply_id", decide, decision="deliver", supply_id=999999)
        decide(decision="keep")
        self.assertEqual(self.waiting("suspense")[0]["owner_name"], "Finance")
        row = self.have_account("M004")
        purchase = decide(decision="deliver", supply_id=row["supply_id"])["purchase"]
        self.assertEqual(purchase["origin"], "suspense")
        self.delivered(purchase)
        self.refused(409, "wrong_state", "disposition", decide, decision="keep")
        payment = int(self.sql(LEDGER.format("WX2", 100))[-1][0])
        self.decide(self.ask(payment)["id"])
        refund = self.clerk.get("/refunds?state=approved")["items"][0]["id"]
        self.refused(409, "not_at_counter", "channel", self.clerk.post, f"/refunds/{refund}/pay", None, str(uuid.uuid4()))

    def adjust(self, row, kind, amount_fen, **more):
        supply = row["supply_id"]
        return self.clerk.post(f"/supplies/{supply}/adjustments", {"kind": kind, "amount_fen": amount_fen, "reason": "测试", **more},
                               str(uuid.uuid4()))

    def test_paper_of_an_adjustment_is_seen_by_those_who_see_it(self):
        row = self.have_account("M004")
        paper = self.clerk.post("/documents", raw=b"%PDF-1.7\nwhy\n%%EOF\n", headers={"X-File-Name": "why.pdf"})
        engineer = self.park.log_in("engineer")
        self.refused(404, "not_found", "", engineer.get, f"/documents/{paper['id']}")
        approval = self.adjust(row, "correction", 100, evidence_sha256=paper["sha256"])
        asked = self.clerk.get("/adjustments?state=asked")["items"]
        self.assertEqual([one["document_id"] for one in asked if one["approval_id"] == approval["id"]], [paper["id"]])
        self.assertEqual(lib.Client.get(engineer, f"/documents/{paper['id']}").status, 200)
        papers = self.clerk.get(f"/accounts/{row['account_id']}/documents")["items"]
        self.assertEqual((papers[0]["id"], papers[0]["file_name"]), (paper["id"], "why.pdf"))
        self.decide(approval["id"], "reject")

    def test_adjustments_are_asked_for(self):
        row = self.have_account("M003")
        self.refused(400, "invalid_field", "amount_fen", self.adjust, row, "refund", 0)
        self.refused(400, "invalid_field", "amount_fen", self.adjust, row, "refund", -5)
        self.refused(400, "invalid_field", "amount_fen", self.adjust, row, "refund", 10**13)
        self.refused(409, "exceeds_balance", "amount_fen", self.adjust, row, "refund", 10**11)
        self.refused(400, "invalid_field", "purchase_id", self.adjust, row, "reversal", 100)
        self.refused(400, "invalid_field", "purchase_id", self.adjust, row, "reversal", 100, purchase_id=999999)
        self.refused(400, "invalid_field", "evidence_sha256", self.adjust, row, "refund", 100, evidence_sha256="z" * 64)
        self.refused(400, "invalid_field", "right_supply_id", self.adjust, row, "correction", 100, right_supply_id=1)
        self.refused(400, "invalid_field", "evidence_sha256", self.adjust, row, "correction", 100)
        self.refused(400, "invalid_field", "evidence_sha256", self.adjust, row, "correction", -100)
        for kind, amount_fen in (("refund", 100), ("correction", 100), ("correction", -100)):  # a paper that nobody gave
            self.refused(400, "no_document", "evidence_sha256", self.adjust, row, kind, amount_fen, evidence_sha256="5a" * 32)
        approval = self.adjust(row, "correction", 100, evidence_sha256=money.PAPER)
        self.assertEqual(approval["kind"], "correction")
        self.decide(approval["id"], "reject", "不")
        self.assertEqual([item["state"] for item in self.clerk.get("/adjustments")["items"]][:1], ["rejected"])

    def applied(self, adjustment):
        def look():
            row = next(item for item in self.clerk.get("/adjustments")["items"] if item["id"] == adjustment)
            assert row["state"] in ("approved", "writing", "applied"), row
            return row if row["state"] == "applied" else None
        return lib.wait_for(f"adjustment {adjustment} to be applied", look, 60, 0.2)

    def test_money_leaves_the_meter_and_is_paid_back(self):
        row = self.have_account("M001")
        purchase = self.delivered(self.sell(row, 30000))
        payment = self.payment_of(purchase)
        approval = self.adjust(row, "refund", 20000)
        self.assertIn("200.00", approval["summary_zh"])
        self.decide(approval["id"])
        adjustment = self.clerk.get("/adjustments")["items"][0]["id"]
        done = self.applied(adjustment)
        self.assertEqual(done["left_fen"], 20000)
        self.assertEqual([item["object_id"] for item in self.waiting("adjustment_to_pay")], [adjustment])
        refund = self.clerk.post(f"/adjustments/{adjustment}/refund", {"payment_id": payment}, str(uuid.uuid4()))
        self.assertEqual((refund["state"], refund["amount_fen"]), ("approved", 20000))
        self.refused(409, "conflict", "", self.clerk.post, f"/adjustments/{adjustment}/refund",
                     {"payment_id": payment}, str(uuid.uuid4()))
        paid = self.clerk.post(f"/refunds/{refund['id']}/pay", None, str(uuid.uuid4()))
        self.assertEqual(paid["state"], "succeeded")
        self.assertEqual(self.waiting("adjustment_to_pay"), [])

    def ledger(self, code, supply="NULL"):
        """What stands on the credit side of an account."""
        return int(self.one("SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a"
                            f" JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = '{code}' AND a.supply_id <=> {supply}"))

    def truth(self, number):
        return self.park.sim("get", meter=number)

    def test_a_correction_gives_money_without_cutting_the_shop_off(self):
        row = self.have_account("M004")
        self.park.sim("set", meter="M004", load_w=0)
        supply, before = row["supply_id"], self.truth("M004")["balance_fen"]
        held, corrections = self.ledger("tenant_liability", supply), self.ledger("corrections")
        approval = self.adjust(row, "correction", -1234, evidence_sha256=money.PAPER)
        self.assertIn("12.34", approval["summary_zh"])
        self.refused(409, "conflict", "", self.adjust, row, "correction", -1234, evidence_sha256=money.PAPER)
        with self.assertRaises(Exception) as caught:  # its maker may not agree
            self.clerk.post(f"/approvals/{approval['id']}/decision", {"decision": "approve", "reason": "x", "totp": "000000"},
                            str(uuid.uuid4()))
        self.assertIn(caught.exception.status, (401, 403))
        self.decide(approval["id"])
        found = self.clerk.get(f"/purchases?supply_id={supply}")["items"][0]
        self.assertEqual((found["origin"], found["amount_fen"]), ("correction", 1234))
        self.delivered(found)
        after = self.truth("M004")
        self.assertEqual((after["balance_fen"], after["forced"]), (before + 1234, "none"))
        self.assertEqual((self.ledger("tenant_liability", supply), self.ledger("corrections")), (held + 1234, corrections - 1234))
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM command WHERE supply_id = {supply} AND kind = 'trip'"), "0")

    def test_a_correction_takes_money(self):
        row = self.have_account("M003")
        self.park.sim("set", meter="M003", balance_fen=90000, load_w=0)
        lib.wait_for("the balance to be read", lambda: self.supply("M003")["balance_fen"] == 90000, 30, 0.1)
        supply = row["supply_id"]
        held, corrections = self.ledger("tenant_liability", supply), self.ledger("corrections")
        approval = self.adjust(row, "correction", 2500, evidence_sha256=money.PAPER)
        self.decide(approval["id"])
        done = self.applied(self.clerk.get("/adjustments")["items"][0]["id"])
        self.assertEqual((done["kind"], done["left_fen"], done["old_balance_fen"], done["read_balance_fen"]),
                         ("correction", 2500, 90000, 87500))
        self.assertEqual(self.truth("M003")["balance_fen"], 87500)
        self.assertEqual((self.ledger("tenant_liability", supply), self.ledger("corrections")), (held - 2500, corrections + 2500))
        lib.wait_for("power again", lambda: self.truth("M003")["forced"] == "none", 30, 0.1)

    def test_wrong_shop_gets_its_money_at_once(self):
        wrong, right = self.have_account("M001"), self.have_account("M002")
        corrections = self.ledger("corrections")
        purchase = self.delivered(self.sell(wrong, 5000))
        self.refused(400, "invalid_field", "right_supply_id", self.adjust, wrong, "wrong_shop", 5000, purchase_id=purchase["id"])
        approval = self.adjust(wrong, "wrong_shop", 5000, purchase_id=purchase["id"], right_supply_id=right["supply_id"])
        self.sql("UPDATE line SET writable = 0")
        self.decide(approval["id"])
        found = self.clerk.get(f"/purchases?supply_id={right['supply_id']}")["items"][0]
        self.assertEqual((found["origin"], found["amount_fen"], found["state"]), ("wrong_shop", 5000, "paid"))
        self.sql("UPDATE line SET writable = 1")
        self.delivered(found)
        done = self.applied(self.clerk.get("/adjustments")["items"][0]["id"])
        self.assertEqual((done["kind"], done["left_fen"]), ("wrong_shop", 5000))
        # What the right shop was given came back from the wrong one: corrections stand where they stood.
        self.assertEqual(self.ledger("corrections"), corrections)

    def test_a_person_decides_a_delivery(self):
        _, purchase = self.held_sale("M004", 7700)
        delivery = self.clerk.get(f"/purchases/{purchase['id']}")["delivery"]["id"]
        decide = lambda decision: self.clerk.post(f"/deliveries/{delivery}/decision", {"decision": decision, "reason": "核实"},
                                                  str(uuid.uuid4()))
        self.refused(409, "conflict", "", decide, "fence")
        self.refused(409, "conflict", "", decide, "confirm")
        self.assertEqual(decide("cancel")["purchase"]["delivery_state"], "cancelled")
        self.refused(409, "conflict", "", decide, "resend")

    def test_two_people_say_that_it_is_in_the_meter(self):
        purchase = self.delivered(self.sell(self.have_account("M002"), 4400))
        delivery = purchase["delivery"]["id"]
        # As a read-back leaves it that could prove neither: everything before its end, undone.
        self.sql(f"UPDATE delivery SET state = 'manual', ended_at = NULL, wait_code = 'person' WHERE id = {delivery};"
                 f"UPDATE purchase SET state = 'paid', ended_at = NULL, power_at = NULL WHERE id = {purchase['id']};"
                 f"UPDATE payment SET disposition = 'pending' WHERE purchase_id = {purchase['id']};"
                 f"DELETE FROM transfer WHERE posting = 'delivery_confirmed' AND object_id = {delivery}")
        item = self.waiting("delivery_manual")[0]
        self.assertEqual((item["object_id"], [b["code"] for b in item["buttons"]]), (delivery, ["resend", "confirm"]))
        answer = self.clerk.post(f"/deliveries/{delivery}/decision", {"decision": "confirm", "reason": "现场核对"}, str(uuid.uuid4()))
        self.assertEqual(answer["approval"]["kind"], "delivery_confirmed")
        self.decide(answer["approval"]["id"])
        self.assertEqual(self.clerk.get(f"/purchases/{purchase['id']}")["state"], "delivered")

    def test_nothing_to_pay_out(self):
        adjustment = 999999
        self.refused(404, "not_found", "", self.clerk.post, f"/adjustments/{adjustment}/refund", {"payment_id": 1}, str(uuid.uuid4()))


if __name__ == "__main__":
    unittest.main()
