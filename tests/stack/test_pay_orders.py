"""Orders at the providers: made, asked about, closed, and what happens when they do not answer or we die."""
import os
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import paying  # noqa: E402
import provider  # noqa: E402


class Orders(paying.Case):
    def look_now(self, order, columns=""):
        """As if its time had come."""
        self.sql(f"UPDATE payment SET {columns} next_query_at = UTC_TIMESTAMP(3) WHERE id = {order.payment}")
        self.park.redis("RPUSH", "pw:wake:jobs:pay", "1")

    def restart_jobs(self, failpoint):
        self.park.stop_one("jobs", signal.SIGKILL)
        self.park.start("jobs", [self.park.program("jobs/paywatt-jobs"), "--config", self.park.ini], env={"PW_FAILPOINT": failpoint})

    def test_01_what_the_payer_is_handed(self):
        offers = {("wechat", "qr"): "qr", ("wechat", "phone"): "redirect", ("alipay", "qr"): "qr", ("alipay", "phone"): "redirect",
                  ("unionpay", "phone"): "form"}
        for (name, scene), kind in offers.items():
            with self.subTest(f"{name} {scene}"):
                order = self.open_order(name, 1000, scene=scene)
                offer = self.me.get(f"/purchases/{order.purchase}").json["offer"]
                self.assertEqual(offer["kind"], kind)
                words = offer["text"] + " ".join(field["value"] for field in offer["fields"])
                self.assertIn(order.number, words)
                if kind == "form":
                    fields = {field["name"]: field["value"] for field in offer["fields"]}
                    self.assertEqual(fields["frontUrl"], "https://pay.test.example/m/back")
                    back = self.me.post("//m/back", raw=b"respCode=00")
                    self.assertEqual((back.status, back.headers["location"].split("/m/")[1]), (303, "back"))
                    self.assertEqual((fields["txnAmt"], fields["backUrl"]), ("1000", "https://pay.test.example/notify/unionpay/main"))
                self.assertLessEqual(self.peer.count(name, "create", order.number), 1)

    def test_02_without_a_notice_the_query_settles(self):
        for name in provider.NAMES:
            with self.subTest(name):
                order = self.open_order(name, 1100)
                self.peer.pay(name, order.number)
                self.purchase(order, "delivered")  # the page looks, so it is asked within seconds
                self.assertEqual(self.one(f"SELECT source FROM payment_event WHERE payment_id = {order.payment} AND paid"), "query")
                self.assertTrue(self.peer.succeeded(name, self.peer.send(name, order.number)), "the notice that comes at last")
                self.assertEqual(self.one(f"SELECT COUNT(*) FROM payment_event WHERE payment_id = {order.payment} AND paid"), "1")

    def test_03_called_off_and_over(self):
        for name in provider.NAMES:
            for how in ("called off", "time is over"):
                with self.subTest(f"{name}: {how}"):
                    order = self.open_order(name, 1300)
                    if name != "wechat":
                        self.peer.trades.pop((name, order.number))  # nobody opened the page
                    if how == "called off":
                        self.assertEqual(self.me.post(f"/purchases/{order.purchase}/cancel").status, 200)
                    else:
                        self.look_now(order, "expires_at = UTC_TIMESTAMP(3),")
                    self.state(order, "closed")
                    proved = name == "wechat"
                    self.assertEqual(self.payment(order, "fail_code, next_query_at IS NULL"),
                                     ["closed_by_us", "1"] if proved else ["close_not_proved", "0"])
                    self.assertEqual(self.me.get(f"/purchases/{order.purchase}").json["state"], "closed")

    def test_04_paid_while_it_is_closed(self):
        order = self.open_order("wechat", 1400)
        self.peer.pay("wechat", order.number)
        self.assertEqual(self.me.post(f"/purchases/{order.purchase}/cancel").status, 200)
        self.purchase(order, "delivered")  # the close was refused as paid, the query settles
        self.assertEqual(self.peer.count("wechat", "close", order.number), 1)

    def test_05_one_that_hangs_leaves_the_others_selling(self):
        self.peer.modes["wechat"] = "hang"
        waiting = [self.order("wechat", 1000 + n) for n in range(6)]
        self.wait_offered("wechat", up=False)
        answer = self.me.order("/purchases", {"supply_id": self.rows[0]["supply_id"], "amount_fen": 2000, "channel": "wechat", "scene": "qr"})
        self.assertEqual((answer.status, answer.code), (409, "provider_unavailable"))
        other = self.open_order("alipay", 1500)
        self.peer.pay("alipay", other.number)
        self.assertTrue(self.peer.succeeded("alipay", self.peer.send("alipay", other.number)))
        self.purchase(other, "delivered")
        asked = self.peer.count("wechat", "hang")
        self.assertLess(asked, 20, "a breaker stands before it")
        self.peer.modes["wechat"] = ""
        self.wait_offered("wechat", up=True, seconds=40)
        for order in waiting:
            self.state(order, "open")
            self.assertEqual(self.peer.count("wechat", "create", order.number), 1)
        for words in ("wechat does not answer", "wechat answers again"):
            lib.wait_for(f"'{words}' in the log", lambda words=words: words in self.park.log_of("jobs"))

    def test_06_a_lost_answer_is_asked_for_again_under_the_same_number(self):
        self.peer.modes["wechat"] = "mute"
        order = self.order("wechat", 1600)
        lib.wait_for("it was made there", lambda: self.peer.count("wechat", "create", order.number), 20)
        self.peer.modes["wechat"] = ""
        self.state(order, "open")
        self.assertEqual(self.payment(order, "order_number, merchant"), [order.number, "main"])
        self.assertEqual(sum(1 for name, number in self.peer.trades if name == "wechat" and number == order.number), 1)

    def test_07_a_provider_that_refuses(self):
        key, self.peer.keys["wechat_us"] = self.peer.keys["wechat_us"], self.peer.keys["stranger"]
        try:
            order = self.order("wechat", 1700)
            self.state(order, "failed")
        finally:
            self.peer.keys["wechat_us"] = key
        self.assertEqual(self.payment(order, "fail_code, next_query_at IS NULL"), ["SIGN_ERROR", "1"])
        self.assertEqual(self.me.get(f"/purchases/{order.purchase}").json["state"], "failed")

    def test_08_answers_that_are_not_believed_prove_nothing(self):
        order = self.open_order("alipay", 1800)
        self.peer.pay("alipay", order.number)
        key, self.peer.keys["alipay"] = self.peer.keys["alipay"], self.peer.keys["stranger"]
        try:
            asked = self.peer.count("alipay", "query", order.number)
            self.look_now(order)
            lib.wait_for("the question", lambda: self.peer.count("alipay", "query", order.number) > asked, 20)
            lib.wait_for("the log", lambda: f"an answer about {order.number} is not believed: signature" in self.park.log_of("jobs"), 20)
            self.assertEqual(self.payment(order, "state"), ["open"])
        finally:
            self.peer.keys["alipay"] = key
        self.look_now(order)
        self.purchase(order, "delivered")

    def test_09_killed_before_and_behind_every_request(self):
        for point in ("pay.marked=kill@1", "pay.answered=kill@1"):
            for what in ("create", "settle", "close"):
                with self.subTest(f"{point}: {what}"):
                    self.wait_offered("wechat")
                    order = self.order("wechat", 1900) if what == "create" else self.open_order("wechat", 1900)
                    self.park.stop_one("jobs", signal.SIGKILL)
                    if what == "create":
                        order = order if self.payment(order, "state") == ["creating"] else self.order("wechat", 1901)
                    if what == "settle":
                        self.peer.pay("wechat", order.number)
                    self.sql("UPDATE payment SET next_query_at = NULL WHERE next_query_at IS NOT NULL")
                    self.restart_jobs(point)
                    process = self.park.processes["jobs"]
                    self.look_now(order, "close_asked_at = UTC_TIMESTAMP(3)," if what == "close" else "")
                    lib.wait_for("the kill", lambda process=process: process.poll() is not None, 30, 0.05)
                    self.assertEqual(process.returncode, -signal.SIGKILL)
                    self.restart_jobs("")
                    if what == "create":
                        self.state(order, "open")
                        self.assertEqual(sum(1 for name, number in self.peer.trades if number == order.number), 1)
                    elif what == "settle":
                        self.purchase(order, "delivered")
                        self.assertEqual(self.one(f"SELECT COUNT(*) FROM payment_event WHERE payment_id = {order.payment} AND paid"), "1")
                    else:
                        self.state(order, "closed")

    def test_10_notice_and_query_at_one_instant(self):
        order = self.open_order("unionpay", 2100)
        self.peer.pay("unionpay", order.number)
        headers, body = self.peer.notice("unionpay", order.number)
        self.look_now(order)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.peer.post("unionpay", headers, body))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([self.peer.succeeded("unionpay", answer) for answer in answers], [True] * 4, answers)
        self.purchase(order, "delivered")
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM payment_event WHERE payment_id = {order.payment} AND paid"), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
