"""The sandbox of the payment providers against merchants that share no code with it (merchant.py), and published vectors."""
import base64
import csv
import gzip
import hashlib
import io
import os
import re
import sys
import tempfile
import time
import unittest
import urllib.parse
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from merchant import Alipay, Inbox, UnionPay, Wechat, china  # noqa: E402
from sandbox import Refused, Sandbox  # noqa: E402

import json  # noqa: E402

made = 0


def number():
    """A fresh order number that all three take."""
    global made
    made += 1
    return f"EV{china(form='%Y%m%d%H%M%S')}{made:06d}"


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="sandbox-", dir=os.environ.get("PW_TEST_TMP"))
        cls.state = os.path.join(cls.folder, "orders")
        cls.sandbox = Sandbox(folder=cls.folder, speed=1000, state=cls.state)
        cls.wechat, cls.alipay, cls.unionpay = Wechat(cls.sandbox), Alipay(cls.sandbox), UnionPay(cls.sandbox)
        cls.inbox = Inbox()

    @classmethod
    def tearDownClass(cls):
        cls.inbox.stop()
        assert cls.sandbox.stop() == 0

    def setUp(self):
        self.inbox.begin(f"/{self._testMethodName}/")
        self.inbox.clear((200, b"success"))
        self.sandbox.ask("clear")
        self.sandbox.ask("set", refund_ms=20, refund_outcome="success", bills_of_today=True, notices_by_certificate=False,
                         fee_per_mille=6, speed=1000)

    def url(self, path="/notify"):
        return self.inbox.url(path)

    def unionpay_order(self, fen):
        at, name = time.time(), number()
        status, headers, _ = self.unionpay.post("/gateway/api/frontTransReq.do", self.unionpay.front(name, at, fen, self.url()))
        self.assertEqual(status, 302)
        return name, at, headers["Location"]

    # WeChat Pay

    def test_wechat_native_paid_and_notified(self):
        name = number()
        status, answer = self.wechat.order(name, 1234, self.url())
        self.assertEqual((status, answer["code_url"][:30]), (200, "weixin://wxpay/bizpayurl?pr=" + answer["code_url"][28:30]))
        self.assertEqual(self.wechat.query(name)[1]["trade_state"], "NOTPAY")
        self.assertTrue(self.sandbox.ask("pay", offer=answer["code_url"])["answers"][0]["accepted"])
        _, headers, body, _ = self.inbox.wait(1)[0]
        self.assertTrue(self.wechat.verified(headers, body))
        self.assertLess(abs(int(headers["Wechatpay-Timestamp"]) - time.time()), 60)
        notice = json.loads(body)
        self.assertEqual((notice["event_type"], notice["resource"]["original_type"]), ("TRANSACTION.SUCCESS", "transaction"))
        fact = json.loads(self.wechat.open(notice["resource"]))
        self.assertEqual((fact["out_trade_no"], fact["amount"]["total"], fact["trade_state"], fact["mchid"]),
                         (name, 1234, "SUCCESS", self.wechat.me["mchid"]))
        asked = self.wechat.query(name)[1]
        self.assertEqual((asked["trade_state"], asked["transaction_id"]), ("SUCCESS", fact["transaction_id"]))

    def test_wechat_same_order_again_and_close(self):
        name = number()
        first = self.wechat.order(name, 100, self.url())
        self.assertEqual(self.wechat.order(name, 100, self.url()), first)
        self.assertEqual(self.wechat.order(name, 101, self.url())[1]["code"], "INVALID_REQUEST")
        close = f"/v3/pay/transactions/out-trade-no/{name}/close"
        for _ in range(2):
            self.assertEqual(self.wechat.call("POST", close, {"mchid": self.wechat.me["mchid"]}), (204, None))
        self.assertEqual(self.wechat.query(name)[1]["trade_state"], "CLOSED")
        self.assertEqual(self.wechat.order(name, 100, self.url())[1]["code"], "ORDER_CLOSED")
        with self.assertRaisesRegex(Refused, "closed"):
            self.sandbox.ask("pay", provider="wechat", number=name)
        self.sandbox.ask("pay", provider="wechat", number=name, late=True)
        status, answer = self.wechat.call("POST", close, {"mchid": self.wechat.me["mchid"]})
        self.assertEqual((status, answer["code"]), (400, "ORDER_PAID"))

    def test_wechat_refuses_what_is_not_its_merchants(self):
        name = number()
        target = f"/v3/pay/transactions/out-trade-no/{name}?mchid={self.wechat.me['mchid']}"
        good = self.wechat.headers("GET", target, "")
        self.assertEqual(self.sandbox.call("wechat", "GET", target, None, good)[0], 404)
        for change in ({"Authorization": good["Authorization"].replace('timestamp="1', 'timestamp="2')},
                       {"Authorization": good["Authorization"].replace(self.wechat.me["merchant_serial"], "00FF")},
                       {"Authorization": ""}):
            status, headers, body = self.sandbox.call("wechat", "GET", target, None, {**good, **change})
            self.assertEqual((status, json.loads(body)["code"], headers["Wechatpay-Signature"]), (401, "SIGN_ERROR", None))
        self.assertEqual(self.sandbox.call("wechat", "GET", target + "&x=1", None, good)[0], 401)
        self.wechat.stamp_offset = -301
        try:
            self.assertEqual(self.wechat.call("GET", target)[0], 401)
        finally:
            self.wechat.stamp_offset = 0
        self.assertEqual(self.sandbox.call("wechat", "GET", target, None, {k: v for k, v in good.items() if k != "User-Agent"})[0], 400)

    def test_wechat_refunds_and_their_notices(self):
        name = number()
        self.wechat.order(name, 1000, self.url())
        self.sandbox.ask("pay", provider="wechat", number=name)
        fact = self.wechat.query(name)[1]

        def refund(label, fen, total=1000):
            return self.wechat.call("POST", "/v3/refund/domestic/refunds", {
                "transaction_id": fact["transaction_id"], "out_refund_no": label, "reason": "多付",
                "notify_url": self.url("/refund"), "amount": {"refund": fen, "total": total, "currency": "CNY"}})
        status, answer = refund(name + "R1", 400)
        self.assertEqual((status, answer["status"]), (200, "PROCESSING"))
        path, headers, body, _ = self.inbox.wait(2)[1]
        self.assertTrue(path == "/refund" and self.wechat.verified(headers, body))
        notice = json.loads(body)
        told = json.loads(self.wechat.open(notice["resource"]))
        self.assertEqual((notice["event_type"], told["refund_status"], told["amount"]["refund"]), ("REFUND.SUCCESS", "SUCCESS", 400))
        self.assertEqual(refund(name + "R1", 400)[1]["refund_id"], answer["refund_id"])
        self.assertEqual(refund(name + "R2", 601)[1]["code"], "NOT_ENOUGH")
        self.assertEqual(refund(name + "R2", 100, total=999)[1]["code"], "INVALID_REQUEST")
        self.assertEqual(self.wechat.call("GET", f"/v3/refund/domestic/refunds/{name}R1")[1]["status"], "SUCCESS")
        self.assertEqual(self.wechat.call("GET", f"/v3/refund/domestic/refunds/{name}R9")[0], 404)
        self.assertEqual(self.wechat.query(name)[1]["trade_state"], "REFUND")
        self.sandbox.ask("set", refund_outcome="abnormal")
        refund(name + "R3", 600)
        self.assertEqual(json.loads(self.inbox.wait(3)[2][2])["event_type"], "REFUND.ABNORMAL")

    def test_wechat_certificates_both_ways_of_signing(self):
        old = Wechat(self.sandbox, by_key=False)
        status, answer = old.call("GET", "/v3/certificates")
        item = answer["data"][0]
        pem = old.open(item["encrypt_certificate"])
        self.assertEqual((status, item["encrypt_certificate"]["associated_data"]), (200, "certificate"))
        with open(self.sandbox.file("provider/wechat_certificate.pem"), "rb") as file:
            self.assertEqual(pem, file.read())
        self.assertEqual(int(item["serial_no"], 16), old.platform.serial_number)
        self.sandbox.ask("set", notices_by_certificate=True)
        name = number()
        old.order(name, 5, self.url())
        self.sandbox.ask("pay", provider="wechat", number=name)
        _, headers, body, _ = self.inbox.wait(1)[0]
        self.assertEqual(headers["Wechatpay-Serial"], item["serial_no"])
        self.assertTrue(old.verified(headers, body))

    def test_wechat_h5_and_jsapi(self):
        name = number()
        scene = {"payer_client_ip": "203.0.113.5", "h5_info": {"type": "Wap"}}
        self.assertEqual(self.wechat.order(name, 100, self.url(), "h5")[0], 400)
        self.sandbox.ask("set", refuse_loopback=True)
        self.assertEqual(self.wechat.order(name, 100, self.url(), "h5", scene_info={**scene, "payer_client_ip": "127.0.0.1"})[0], 400)
        self.sandbox.ask("set", refuse_loopback=False)
        url = urllib.parse.urlsplit(self.wechat.order(name, 100, self.url(), "h5", scene_info=scene)[1]["h5_url"])
        status, headers, _ = self.sandbox.call("wechat", "GET", f"{url.path}?{url.query}&redirect_url=https%3A%2F%2Fm.test%2Fm%2F")
        page = urllib.parse.urlsplit(headers["Location"])
        self.assertEqual((status, page.port), (302, self.sandbox.ports["wechat"]))
        self.sandbox.call("wechat", "POST", page.path, "act=pay", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertIn(b'href="https://m.test/m/"', self.sandbox.call("cashier", "GET", page.path)[2])
        self.assertEqual(self.wechat.query(name)[1]["trade_type"], "MWEB")

        query = urllib.parse.urlencode({"appid": self.wechat.me["app_id"], "redirect_uri": "https://m.test/back", "response_type": "code",
                                        "scope": "snsapi_base", "state": "s1"})
        status, headers, _ = self.sandbox.call("wechat", "GET", "/connect/oauth2/authorize?" + query)
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"]).query))
        self.assertEqual((status, back["state"]), (302, "s1"))
        with open(self.sandbox.file("merchant/wechat_app_secret"), encoding="ascii") as file:
            token = "/sns/oauth2/access_token?" + urllib.parse.urlencode({
                "appid": self.wechat.me["app_id"], "secret": file.read(), "code": back["code"], "grant_type": "authorization_code"})
        person = json.loads(self.sandbox.call("wechat", "GET", token)[2])
        self.assertEqual(json.loads(self.sandbox.call("wechat", "GET", token)[2])["errcode"], 40163)
        name = number()
        prepay = self.wechat.order(name, 100, self.url(), "jsapi", payer={"openid": person["openid"]})[1]["prepay_id"]
        from merchant import sign
        fields = {"appId": self.wechat.me["app_id"], "timeStamp": str(int(time.time())), "nonceStr": "n1", "package": "prepay_id=" + prepay}
        text = "".join(f"{value}\n" for value in fields.values())
        with self.assertRaisesRegex(Refused, "paySign"):
            self.sandbox.ask("jsapi", signType="RSA", paySign=sign(self.wechat.key, text + "x"), **fields)
        self.sandbox.ask("jsapi", signType="RSA", paySign=sign(self.wechat.key, text), **fields)
        self.assertEqual(self.wechat.query(name)[1]["payer"]["openid"], person["openid"])

    def test_wechat_ladder_resends_with_fresh_signature(self):
        self.inbox.clear((500, b'{"code":"FAIL"}'), (500, b""), (204, b""))
        name = number()
        self.wechat.order(name, 100, self.url())
        first = self.sandbox.ask("pay", provider="wechat", number=name)["answers"]
        self.assertEqual([(x["status"], x["accepted"]) for x in first], [(500, False)])
        got = self.inbox.wait(3)
        self.assertEqual(len({headers["Wechatpay-Nonce"] for _, headers, _, _ in got}), 3)
        self.assertEqual(len({json.loads(body)["id"] for _, _, body, _ in got}), 1)
        self.assertTrue(all(self.wechat.verified(headers, body) for _, headers, body, _ in got))
        self.assertGreaterEqual(got[1][3] - got[0][3], 0.012)

    def test_wechat_bill(self):
        name = number()
        self.wechat.order(name, 10000, self.url(), attach="x")
        self.sandbox.ask("pay", provider="wechat", number=name)
        self.sandbox.ask("refund", provider="wechat", number=name, amount_fen=2500)
        self.sandbox.ask("backdate", provider="wechat", number=name, days=40)
        day = china(time.time() - 40 * 86400, "%Y-%m-%d")
        status, answer = self.wechat.call("GET", f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP")
        self.assertEqual(status, 200)
        url = urllib.parse.urlsplit(answer["download_url"])
        file = gzip.decompress(self.wechat.call("GET", f"{url.path}?{url.query}")[1])
        self.assertEqual(hashlib.sha1(file).hexdigest(), answer["hash_value"])
        self.assertTrue(file.startswith(b"\xef\xbb\xbf") and file.endswith(b"\r\n"))
        lines = file.decode("utf-8-sig").split("\r\n")
        head = lines[0].split(",")
        rows = [dict(zip(head, (cell[1:] for cell in line.split(",")))) for line in lines[1:-3]]
        self.assertEqual(len(head), 27)
        self.assertEqual([(r["商户订单号"], r["交易状态"], r["订单金额"], r["申请退款金额"], r["手续费"]) for r in rows],
                         [(name, "SUCCESS", "100.00", "0.00", "0.60000"), (name, "REFUND", "0.00", "25.00", "-0.15000")])
        self.assertEqual(lines[-2].split(",")[0], "`2")
        none = china(time.time() - 41 * 86400, "%Y-%m-%d")
        self.assertEqual(self.wechat.call("GET", f"/v3/bill/tradebill?bill_date={none}&bill_type=ALL")[1]["code"], "NO_STATEMENT_EXIST")

    # Alipay

    def precreate(self, name, amount="12.34", peer=None, **more):
        return (peer or self.alipay).call("alipay.trade.precreate", {
            "out_trade_no": name, "total_amount": amount, "subject": "预付费电量", "timeout_express": "15m", **more}, notify_url=self.url())

    def test_alipay_trade_begins_with_the_scan(self):
        for peer in (self.alipay, Alipay(self.sandbox, certificates=True)):
            self.inbox.clear()
            name = number()
            answer = self.precreate(name, peer=peer)
            self.assertEqual((answer["code"], self.precreate(name, peer=peer)["qr_code"]), ("10000", answer["qr_code"]))
            query = {"out_trade_no": name}
            self.assertEqual(peer.call("alipay.trade.query", query)["sub_code"], "ACQ.TRADE_NOT_EXIST")
            self.assertEqual(peer.call("alipay.trade.close", query)["sub_code"], "ACQ.TRADE_NOT_EXIST")
            url = urllib.parse.urlsplit(answer["qr_code"])
            self.assertEqual(self.sandbox.call("alipay", "GET", url.path)[0], 302)
            self.assertEqual(peer.call("alipay.trade.query", query)["trade_status"], "WAIT_BUYER_PAY")
            self.sandbox.ask("pay", offer=answer["qr_code"])
            form = dict(urllib.parse.parse_qsl(self.inbox.wait(1)[0][2].decode(), keep_blank_values=True))
            self.assertTrue(peer.verified(form))
            self.assertEqual((form["trade_status"], form["total_amount"], form["seller_id"]), ("TRADE_SUCCESS", "12.34", peer.me["seller_id"]))
            self.assertEqual(peer.call("alipay.trade.query", query)["trade_no"], form["trade_no"])
            self.assertEqual(peer.call("alipay.trade.close", query)["sub_code"], "ACQ.TRADE_STATUS_ERROR")
            self.assertEqual(self.precreate(name, peer=peer)["sub_code"], "ACQ.TRADE_HAS_SUCCESS")

    def test_alipay_refuses_what_is_not_its_merchants(self):
        name = number()
        for spoil, code in (({"sign": base64.b64encode(bytes(256)).decode()}, "isv.invalid-signature"), ({"app_id": "1"}, "isv.invalid-app-id"),
                            ({"sign_type": "RSA"}, "isv.invalid-signature-type"), ({"extra": "1"}, "isv.invalid-signature")):
            answer = self.alipay.call("alipay.trade.query", {"out_trade_no": name}, spoil=spoil)
            self.assertEqual((answer["code"], answer["sub_code"]), ("40002", code))
        self.assertEqual(self.precreate(name, amount="0.001")["sub_code"], "ACQ.INVALID_PARAMETER")

    def test_alipay_refunds_come_as_payment_notices(self):
        name = number()
        self.precreate(name, "10.00")
        self.sandbox.ask("pay", provider="alipay", number=name)

        def refund(label, amount):
            return self.alipay.call("alipay.trade.refund", {"out_trade_no": name, "refund_amount": amount, "out_request_no": label})
        self.assertEqual(refund("R1", "4.00")["fund_change"], "Y")
        self.assertEqual(refund("R1", "4.00")["fund_change"], "N")
        form = dict(urllib.parse.parse_qsl(self.inbox.wait(2)[1][2].decode(), keep_blank_values=True))
        self.assertTrue(self.alipay.verified(form))
        self.assertEqual((form["trade_status"], form["refund_fee"], form["out_biz_no"]), ("TRADE_SUCCESS", "4.00", "R1"))
        self.assertEqual(refund("R2", "6.01")["code"], "40004")
        self.assertEqual(refund("R2", "6.00")["refund_fee"], "10.00")
        form = dict(urllib.parse.parse_qsl(self.inbox.wait(3)[2][2].decode(), keep_blank_values=True))
        self.assertEqual((form["trade_status"], form["refund_fee"]), ("TRADE_CLOSED", "10.00"))
        asked = {"out_trade_no": name, "out_request_no": "R2"}
        self.assertEqual(self.alipay.call("alipay.trade.fastpay.refund.query", asked)["refund_status"], "REFUND_SUCCESS")
        nothing = self.alipay.call("alipay.trade.fastpay.refund.query", {"out_trade_no": name, "out_request_no": "R3"})
        self.assertEqual((nothing["code"], "refund_status" in nothing), ("10000", False))

    def test_alipay_pages_and_success_word(self):
        self.inbox.clear((200, b"success\n"), (200, b"SUCCESS"), (200, b"success"))
        name = number()
        form = self.alipay.request("alipay.trade.wap.pay", {"out_trade_no": name, "total_amount": "1.00", "subject": "电", "product_code": "QUICK_WAP_WAY"},
                                   notify_url=self.url(), return_url="https://m.test/m/")
        status, headers, _ = self.sandbox.call("alipay", "GET", "/gateway.do?" + urllib.parse.urlencode(form))
        self.assertEqual(status, 302)
        self.sandbox.ask("pay", offer=headers["Location"], wait=False)
        got = self.inbox.wait(3)
        ids = {dict(urllib.parse.parse_qsl(body.decode()))["notify_id"] for _, _, body, _ in got}
        self.assertEqual(len(ids), 1)

    def test_alipay_bill(self):
        name = number()
        self.precreate(name, "100.00")
        self.sandbox.ask("pay", provider="alipay", number=name)
        self.alipay.call("alipay.trade.refund", {"out_trade_no": name, "refund_amount": "25.00", "out_request_no": "B1"})
        self.sandbox.ask("backdate", provider="alipay", number=name, days=40)
        day = china(time.time() - 40 * 86400, "%Y-%m-%d")
        method = "alipay.data.dataservice.bill.downloadurl.query"
        url = urllib.parse.urlsplit(self.alipay.call(method, {"bill_type": "trade", "bill_date": day})["bill_download_url"])
        archive = zipfile.ZipFile(io.BytesIO(self.sandbox.call("alipay", "GET", url.path)[2]))
        self.assertIsNone(archive.testzip())
        names = [info.filename.encode("cp437").decode("gbk") for info in archive.infolist()]
        stem = f"{self.alipay.me['seller_id']}0156_{day.replace('-', '')}_业务明细"
        self.assertEqual(names, [stem + ".csv", stem + "(汇总).csv"])
        lines = archive.read(archive.infolist()[0]).decode("gbk").split("\r\n")
        head = lines[4].split(",")
        rows = [{k: v.rstrip("\t") for k, v in zip(head, row)} for row in csv.reader(lines[5:7])]
        self.assertEqual(len(head), 25)
        self.assertEqual([(r["商户订单号"], r["业务类型"], r["订单金额（元）"], r["服务费（元）"], r["退款批次号/请求号"]) for r in rows],
                         [(name, "交易", "100.00", "-0.60", ""), (name, "退款", "-25.00", "0.15", "B1")])
        none = china(time.time() - 41 * 86400, "%Y-%m-%d")
        self.assertEqual(self.alipay.call(method, {"bill_type": "trade", "bill_date": none})["sub_code"], "isp.bill_not_exist")

    # UnionPay

    def test_unionpay_front_query_notice(self):
        name, at, _ = self.unionpay_order(1234)
        self.assertEqual(self.unionpay.query(number(), at)["respCode"], "34")
        self.assertEqual(self.unionpay.query(name, at - 60)["respCode"], "34")
        waiting = self.unionpay.query(name, at)
        self.assertEqual((waiting["respCode"], waiting["origRespCode"]), ("00", "05"))
        self.sandbox.ask("pay", provider="unionpay", number=name)
        form = dict(urllib.parse.parse_qsl(self.inbox.wait(1)[0][2].decode(), keep_blank_values=True))
        self.assertTrue(self.unionpay.verified(form))
        self.assertEqual((form["orderId"], form["txnAmt"], form["respCode"], form["txnType"]), (name, "1234", "00", "01"))
        asked = self.unionpay.query(name, at)
        self.assertEqual((asked["origRespCode"], asked["queryId"], asked["txnAmt"]), ("00", form["queryId"], "1234"))
        _, _, page = self.unionpay.post("/gateway/api/frontTransReq.do", self.unionpay.front(name, at + 5, 1234, self.url()))
        self.assertIn(b"respCode=12", page)

    def test_unionpay_refuses_what_is_not_its_merchants(self):
        at = time.time()
        form = self.unionpay.front(number(), at, 100, self.url())
        for change in ({"txnAmt": "101"}, {"certId": "1"}, {"version": "5.0.0"}, {"signature": ""}):
            _, _, body = self.unionpay.post("/gateway/api/frontTransReq.do", {**form, **change})
            self.assertRegex(body.decode(), "respCode=1[01]")
        self.assertEqual(self.sandbox.ask("list", limit=1)["orders"][0]["number"] == form["orderId"], False)

    def test_unionpay_refund_and_undo(self):
        name, at, _ = self.unionpay_order(1000)
        self.sandbox.ask("pay", provider="unionpay", number=name)
        paid = self.unionpay.query(name, at)["queryId"]

        def back(kind, label, fen):
            return self.unionpay.call("/gateway/api/backTransReq.do", txnType=kind, txnSubType="00", bizType="000201", channelType="07", orderId=label,
                                      txnTime=china(at, "%Y%m%d%H%M%S"), origQryId=paid, txnAmt=str(fen), currencyCode="156", backUrl=self.url("/refund"))
        self.assertEqual(back("31", name + "U1", 999)["respCode"], "35")
        self.assertEqual(back("04", name + "R1", 400)["respCode"], "00")
        path, _, body, _ = self.inbox.wait(2)[1]
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.assertTrue(path == "/refund" and self.unionpay.verified(form))
        self.assertEqual((form["orderId"], form["txnType"], form["origQryId"], form["txnAmt"]), (name + "R1", "04", paid, "400"))
        self.assertEqual(back("04", name + "R1", 400)["respCode"], "12")
        self.assertEqual(back("04", name + "R2", 601)["respCode"], "61")
        asked = self.unionpay.query(name + "R1", at)
        self.assertEqual((asked["txnType"], asked["origRespCode"], asked["txnAmt"]), ("04", "00", "400"))
        other, at2, _ = self.unionpay_order(500)
        self.sandbox.ask("pay", provider="unionpay", number=other)
        paid = self.unionpay.query(other, at2)["queryId"]
        self.assertEqual(back("31", other + "U1", 500)["respCode"], "00")

    def test_unionpay_settlement_file(self):
        name, _, _ = self.unionpay_order(10000)
        self.sandbox.ask("pay", provider="unionpay", number=name)
        self.sandbox.ask("refund", provider="unionpay", number=name, amount_fen=2500)
        self.sandbox.ask("backdate", provider="unionpay", number=name, days=40)
        day = china(time.time() - 40 * 86400 + 3600, "%m%d")

        def file(date):
            return self.unionpay.call("/file/", txnType="76", txnSubType="01", bizType="000000", fileType="00", settleDate=date,
                                      txnTime=china(form="%Y%m%d%H%M%S"))
        answer = file(day)
        self.assertEqual(answer["respCode"], "00")
        archive = zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b64decode(answer["fileContent"]))))
        names = archive.namelist()
        self.assertRegex(names[0], r"^INN\d{6}88ZM_" + self.unionpay.me["merchant_id"])
        lines = archive.read(names[0]).split(b"\r\n")[:-1]
        widths = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32,
                  13, 13, 12, 2, 1, 32, 98]
        rows = []
        for line in lines:
            self.assertEqual(len(line), sum(widths) + len(widths) - 1)
            at, row = 0, []
            for width in widths:
                row.append(line[at:at + width].decode("gbk").strip())
                at += width + 1
            rows.append((row[11], row[6], row[15], row[16], row[19], row[26]))
        self.assertEqual(rows[0], (name, "000000010000", "D000000000060", "C000000009940", "01", ""))
        self.assertEqual((rows[1][1], rows[1][4], rows[1][5] != ""), ("000000002500", "04", True))
        self.assertEqual(file(china(time.time() - 50 * 86400, "%m%d"))["respCode"], "98")

    # What all three have in common

    def one_of_each(self, fen=700):
        names = {"wechat": number(), "alipay": number()}
        self.wechat.order(names["wechat"], fen, self.url())
        self.precreate(names["alipay"], f"{fen / 100:.2f}")
        names["unionpay"] = self.unionpay_order(fen)[0]
        return names

    def genuine(self, provider, headers, body):
        """Whether our own check believes a notice; any error is a no."""
        try:
            if provider == "wechat":
                fact = json.loads(self.wechat.open(json.loads(body)["resource"]))
                return self.wechat.verified(headers, body) and abs(int(headers["Wechatpay-Timestamp"]) - time.time()) < 300 and fact
            form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            return getattr(self, provider).verified(form) and form
        except Exception:  # noqa: BLE001 (whatever is wrong with it)
            return False

    def test_wrong_notices_are_wrong_as_they_say(self):
        for provider, name in self.one_of_each().items():
            self.sandbox.ask("pay", provider=provider, number=name, quiet=True)
            for flavor in ("fine", "wrong_signature", "unsigned", "truncated", "other_amount", "other_merchant", "other_order", "oversized",
                           "other_algorithm", "stale", "probe", "other_key", "other_app", "other_currency"):
                self.inbox.clear()
                answer = self.sandbox.ask("notice", provider=provider, number=name, flavor=flavor)["answers"]
                self.assertEqual(answer[0]["status"], 200)
                _, headers, body, _ = self.inbox.wait(1)[0]
                fact = self.genuine(provider, headers, body)
                told = fact and (fact["amount"]["total"] if provider == "wechat" else fact.get("txnAmt") or fact["total_amount"])
                with self.subTest(provider=provider, flavor=flavor):
                    if flavor in ("wrong_signature", "unsigned", "truncated"):
                        self.assertFalse(fact)
                    elif flavor == "fine":
                        self.assertIn(told, (700, "700", "7.00"))
                    elif flavor == "other_amount":
                        self.assertIn(told, (701, "701", "7.01"))
                    elif flavor == "other_order":
                        self.assertIn("SANDBOX0UNKNOWN0ORDER", json.dumps(fact))
                    elif flavor == "oversized":
                        self.assertGreater(len(body), 65536)
                    elif flavor == "stale" and provider == "wechat":
                        self.assertFalse(fact)

    def test_sixteen_at_once_and_second_payment(self):
        for provider, name in self.one_of_each().items():
            self.inbox.clear()
            answers = self.sandbox.ask("pay", provider=provider, number=name, notices=16)["answers"]
            self.assertEqual([x["accepted"] for x in answers], [True] * 16)
            with self.assertRaisesRegex(Refused, "paid"):
                self.sandbox.ask("pay", provider=provider, number=name)
            self.sandbox.ask("pay", provider=provider, number=name, again=True, amount_fen=900)
            order = self.sandbox.ask("get", provider=provider, number=name)["order"]
            self.assertEqual([x["amount_fen"] for x in order["payments"]], [700, 900])
            self.assertEqual(len({x["transaction"] for x in order["payments"]}), 2)

    def test_faults(self):
        for provider, name in self.one_of_each().items():
            query = {"wechat": lambda n: self.wechat.query(n), "alipay": lambda n: self.alipay.call("alipay.trade.query", {"out_trade_no": n}),
                     "unionpay": lambda n: self.unionpay.query(n, time.time())}[provider]
            ask = lambda kind, **more: self.sandbox.ask("fault", provider=provider, kind=kind, **more)  # noqa: E731
            ask("cut", operation="query")
            self.assertRaises(OSError, query, name)
            query(name)
            ask("hang", delay_ms=50)
            began = time.monotonic()
            self.assertRaises(OSError, query, name)
            self.assertGreaterEqual(time.monotonic() - began, 0.05)
            ask("slow", delay_ms=60)
            began = time.monotonic()
            query(name)
            self.assertGreaterEqual(time.monotonic() - began, 0.06)
            ask("forged")
            self.assertRaises(AssertionError, query, name)
            ask("refuse")
            self.assertRaises(ConnectionRefusedError, query, name)
            self.assertEqual(self.sandbox.ask("clear", provider=provider)["cleared"], 1)
            query(name)
            ask("error", operation="create", count="forever")
            query(name)
            self.sandbox.ask("clear")
        name = number()
        self.sandbox.ask("fault", provider="wechat", kind="lost", operation="create")
        self.assertRaises(OSError, self.wechat.order, name, 100, self.url())
        self.assertEqual(self.wechat.query(name)[1]["trade_state"], "NOTPAY")

    def test_books_survive_a_kill(self):
        names = self.one_of_each(300)
        self.inbox.clear((503, b"no"))
        self.sandbox.ask("set", speed=1)
        for provider, name in names.items():
            self.sandbox.ask("pay", provider=provider, number=name)
        self.wechat.call("POST", "/v3/refund/domestic/refunds", {"out_trade_no": names["wechat"], "out_refund_no": names["wechat"] + "K", "amount": {
            "refund": 100, "total": 300, "currency": "CNY"}})
        before = {p: self.sandbox.ask("get", provider=p, number=n)["order"] for p, n in names.items()}
        self.sandbox.kill()
        self.inbox.clear((200, b"success"))
        self.sandbox.start()
        for provider, name in names.items():
            after = self.sandbox.ask("get", provider=provider, number=name)["order"]
            self.assertEqual(after["payments"][0]["transaction"], before[provider]["payments"][0]["transaction"])
            self.assertEqual(after["token"], before[provider]["token"])
        told = [body.decode(errors="replace") for _, _, body, _ in self.inbox.wait(3)]
        self.assertTrue(any(names["alipay"] in body for body in told) and any(names["unionpay"] in body for body in told))
        deadline = time.monotonic() + 20
        while self.wechat.call("GET", f"/v3/refund/domestic/refunds/{names['wechat']}K")[1]["status"] == "PROCESSING":
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(self.sandbox.ask("get", provider="wechat", number=names["wechat"])["order"]["payments"][0]["refunded_fen"], 100)

    def test_truth_adds_up(self):
        before = self.sandbox.ask("truth")["providers"]
        for provider, name in self.one_of_each(5000).items():
            self.sandbox.ask("pay", provider=provider, number=name)
            self.sandbox.ask("refund", provider=provider, number=name, amount_fen=1000)
        after = self.sandbox.ask("truth")["providers"]
        for provider, sums in after.items():
            grown = {k: sums[k] - before[provider][k] for k in ("payments", "paid_fen", "refunded_fen", "fee_fen")}
            self.assertEqual(grown, {"payments": 1, "paid_fen": 5000, "refunded_fen": 1000, "fee_fen": 30 - 6})

    def test_cashier_page_and_control_doors(self):
        names = self.one_of_each()
        page = self.sandbox.call("cashier", "GET", "/")[2].decode()
        for name in names.values():
            path = re.search(rf"(/order/[0-9a-f]{{32}})>{name}<", page).group(1)
            shown = self.sandbox.call("cashier", "GET", path)[2].decode()
            self.assertIn("¥7.00", shown)
            self.assertNotIn("<script", shown)
            self.sandbox.call("cashier", "POST", path, "act=close", {"Content-Type": "application/x-www-form-urlencoded"})
            shown = self.sandbox.call("cashier", "POST", path, "act=late", {"Content-Type": "application/x-www-form-urlencoded"})[2].decode()
            self.assertIn("付款成功", shown)
        self.assertEqual(self.sandbox.call("cashier", "POST", "/control", '{"op":"list"}', {"Content-Type": "text/plain"})[0], 400)
        self.assertRaises(Refused, self.sandbox.ask, "nonsense")

    def test_keys_are_private(self):
        for folder, _, files in os.walk(self.sandbox.keys):
            for name in files:
                self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o600, name)


if __name__ == "__main__":
    unittest.main()
