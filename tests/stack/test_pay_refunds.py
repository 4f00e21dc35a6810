"""Money that goes back through the providers: second and late payments by themselves, others when two people agreed."""
import os
import signal
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import paying  # noqa: E402


class Refunds(paying.Case):
    def setUp(self):
        super().setUp()
        self.sql("UPDATE line SET writable = 1")

    def look_now(self, table, row_id):
        self.sql(f"UPDATE {table} SET next_query_at = UTC_TIMESTAMP(3) WHERE id = {row_id}")
        self.park.redis("RPUSH", "pw:wake:jobs:pay", "1")

    def restart_jobs(self, failpoint=""):
        self.park.stop_one("jobs", signal.SIGKILL)
        self.park.start("jobs", [self.park.program("jobs/paywatt-jobs"), "--config", self.park.ini], env={"PW_FAILPOINT": failpoint})

    def pay(self, name, order, **more):
        self.peer.pay(name, order.number, **more)
        answer = self.peer.send(name, order.number)
        self.assertTrue(self.peer.succeeded(name, answer), answer)

    def second(self, name, amount_fen=2000):
        """Paid, and paid once more by another transaction: the payment in suspense."""
        order = self.open_order(name, amount_fen)
        self.pay(name, order)
        self.pay(name, order)
        rows = self.sql(f"SELECT p.id FROM payment p JOIN payment_event e ON e.payment_id = p.id"
                        f" WHERE e.order_number = '{order.number}' AND p.id <> {order.payment}")
        self.assertEqual(len(rows), 1)
        return order, int(rows[0][0])

    def paid_and_held(self, name, amount_fen=3000):
        """Paid, and its delivery cannot leave."""
        self.sql("UPDATE line SET writable = 1")
        order = self.open_order(name, amount_fen)
        self.sql("UPDATE line SET writable = 0")
        self.pay(name, order)
        return order

    def agreed(self, order):
        """Two people agree that it goes back."""
        approval = self.clerk.post(f"/payments/{order.payment}/refunds", {"reason": "租户要求"}, str(uuid.uuid4()))
        self.assertEqual(self.decide(approval["id"])["state"], "approved")
        self.park.redis("RPUSH", "pw:wake:jobs:pay", "1")

    def refunds_there(self, name, number):
        return sum(1 for key in self.peer.refunds if key == (name, number))

    def refund_id(self, number):
        return self.one(f"SELECT id FROM refund WHERE refund_number = '{number}'")

    def test_01_a_second_payment_goes_back_by_itself(self):
        order, extra = self.second("alipay")
        number, automatic, _ = self.refund_of(extra, "succeeded")
        self.assertEqual((automatic, self.refunds_there("alipay", number)), ("1", 1))
        self.assertEqual(self.sql(f"SELECT disposition, suspense_reason FROM payment WHERE id = {extra}"), [["refunded", "paid_twice"]])
        self.assertEqual(self.sql(f"SELECT maker_id, checker_id, amount_fen FROM refund WHERE refund_number = '{number}'"), [["NULL", "NULL", "2000"]])
        self.purchase(order, "delivered")
        self.assertTrue(self.peer.succeeded("alipay", self.peer.send_refund("alipay", number)), "its notice is known already")
        self.assertTrue(any(row["maker_name"] == "paywatt" for row in self.clerk.get("/refunds?state=succeeded")["items"]))
        acts = {row[0] for row in self.sql(f"SELECT action FROM audit WHERE object_kind = 'payment' AND object_id = {extra} AND actor_kind = 'system'")}
        self.assertLessEqual({"payment.settle", "refund.approve", "refund.pay"}, acts)

    def test_02_taken_now_moved_later(self):
        for name, done in (("wechat", "SUCCESS"), ("unionpay", "00")):
            for how in ("query", "notice"):
                with self.subTest(f"{name}: {how}"):
                    _, extra = self.second(name)
                    number = self.refund_of(extra, "submitted")[0]
                    lib.wait_for("it is taken", lambda n=number: self.sql(
                        f"SELECT 1 FROM refund WHERE refund_number = '{n}' AND accepted_at IS NOT NULL"), 20, 0.1)
                    self.peer.refunds[(name, number)]["state"] = done
                    if how == "query":
                        self.look_now("refund", self.refund_id(number))
                    else:
                        self.assertTrue(self.peer.succeeded(name, self.peer.send_refund(name, number)))
                    self.refund_of(extra, "succeeded")
                    self.assertEqual(self.refunds_there(name, number), 1)

    def test_03_late_money_goes_back_where_the_site_does_not_reopen(self):
        self.sql("REPLACE INTO site_setting (name, value) VALUES ('payment_reopen_late', '0')")
        order = self.open_order("alipay", 2300)
        self.peer.trades.pop(("alipay", order.number))
        self.assertEqual(self.me.post(f"/purchases/{order.purchase}/cancel").status, 200)
        self.state(order, "closed")
        self.peer.pay("alipay", order.number, amount=2300)  # the code was still on another phone
        self.look_now("payment", order.payment)
        number = self.refund_of(order.payment, "succeeded")[0]
        self.assertEqual(self.payment(order, "disposition, suspense_reason"), ["refunded", "late"])
        self.assertEqual(self.refunds_there("alipay", number), 1)

    def test_04_what_a_person_has_in_hand_stays(self):
        order = self.open_order("alipay", 2400)
        self.pay("alipay", order)
        self.park.stop_one("jobs")
        self.pay("alipay", order)
        extra = self.one("SELECT MAX(id) FROM payment")
        self.clerk.post(f"/payments/{extra}/decision", {"decision": "keep", "reason": "再看"}, str(uuid.uuid4()))
        self.restart_jobs()
        self.wait_offered("alipay")
        _, other = self.second("alipay")
        self.refund_of(other, "succeeded")
        self.assertEqual(self.sql(f"SELECT 1 FROM refund WHERE payment_id = {extra}"), [])
        self.assertEqual(self.one(f"SELECT disposition FROM payment WHERE id = {extra}"), "suspense")

    def test_05_two_people_agreed(self):
        order = self.paid_and_held("wechat")
        self.agreed(order)
        number = self.refund_of(order.payment, "submitted")[0]
        lib.wait_for("it is there", lambda: self.refunds_there("wechat", number), 20)
        refund = self.peer.refunds[("wechat", number)]
        refund["state"] = "SUCCESS"
        before = self.one("SELECT COUNT(*) FROM transfer")
        wrong = self.peer.send_refund("wechat", number, amount={"refund": 1, "total": 3000, "payer_total": 3000, "payer_refund": 1, "currency": "CNY"})
        self.assertTrue(self.peer.failed("wechat", wrong), wrong)
        self.assertEqual(self.one("SELECT COUNT(*) FROM transfer"), before)
        self.assertTrue(self.peer.succeeded("wechat", self.peer.send_refund("wechat", number)))
        self.refund_of(order.payment, "succeeded")
        self.assertEqual(self.me.get(f"/purchases/{order.purchase}").json["state"], "refunded")

    def test_06_one_that_ends_without_money_waits_for_a_person(self):
        order = self.paid_and_held("wechat", 3100)
        self.agreed(order)
        number = self.refund_of(order.payment, "submitted")[0]
        lib.wait_for("it is taken", lambda: self.sql(f"SELECT 1 FROM refund WHERE refund_number = '{number}' AND accepted_at IS NOT NULL"), 20, 0.1)
        self.peer.refunds[("wechat", number)]["state"] = "ABNORMAL"
        self.assertTrue(self.peer.succeeded("wechat", self.peer.send_refund("wechat", number)))
        self.assertEqual(self.refund_of(order.payment, "failed")[2], "refund_abnormal")
        waits = [row for row in self.clerk.get("/waiting")["items"] if row["kind"] == "refund_failed"]
        self.assertEqual([(row["object_id"], row["code"]) for row in waits], [(int(self.refund_id(number)), "refund_abnormal")])
        # the person acts in the provider's console: what it says then is the truth
        self.peer.refunds[("wechat", number)]["state"] = "SUCCESS"
        self.assertTrue(self.peer.succeeded("wechat", self.peer.send_refund("wechat", number)))
        self.refund_of(order.payment, "succeeded")

    def test_07_lost_answers_and_kills_never_refund_twice(self):
        for what in ("mute", "pay.marked=kill@1", "pay.answered=kill@1"):
            for name in ("wechat", "alipay", "unionpay"):
                with self.subTest(f"{what}: {name}"):
                    order = self.paid_and_held(name, 2500)
                    if what == "mute":
                        self.peer.modes[name] = "mute"
                    else:
                        self.park.stop_one("jobs", signal.SIGKILL)
                        self.sql("UPDATE payment SET next_query_at = NULL; UPDATE refund SET next_query_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR")
                    self.agreed(order)
                    if what != "mute":
                        self.restart_jobs(what)
                        process = self.park.processes["jobs"]
                        lib.wait_for("the kill", lambda process=process: process.poll() is not None, 30, 0.05)
                        self.restart_jobs()
                    number = self.refund_of(order.payment, "submitted", "succeeded")[0]
                    lib.wait_for("it is there", lambda n=number, p=name: self.refunds_there(p, n), 30, 0.1)
                    self.peer.modes[name] = ""
                    self.peer.refunds[(name, number)]["state"] = {"wechat": "SUCCESS", "alipay": "SUCCESS", "unionpay": "00"}[name]
                    self.look_now("refund", self.refund_id(number))
                    self.refund_of(order.payment, "succeeded")
                    self.assertEqual(self.sql(f"SELECT COUNT(*) FROM refund WHERE payment_id = {order.payment}"), [["1"]])
                    self.assertEqual(sum(1 for (p, _), r in self.peer.refunds.items() if p == name and r["order"] == order.number), 1)

    def test_08_notices_about_refunds_that_are_not_ours(self):
        _, extra = self.second("alipay", 2600)
        number = self.refund_of(extra, "succeeded")[0]
        self.peer.refunds[("alipay", "R" + "9" * 20)] = dict(self.peer.refunds[("alipay", number)])
        before = self.books()
        answer = self.peer.send_refund("alipay", "R" + "9" * 20)
        self.assertTrue(self.peer.failed("alipay", answer), answer)
        self.assertEqual(self.books(), before)
        self.assertIn("notice refused: no_refund", self.park.log_of("cgi-notify"))
        self.assertTrue(self.sql("SELECT 1 FROM alarm WHERE kind = 'payment_conflict' AND closed_at IS NULL"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
