"""Notices of payment providers at our door: believed, refused, repeated, and while MariaDB is away."""
import os
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import paying  # noqa: E402
import provider  # noqa: E402


class Notice(paying.Case):
    def unchanged(self, act):
        before = self.books(), self.sql("SELECT id, state, disposition FROM payment")
        answer = act()
        self.assertEqual((self.books(), self.sql("SELECT id, state, disposition FROM payment")), before)
        return answer

    def log(self):
        return self.park.log_of("cgi-notify")

    def test_01_a_notice_settles_and_the_meter_gets_it(self):
        for name in provider.NAMES:
            with self.subTest(name):
                order = self.open_order(name, 2000)
                self.peer.pay(name, order.number)
                self.assertTrue(self.peer.succeeded(name, self.peer.send(name, order.number)))
                self.assertEqual(self.payment(order, "state, disposition")[0], "settled")
                self.assertTrue(self.peer.succeeded(name, self.peer.send(name, order.number)), "a resend is known")
                self.purchase(order, "delivered")
                self.assertEqual(self.one(f"SELECT COUNT(*) FROM payment_event WHERE payment_id = {order.payment} AND source = 'notice'"), "1")

    def test_02_sixteen_at_one_instant_settle_once(self):
        for name in provider.NAMES:
            with self.subTest(name):
                order = self.open_order(name, 1500)
                self.peer.pay(name, order.number)
                headers, body = self.peer.notice(name, order.number)
                start, answers = threading.Barrier(16), []

                def send(name=name, headers=headers, body=body, start=start, answers=answers):
                    start.wait()
                    answers.append(self.peer.post(name, headers, body))
                threads = [threading.Thread(target=send) for _ in range(16)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual([self.peer.succeeded(name, answer) for answer in answers], [True] * 16, answers)
                self.assertEqual(self.sql(f"SELECT COUNT(*), COUNT(DISTINCT payment_id) FROM payment_event WHERE order_number = '{order.number}'"
                                          " AND paid"), [["1", "1"]])
                self.assertEqual(self.one(f"SELECT COUNT(*) FROM delivery WHERE purchase_id = {order.purchase}"), "1")
                self.purchase(order, "delivered")

    def test_03_what_is_not_believed_changes_nothing_and_is_told_once(self):
        stranger = self.peer.keys["stranger"]
        for name in provider.NAMES:
            order = self.open_order(name, 1200)
            self.peer.pay(name, order.number)
            headers, body = self.peer.notice(name, order.number)
            app = {"wechat": {"appid": "wxOther"}, "alipay": {"app_id": "2021000009"}, "unionpay": {"merId": "777290058110099"}}[name]
            money = {"wechat": {"amount": {"currency": "USD"}}, "alipay": {"trans_currency": "USD"}, "unionpay": {"currencyCode": "840"}}[name]
            none = {"wechat": {"amount": {"total": 0}}, "alipay": {"total_amount": "-1.00"}, "unionpay": {"txnAmt": "0"}}[name]
            cases = {"changed": (headers, body.replace(order.number.encode(), order.number.encode()[::-1]) if name != "wechat" else body + b" "),
                     "unsigned": ({"Content-Type": headers["Content-Type"]}, body if name == "wechat" else body.replace(b"sign", b"song")),
                     "wrongly signed": self.peer.notice(name, order.number, key=stranger),
                     "other app": self.peer.notice(name, order.number, **app),
                     "other currency": self.peer.notice(name, order.number, **money),
                     "no amount": self.peer.notice(name, order.number, **none),
                     "truncated": (headers, body[:len(body) // 2]),
                     "oversized": (headers, body + b"&x=" + b"a" * 70000),
                     "empty": (headers, b"")}
            if name == "wechat":
                said = self.peer.wechat_trade(order.number)
                cases["stale"] = self.peer.wechat_notice(said, at=time.time() - 400)
                cases["from the future"] = self.peer.wechat_notice(said, at=time.time() + 400)
                cases["unknown key"] = self.peer.wechat_notice(said, serial="PUB_KEY_ID_9")
                cases["probe"] = ({**headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]}, body)
                cases["other event"] = self.peer.wechat_notice(said, kind="profitsharing")
            for what, (case_headers, case_body) in cases.items():
                with self.subTest(f"{name}: {what}"):
                    lines = self.log().count("notice refused")
                    answer = self.unchanged(lambda h=case_headers, b=case_body, n=name: self.peer.post(n, h, b))
                    self.assertTrue(self.peer.failed(name, answer), answer)
                    lib.wait_for("one line in the log", lambda before=lines: self.log().count("notice refused") == before + 1, 5)
            with self.subTest(f"{name}: a payment at the address of refunds"):
                answer = self.unchanged(lambda n=name, h=headers, b=body: self.peer.post(n, h, b, refund=True))
                self.assertTrue(self.peer.failed(name, answer), answer)
                self.assertIn(f"notice refused: kind, order {order.number}", self.log())
            with self.subTest(f"{name}: not a POST"):
                status, _ = self.unchanged(lambda n=name, h=headers: self.peer.post(n, h, None, method="GET"))
                self.assertEqual(status, 405)
            self.assertTrue(self.peer.succeeded(name, self.peer.post(name, headers, body)), "the true one still settles")
            self.purchase(order, "delivered")
        self.assertEqual(self.unchanged(lambda: self.peer.post("paypal", {}, b"x"))[0], 404)
        self.assertEqual(self.unchanged(lambda: self.peer.post("wechat", {}, b"x", key="x"))[0], 404)

    def test_04_another_amount_is_kept_apart_and_another_transaction_never_pays_twice(self):
        order = self.open_order("alipay", 3000)
        self.peer.pay("alipay", order.number, amount=2999)
        answer = self.peer.send("alipay", order.number)
        self.assertTrue(self.peer.failed("alipay", answer), answer)
        self.assertEqual(self.payment(order, "state")[0], "open")
        self.assertEqual(self.sql(f"SELECT p.amount_fen, p.suspense_reason FROM payment p JOIN payment_event e ON e.payment_id = p.id"
                                  f" WHERE e.order_number = '{order.number}'"), [["2999", "wrong_amount"]])
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM delivery WHERE purchase_id = {order.purchase}"), "0")
        self.assertTrue(self.peer.succeeded("alipay", self.peer.send("alipay", order.number)), "what is booked already is not sent for ever")
        self.assertEqual(self.one("SELECT COUNT(*) FROM payment WHERE suspense_reason = 'wrong_amount'"), "1")
        # the same transaction with other figures: a person looks, nothing moves
        paid = self.open_order("wechat", 2200)
        self.peer.pay("wechat", paid.number)
        self.assertTrue(self.peer.succeeded("wechat", self.peer.send("wechat", paid.number)))
        before = self.one("SELECT COUNT(*) FROM transfer")
        answer = self.peer.send("wechat", paid.number, amount={"total": 2300})
        self.assertTrue(self.peer.failed("wechat", answer), answer)
        self.assertEqual(self.one("SELECT COUNT(*) FROM transfer"), before)
        self.assertIn(f"notice refused: conflict, order {paid.number}", self.log())
        self.purchase(paid, "delivered")

    def test_05_without_mariadb_they_send_again(self):
        order = self.open_order("wechat", 1800)
        self.peer.pay("wechat", order.number)
        self.park.stop_one("mariadb")
        try:
            answer = self.peer.send("wechat", order.number)
        finally:
            self.park.start_mariadb()
        self.assertTrue(self.peer.failed("wechat", answer), answer)
        lib.wait_for("the resend is taken", lambda: self.peer.succeeded("wechat", self.peer.send("wechat", order.number)), 20, 0.3)
        self.assertEqual(self.payment(order, "state"), ["settled"])
        self.purchase(order, "delivered")

    def test_06_a_provider_set_by_half_is_named_at_start(self):
        with open(self.park.ini, encoding="utf-8") as file:
            text = file.read()
        for key in ("api_key_file", "merchant_serial"):
            with open(self.park.ini, "w", encoding="utf-8") as file:
                file.write("\n".join(line for line in text.split("\n") if not line.startswith(key)))
            try:
                self.park.stop_one("cgi-notify")
                process = self.park.start("cgi-notify", [self.park.program("cgi/paywatt-cgi"), "--config", self.park.ini, "--role", "notify"])
                self.assertNotEqual(process.wait(20), 0)
                self.assertIn(f"[pay.wechat] {key}", self.log())
            finally:
                with open(self.park.ini, "w", encoding="utf-8") as file:
                    file.write(text)
        self.park.start_cgi("notify")

    def test_07_keys_are_read_again_on_sighup(self):
        order = self.open_order("alipay", 1700)
        self.peer.pay("alipay", order.number)
        old, self.peer.keys["alipay"] = self.peer.keys["alipay"], provider.new_key()
        try:
            self.assertTrue(self.peer.failed("alipay", self.peer.send("alipay", order.number)))
            self.peer.public("alipay_public.pem", provider.pem_public(self.peer.keys["alipay"]))
            self.park.processes["cgi-notify"].send_signal(signal.SIGHUP)
            lib.wait_for("the new key is held", lambda: self.peer.succeeded("alipay", self.peer.send("alipay", order.number)), 20, 0.2)
        finally:
            self.peer.keys["alipay"] = old
            self.peer.public("alipay_public.pem", provider.pem_public(old))
            self.park.processes["cgi-notify"].send_signal(signal.SIGHUP)
        self.purchase(order, "delivered")


if __name__ == "__main__":
    unittest.main(verbosity=2)
