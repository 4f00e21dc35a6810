"""Merchants that talk to the sandbox with python3-cryptography only: each provider's signatures written a second time."""
import base64
import hashlib
import http.server
import json
import os
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def private_key(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def certificate(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def sign(key, text):
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(key, text, signature):
    """True if it is this key's signature."""
    try:
        key.verify(base64.b64decode(signature), text if isinstance(text, bytes) else text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return True
    except InvalidSignature:
        return False


def china(at=None, form="%Y-%m-%d %H:%M:%S"):
    """Civil time of China."""
    return time.strftime(form, time.gmtime((time.time() if at is None else at) + 8 * 3600))


class Wechat:
    def __init__(self, sandbox, by_key=True):
        self.sandbox = sandbox
        self.me = sandbox.identities()["wechat"]
        self.key = private_key(sandbox.file("merchant/wechat_private_key.pem"))
        self.by_key = by_key
        with open(sandbox.file("merchant/wechat_public_key.pem"), "rb") as file:
            self.public_key = serialization.load_pem_public_key(file.read())
        self.platform = certificate(sandbox.file("provider/wechat_certificate.pem"))
        with open(sandbox.file("merchant/wechat_api_key"), "rb") as file:
            self.api_key = file.read()
        self.stamp_offset = 0

    def headers(self, method, target, body):
        stamp, nonce = str(int(time.time()) + self.stamp_offset), os.urandom(16).hex()
        signature = sign(self.key, f"{method}\n{target}\n{stamp}\n{nonce}\n{body}\n")
        headers = {"Accept": "application/json", "User-Agent": "peer", "Content-Type": "application/json",
                   "Authorization": f'WECHATPAY2-SHA256-RSA2048 mchid="{self.me["mchid"]}",nonce_str="{nonce}",timestamp="{stamp}",'
                                    f'serial_no="{self.me["merchant_serial"]}",signature="{signature}"'}
        if self.by_key:
            headers["Wechatpay-Serial"] = self.me["public_key_id"]
        return headers

    def verified(self, headers, body):
        """Whether answer or notice is WeChat's."""
        key = self.public_key if headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_") else self.platform.public_key()
        text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        return verify(key, text, headers["Wechatpay-Signature"])

    def call(self, method, target, fields=None):
        """(status, JSON); a good answer was verified."""
        body = "" if fields is None else json.dumps(fields)
        status, headers, answer = self.sandbox.call("wechat", method, target, body or None, self.headers(method, target, body))
        if status < 300 and "billdownload" not in target:
            assert self.verified(headers, answer), "an answer that WeChat did not sign"
            assert headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_") == self.by_key
        if "billdownload" in target:
            return status, answer
        return status, json.loads(answer) if answer else None

    def order(self, number, fen, notify, kind="native", **more):
        return self.call("POST", f"/v3/pay/transactions/{kind}", {
            "appid": self.me["app_id"], "mchid": self.me["mchid"], "description": "预付费电量", "out_trade_no": number,
            "notify_url": notify, "amount": {"total": fen, "currency": "CNY"}, **more})

    def query(self, number):
        return self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.me['mchid']}")

    def open(self, resource):
        """What is sealed in a notice or certificate."""
        return AESGCM(self.api_key).decrypt(resource["nonce"].encode(), base64.b64decode(resource["ciphertext"]),
                                            resource["associated_data"].encode())


class Alipay:
    def __init__(self, sandbox, certificates=False):
        self.sandbox = sandbox
        self.me = sandbox.identities()["alipay"]
        self.key = private_key(sandbox.file("merchant/alipay_private_key.pem"))
        with open(sandbox.file("merchant/alipay_public_key.pem"), "rb") as file:
            self.public_key = serialization.load_pem_public_key(file.read())
        self.certificates = certificates

    def sn(self, name):
        """MD5 of the issuer, most specific first, and the decimal serial number."""
        found = certificate(self.sandbox.file(name))
        return hashlib.md5((found.issuer.rfc4514_string() + str(found.serial_number)).encode()).hexdigest()

    def request(self, method, content, **more):
        """The signed parameters."""
        form = {"app_id": self.me["app_id"], "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2",
                "timestamp": china(), "version": "1.0", "biz_content": json.dumps(content, ensure_ascii=False), **more}
        if self.certificates:
            form["app_cert_sn"] = self.sn("merchant/alipay_app_certificate.crt")
            form["alipay_root_cert_sn"] = self.sn("merchant/alipay_root_certificate.crt")
        form["sign"] = sign(self.key, "&".join(f"{k}={v}" for k, v in sorted(form.items()) if v))
        return form

    def call(self, method, content, spoil=None, **more):
        """The node of the answer, whose signature was verified over its text."""
        form = self.request(method, content, **more)
        if spoil:
            form.update(spoil)
        body = urllib.parse.urlencode({"biz_content": form.pop("biz_content")})
        _, _, answer = self.sandbox.call("alipay", "POST", "/gateway.do?" + urllib.parse.urlencode(form), body,
                                         {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"})
        whole = json.loads(answer)
        name = method.replace(".", "_") + "_response"
        name = name if name in whole else "error_response"
        text = answer.decode()
        start = text.index(f'"{name}":') + len(name) + 3
        node, length = json.JSONDecoder().raw_decode(text[start:])
        assert verify(self.public_key, text[start:start + length], whole["sign"]), "an answer that Alipay did not sign"
        if self.certificates and name != "error_response":
            assert whole["alipay_cert_sn"] == self.sn("merchant/alipay_certificate.crt")
        return node

    def verified(self, form):
        """Whether a notice is Alipay's: all pairs but sign and sign_type, empty ones too."""
        text = "&".join(f"{k}={v}" for k, v in sorted(form.items()) if k not in ("sign", "sign_type"))
        return form.get("sign_type") == "RSA2" and verify(self.public_key, text, form["sign"])


class UnionPay:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.me = sandbox.identities()["unionpay"]
        self.key = private_key(sandbox.file("merchant/unionpay_private_key.pem"))
        self.cert_id = str(certificate(sandbox.file("merchant/unionpay_certificate.pem")).serial_number)
        self.root = certificate(sandbox.file("merchant/unionpay_root.pem"))
        self.middle = certificate(sandbox.file("merchant/unionpay_middle.pem"))

    @staticmethod
    def digest(form):
        text = "&".join(f"{k}={v}" for k, v in sorted(form.items()) if k != "signature" and v.strip())
        return hashlib.sha256(text.encode()).hexdigest()

    def form(self, **fields):
        """Signed fields."""
        form = {"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": self.me["merchant_id"],
                "certId": self.cert_id, **fields}
        return {**form, "signature": sign(self.key, self.digest(form))}

    def verified(self, form):
        """Signature, chain to the pinned root, owner."""
        leaf = x509.load_pem_x509_certificate(form["signPubKeyCert"].encode())
        for child, parent in ((leaf, self.middle), (self.middle, self.root)):
            parent.public_key().verify(child.signature, child.tbs_certificate_bytes, padding.PKCS1v15(), child.signature_hash_algorithm)
        owner = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value.split("@")[2]
        return owner == "中国银联股份有限公司" and form["version"] == "5.1.0" and \
            verify(leaf.public_key(), self.digest(form), form["signature"])

    def post(self, path, form):
        return self.sandbox.call("unionpay", "POST", path, urllib.parse.urlencode(form),
                                 {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"})

    def call(self, path, **fields):
        """Fields of the verified answer; values are not URL-encoded."""
        _, _, body = self.post(path, self.form(**fields))
        form = {}
        for piece in body.decode().split("&"):
            name, _, value = piece.partition("=")
            form[name] = value
        assert self.verified(form), "an answer that UnionPay did not sign"
        return form

    def front(self, number, at, fen, notify, timeout=900):
        """What the browser posts."""
        return self.form(txnType="01", txnSubType="01", bizType="000201", channelType="08", orderId=number, txnTime=china(at, "%Y%m%d%H%M%S"),
                         txnAmt=str(fen), currencyCode="156", backUrl=notify, frontUrl="https://merchant.test/back",
                         payTimeout=china(at + timeout, "%Y%m%d%H%M%S"), riskRateInfo="{commodityName=预付费电量}")

    def query(self, number, at):
        return self.call("/gateway/api/queryTrans.do", txnType="00", txnSubType="00", bizType="000201", orderId=number,
                         txnTime=china(at, "%Y%m%d%H%M%S"))


class Inbox:
    """The merchant's side of notices: keeps those below `prefix`, answers them as `answers` says (the last answer stays).

    What a test before left on its way comes below another prefix and is only taken.
    """

    def __init__(self, answer=(200, b"success")):
        self.got = []
        self.prefix = "/"
        self.answers = [answer]
        self.condition = threading.Condition()
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the library's name)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with inbox.condition:
                    status, text = 200, b"success"
                    if self.path.startswith(inbox.prefix):
                        inbox.got.append((self.path[len(inbox.prefix) - 1:], self.headers, body, time.monotonic()))
                        status, text = inbox.answers.pop(0) if len(inbox.answers) > 1 else inbox.answers[0]
                        inbox.condition.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{self.prefix}{path[1:]}"

    def begin(self, prefix):
        """From now on only what comes below this prefix counts."""
        with self.condition:
            self.prefix = prefix
            self.got.clear()

    def wait(self, count, seconds=30):
        """The first `count` notices: (path, headers, body, monotonic time)."""
        with self.condition:
            assert self.condition.wait_for(lambda: len(self.got) >= count, seconds), f"{len(self.got)} of {count} notices came"
            return self.got[:count]

    def clear(self, *answers):
        with self.condition:
            self.got.clear()
            if answers:
                self.answers = list(answers)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
