"""The three payment providers as peers: their own keys, their own answers and notices, written from the providers' papers.

    peer = Providers(park)                   keys and certificates; a server on a free port
    park.settings.update(peer.settings())
    peer.pay("wechat", number)               the payer pays; the trade is known there
    answer = peer.send("wechat", number)     its notice through nginx
    peer.modes["alipay"] = "hang"            hang | drop | refuse | error: what becomes of requests
"""
import base64
import datetime
import hashlib
import http.server
import json
import os
import secrets
import ssl
import threading
import time
import urllib.parse
import urllib.request
import zoneinfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

CHINA = zoneinfo.ZoneInfo("Asia/Shanghai")
NAMES = ("wechat", "alipay", "unionpay")


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_private(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def pem_public(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def sign(key, data):
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()


def holds(key, data, signature):
    try:
        key.public_key().verify(base64.b64decode(signature), data, padding.PKCS1v15(), hashes.SHA256())
        return True
    except Exception:  # pylint: disable=broad-except  # whatever is wrong with it, it does not hold
        return False


def certify(key, name, issuer=None, issuer_key=None, authority=False):
    """A certificate; of itself without an issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(issuer_key or key, hashes.SHA256()))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def china(pattern, at=None):
    return datetime.datetime.fromtimestamp(at or time.time(), CHINA).strftime(pattern)


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def fen(text):
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def joined(fields):
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields))


class Providers:
    """State of the three, the server, and what to send."""

    def __init__(self, park):
        self.park = park
        self.keys = {name: new_key() for name in ("wechat_us", "wechat", "alipay_us", "alipay", "union_us", "union",
                                                  "union_root", "union_middle", "stranger")}
        self.api_key = secrets.token_hex(16)
        self.public_key_id = "PUB_KEY_ID_0119970220"
        root = certify(self.keys["union_root"], "root", authority=True)
        middle = certify(self.keys["union_middle"], "middle", root, self.keys["union_root"], authority=True)
        self.union_leaf = certify(self.keys["union"], "041@EN2015@中国银联股份有限公司@00040000:SIGN", middle, self.keys["union_middle"])
        self.union_us = certify(self.keys["union_us"], "041@us@shop@1")
        self.files = {"root": pem(root), "middle": pem(middle), "us": pem(self.union_us)}
        self.trades = {}   # (provider, number): dict
        self.refunds = {}  # (provider, refund number): dict
        self.asked = []    # (provider, what, number)
        self.modes = {name: "" for name in NAMES}
        self.lock = threading.RLock()
        self.quit = threading.Event()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Hands every request to the peer."""

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(b"")

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def answer(self, body):
                name = "alipay" if self.path.startswith("/alipay") else "unionpay" if self.path.startswith("/unionpay") else "wechat"
                mode = peer.modes[name]
                if mode == "hang":
                    peer.note(name, "hang", "")
                    peer.quit.wait(30)
                    return
                if mode == "drop":
                    peer.note(name, "drop", "")
                    return
                if mode == "refuse":
                    self.reply(500, {}, b"")
                    return
                with peer.lock:
                    status, headers, answer = getattr(peer, name)(self.command, self.path, self.headers, body)
                if mode != "mute":  # mute: what was asked is done, the answer is lost
                    self.reply(status, headers, answer)

            def reply(self, status, headers, body):
                try:
                    self.send_response(status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.quit.set()
        self.server.shutdown()
        self.server.server_close()

    def settings(self, which=NAMES):
        """Settings for these providers; the files are written."""
        base = f"http://127.0.0.1:{self.server.server_port}"
        secret = self.park.write_secret
        files = {"pay__public_url": "https://pay.test.example"}
        if "wechat" in which:
            files.update({
                "pay__wechat__base_url": base, "pay__wechat__app_id": "wxTest", "pay__wechat__merchant_id": "1900000001",
                "pay__wechat__merchant_serial": "0A1B", "pay__wechat__private_key_file": secret("wechat.pem", pem_private(self.keys["wechat_us"])),
                "pay__wechat__api_key_file": secret("wechat_api", self.api_key), "pay__wechat__public_key_id": self.public_key_id,
                "pay__wechat__public_key_file": self.public("wechat_public.pem", pem_public(self.keys["wechat"]))})
        if "alipay" in which:
            files.update({
                "pay__alipay__base_url": base + "/alipay/gateway.do", "pay__alipay__app_id": "2021000001", "pay__alipay__seller_id": "2088000001",
                "pay__alipay__private_key_file": secret("alipay.pem", pem_private(self.keys["alipay_us"])),
                "pay__alipay__alipay_public_key_file": self.public("alipay_public.pem", pem_public(self.keys["alipay"]))})
        if "unionpay" in which:
            files.update({
                "pay__unionpay__base_url": base + "/unionpay/", "pay__unionpay__merchant_id": "777290058110048",
                "pay__unionpay__private_key_file": secret("unionpay.pem", pem_private(self.keys["union_us"])),
                "pay__unionpay__certificate_file": self.public("union_us.pem", self.files["us"]),
                "pay__unionpay__root_certificate_file": self.public("union_root.pem", self.files["root"]),
                "pay__unionpay__middle_certificate_file": self.public("union_middle.pem", self.files["middle"])})
        return files

    def public(self, name, text):
        path = self.park.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    # ---- what payers do

    def note(self, name, what, number):
        self.asked.append((name, what, number))

    def count(self, name, what, number=None):
        return sum(1 for row in self.asked if row[:2] == (name, what) and number in (None, row[2]))

    def order(self, name, number, amount, **more):
        """A trade that was made there, by a request of ours or by a page that the payer opened."""
        with self.lock:
            return self.trades.setdefault((name, number), {"amount": amount, "state": "open", "transaction": "", "at": 0, **more})

    def pay(self, name, number, amount=None, transaction=None, **more):
        """The payer pays what stands there, or the trade that a form or redirect would make."""
        with self.lock:
            trade = self.order(name, number, amount, **more)
            trade.update(state="paid", at=time.time(), transaction=transaction or f"{name[0]}{secrets.token_hex(10)}")
            if amount is not None:
                trade["amount"] = amount
            return trade

    # ---- WeChat Pay

    def wechat_headers(self, body, key=None, serial=None, at=None):
        stamp, nonce = str(int(at or time.time())), secrets.token_hex(16)
        return {"Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": serial or self.public_key_id,
                "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
                "Wechatpay-Signature": sign(key or self.keys["wechat"], f"{stamp}\n{nonce}\n".encode() + body + b"\n")}

    def wechat_answer(self, value, status=200):
        body = b"" if value is None else json.dumps(value).encode()
        return status, {**self.wechat_headers(body), "Content-Type": "application/json"}, body

    @staticmethod
    def wechat_error(status, code):
        return status, {"Content-Type": "application/json"}, json.dumps({"code": code, "message": code}).encode()

    def wechat(self, method, path, headers, body):
        words = dict(part.split("=", 1) for part in headers["Authorization"].split(" ", 1)[1].split(","))
        words = {name: value.strip('"') for name, value in words.items()}
        text = f"{method}\n{path}\n{words['timestamp']}\n{words['nonce_str']}\n".encode() + body + b"\n"
        if not holds(self.keys["wechat_us"], text, words["signature"]):
            return self.wechat_error(401, "SIGN_ERROR")
        asked = json.loads(body) if body else {}
        parts = path.split("?")[0].split("/")
        if path.startswith("/v3/refund/domestic/refunds"):
            return self.wechat_refund(parts[-1], asked, method)
        if method == "POST" and parts[-1] in ("native", "h5", "jsapi"):
            return self.wechat_create(parts[-1], asked)
        number = parts[5]
        trade = self.trades.get(("wechat", number))
        if parts[-1] == "close":
            self.note("wechat", "close", number)
            if trade and trade["state"] == "paid":
                return self.wechat_error(400, "ORDER_PAID")
            if trade:
                trade["state"] = "closed"
            return self.wechat_answer(None, 204)
        self.note("wechat", "query", number)
        return self.wechat_answer(self.wechat_trade(number)) if trade else self.wechat_error(404, "ORDER_NOT_EXIST")

    def wechat_create(self, kind, asked):
        number = asked["out_trade_no"]
        self.note("wechat", "create", number)
        trade = self.order("wechat", number, asked["amount"]["total"], asked=asked)
        if trade["state"] != "open" or trade["asked"] != asked:
            return self.wechat_error(400, "ORDERPAID" if trade["state"] == "paid" else "INVALID_REQUEST")
        return self.wechat_answer({"native": {"code_url": f"weixin://wxpay/{number}"}, "h5": {"h5_url": f"https://wx.example/{number}?x=1"},
                                   "jsapi": {"prepay_id": "wx1"}}[kind])

    def wechat_trade(self, number, **changes):
        trade = self.trades[("wechat", number)]
        state = {"open": "NOTPAY", "paid": "SUCCESS", "closed": "CLOSED"}[trade["state"]]
        said = {"appid": "wxTest", "mchid": "1900000001", "out_trade_no": number, "trade_type": "NATIVE", "trade_state": state,
                "trade_state_desc": "x", "amount": {"total": trade["amount"], "payer_total": trade["amount"], "currency": "CNY", "payer_currency": "CNY"}}
        if state == "SUCCESS":
            said.update(transaction_id=trade["transaction"], success_time=china("%Y-%m-%dT%H:%M:%S+08:00", trade["at"]), bank_type="OTHERS",
                        payer={"openid": "o1"})
        amount = changes.pop("amount", {})
        said.update(changes)
        said["amount"].update(amount)
        return said

    def wechat_refund(self, last, asked, method):
        number = asked["out_refund_no"] if method == "POST" else last
        self.note("wechat", "refund" if method == "POST" else "refund_query", number)
        if method == "POST":
            trade = next(t for (name, _), t in self.trades.items() if name == "wechat" and t["transaction"] == asked["transaction_id"])
            order = next(n for (name, n), t in self.trades.items() if t is trade)
            self.refunds.setdefault(("wechat", number), {"amount": asked["amount"]["refund"], "state": "PROCESSING", "order": order, "id": "5" + secrets.token_hex(8)})
        if ("wechat", number) not in self.refunds:
            return self.wechat_error(404, "RESOURCE_NOT_EXISTS")
        return self.wechat_answer(self.wechat_refund_said(number))

    def wechat_refund_said(self, number, notice=False):
        refund = self.refunds[("wechat", number)]
        trade = self.trades[("wechat", refund["order"])]
        said = {"mchid": "1900000001", "out_trade_no": refund["order"], "transaction_id": trade["transaction"], "out_refund_no": number,
                "refund_id": refund["id"], "refund_status" if notice else "status": refund["state"], "user_received_account": "x",
                "create_time": china("%Y-%m-%dT%H:%M:%S+08:00"), "channel": "ORIGINAL",
                "amount": {"total": trade["amount"], "refund": refund["amount"], "payer_total": trade["amount"], "payer_refund": refund["amount"], "currency": "CNY"}}
        if refund["state"] == "SUCCESS":
            said["success_time"] = china("%Y-%m-%dT%H:%M:%S+08:00")
        return said

    def wechat_notice(self, said, kind="transaction", event="TRANSACTION.SUCCESS", **headers):
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.api_key.encode()).encrypt(nonce.encode(), json.dumps(said).encode(), kind.encode())
        body = json.dumps({"id": secrets.token_hex(16), "create_time": china("%Y-%m-%dT%H:%M:%S+08:00"), "resource_type": "encrypt-resource",
                           "event_type": event, "summary": "x", "resource": {"original_type": kind, "algorithm": "AEAD_AES_256_GCM",
                           "ciphertext": base64.b64encode(sealed).decode(), "associated_data": kind, "nonce": nonce}}).encode()
        return {**self.wechat_headers(body, **headers), "Content-Type": "application/json"}, body

    # ---- Alipay

    def alipay(self, _method, path, _headers, body):
        fields = dict(urllib.parse.parse_qsl(path.split("?", 1)[1]))
        fields.update(urllib.parse.parse_qsl(body.decode()))
        given = fields.pop("sign")
        if not holds(self.keys["alipay_us"], joined({k: v for k, v in fields.items() if v}).encode(), given):
            return self.alipay_answer(fields["method"], {"code": "40002", "msg": "x", "sub_code": "isv.invalid-signature"})
        asked = json.loads(fields["biz_content"])
        number = asked["out_trade_no"]
        what = {"alipay.trade.precreate": "create", "alipay.trade.query": "query", "alipay.trade.close": "close",
                "alipay.trade.refund": "refund", "alipay.trade.fastpay.refund.query": "refund_query"}[fields["method"]]
        self.note("alipay", what, asked.get("out_request_no", number))
        trade = self.trades.get(("alipay", number))
        good = {"code": "10000", "msg": "Success", "out_trade_no": number}
        if what == "create":
            return self.alipay_answer(fields["method"], {**good, "qr_code": f"https://qr.alipay.com/{number}"})
        if trade is None:  # the trade begins when the payer scans
            return self.alipay_answer(fields["method"], {"code": "40004", "msg": "x", "sub_code": "ACQ.TRADE_NOT_EXIST"})
        good["trade_no"] = trade["transaction"]
        if what == "query":
            status = {"open": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED"}[trade["state"]]
            return self.alipay_answer(fields["method"], {**good, "trade_status": status, "total_amount": yuan(trade["amount"])})
        if what == "close":
            if trade["state"] == "paid":
                return self.alipay_answer(fields["method"], {"code": "40004", "msg": "x", "sub_code": "ACQ.TRADE_STATUS_ERROR"})
            trade["state"] = "closed"
            return self.alipay_answer(fields["method"], good)
        number = asked["out_request_no"]
        if what == "refund":
            refund = self.refunds.setdefault(("alipay", number), {"amount": fen(asked["refund_amount"]), "order": good["out_trade_no"], "state": "SUCCESS"})
            return self.alipay_answer(fields["method"], {**good, "fund_change": "Y", "refund_fee": yuan(refund["amount"])})
        refund = self.refunds.get(("alipay", number))
        done = {"out_request_no": number, "refund_status": "REFUND_SUCCESS", "refund_amount": yuan(refund["amount"])} if refund else {}
        return self.alipay_answer(fields["method"], {**good, **done})

    def alipay_answer(self, method, node):
        text = json.dumps(node, separators=(",", ":"))
        name = method.replace(".", "_") + "_response"
        return 200, {"Content-Type": "application/json"}, f'{{"{name}":{text},"sign":"{sign(self.keys["alipay"], text.encode())}"}}'.encode()

    def alipay_said(self, number, **changes):
        trade = self.trades[("alipay", number)]
        return {"notify_time": china("%Y-%m-%d %H:%M:%S"), "notify_type": "trade_status_sync", "notify_id": secrets.token_hex(16), "charset": "utf-8",
                "version": "1.0", "app_id": "2021000001", "auth_app_id": "2021000001", "trade_no": trade["transaction"], "out_trade_no": number,
                "buyer_id": "2088", "seller_id": "2088000001", "trade_status": "TRADE_SUCCESS", "total_amount": yuan(trade["amount"]),
                "receipt_amount": yuan(trade["amount"]), "subject": "电费", "body": "", "gmt_create": china("%Y-%m-%d %H:%M:%S"),
                "gmt_payment": china("%Y-%m-%d %H:%M:%S", trade["at"]), **changes}

    def alipay_notice(self, said, key=None):
        body = {**said, "sign_type": "RSA2", "sign": sign(key or self.keys["alipay"], joined(said).encode())}
        return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, urllib.parse.urlencode(body).encode()

    # ---- UnionPay

    def union_sign(self, fields, key=None):
        fields = {**fields, "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "signPubKeyCert": pem(self.union_leaf).replace("\n", "\r\n")}
        digest = hashlib.sha256(joined({k: v for k, v in fields.items() if v.strip()}).encode()).hexdigest()
        return {**fields, "signature": sign(key or self.keys["union"], digest.encode())}

    def unionpay(self, _method, path, _headers, body):
        fields = dict(urllib.parse.parse_qsl(body.decode()))
        given = fields.pop("signature")
        digest = hashlib.sha256(joined({k: v for k, v in fields.items() if v.strip()}).encode()).hexdigest()
        number = fields["orderId"]
        said = {k: fields[k] for k in ("merId", "orderId", "txnTime", "txnType", "txnSubType", "bizType", "accessType")}
        if not holds(self.keys["union_us"], digest.encode(), given):
            return self.union_answer({**said, "respCode": "11", "respMsg": "x"})
        if path.endswith("backTransReq.do"):
            self.note("unionpay", "refund", number)
            if ("unionpay", number) in self.refunds:
                return self.union_answer({**said, "respCode": "12", "respMsg": "x"})
            order = next(n for (name, n), t in self.trades.items() if t["transaction"] == fields["origQryId"])
            self.refunds[("unionpay", number)] = {"amount": int(fields["txnAmt"]), "order": order, "state": "05", "time": fields["txnTime"], "id": "8" + secrets.token_hex(8)}
            return self.union_answer({**said, "respCode": "00", "respMsg": "x", "queryId": "8"})
        refund = self.refunds.get(("unionpay", number))
        self.note("unionpay", "refund_query" if refund else "query", number)
        trade = refund or self.trades.get(("unionpay", number))
        if trade is None or (not refund and trade["state"] == "open"):
            return self.union_answer({**said, "respCode": "34", "respMsg": "x"})
        original = refund["state"] if refund else {"paid": "00", "closed": "42"}[trade["state"]]
        return self.union_answer({**said, "respCode": "00", "respMsg": "x", "origRespCode": original, "origRespMsg": "x", "currencyCode": "156",
                                  "txnAmt": str(trade["amount"]), "queryId": trade["id"] if refund else trade["transaction"],
                                  "traceTime": china("%m%d%H%M%S"), **({"origQryId": self.trades[("unionpay", refund["order"])]["transaction"]} if refund else {})})

    def union_answer(self, fields):
        return 200, {"Content-Type": "text/html;charset=utf-8"}, "&".join(f"{k}={v}" for k, v in self.union_sign(fields).items()).encode()

    def union_said(self, number, **changes):
        trade = self.trades[("unionpay", number)]
        return {"accessType": "0", "bizType": "000201", "currencyCode": "156", "merId": "777290058110048", "orderId": number, "queryId": trade["transaction"],
                "respCode": "00", "respMsg": "Success!", "settleAmt": str(trade["amount"]), "txnAmt": str(trade["amount"]), "txnSubType": "01",
                "txnTime": trade.get("time") or china("%Y%m%d%H%M%S"), "txnType": "01", "traceTime": china("%m%d%H%M%S"), **changes}

    def union_notice(self, said, key=None):
        return {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode(self.union_sign(said, key)).encode()

    # ---- notices

    def notice(self, name, number, key=None, **changes):
        """Headers and body of the notice about a paid trade."""
        if name == "wechat":
            return self.wechat_notice(self.wechat_trade(number, **changes), **({"key": key} if key else {}))
        if name == "alipay":
            return self.alipay_notice(self.alipay_said(number, **changes), key)
        return self.union_notice(self.union_said(number, **changes), key)

    def refund_notice(self, name, number, **changes):
        refund = self.refunds[(name, number)]
        if name == "wechat":
            event = {"SUCCESS": "REFUND.SUCCESS", "CLOSED": "REFUND.CLOSED", "ABNORMAL": "REFUND.ABNORMAL"}[refund["state"]]
            return self.wechat_notice({**self.wechat_refund_said(number, True), **changes}, "refund", event)
        if name == "alipay":
            return self.alipay_notice(self.alipay_said(refund["order"], refund_fee=yuan(refund["amount"]), out_biz_no=number,
                                                       gmt_refund=china("%Y-%m-%d %H:%M:%S.000"), **changes))
        return self.union_notice(self.union_said(refund["order"], orderId=number, txnType="04", txnSubType="00", txnTime=refund["time"],
                                                 origQryId=self.trades[("unionpay", refund["order"])]["transaction"], queryId=refund["id"],
                                                 txnAmt=str(refund["amount"]), respCode="00" if refund["state"] == "00" else refund["state"], **changes))

    def post(self, name, headers, body, refund=False, method="POST", key="main"):
        """Sends to the notice address through nginx: status and body."""
        path = f"/notify/{name}/{key}/refund" if refund else f"/notify/{name}/{key}"
        url = f"https://127.0.0.1:{self.park.public_port}{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def send(self, name, number, **changes):
        return self.post(name, *self.notice(name, number, **changes))

    def send_refund(self, name, number, **changes):
        """Alipay tells it at the address of the payment."""
        return self.post(name, *self.refund_notice(name, number, **changes), refund=name != "alipay")

    @staticmethod
    def succeeded(name, answer):
        """True if the provider would take this as stored."""
        status, body = answer
        if name == "alipay":
            return body == b"success"
        return status == 200 and (name != "wechat" or json.loads(body)["code"] == "SUCCESS")

    @staticmethod
    def failed(name, answer):
        """True if the provider would take this as its failure reply."""
        status, body = answer
        return status >= 400 and (name != "wechat" or json.loads(body)["code"] == "FAIL") and (name != "alipay" or body == b"fail")
