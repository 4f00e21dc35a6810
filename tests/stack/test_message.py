"""Text messages: sent once by whatever takes JSON, never twice, never in a log."""
import http.server
import json
import os
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402
import park as parks  # noqa: E402
import tenant  # noqa: E402

OWNER = "13800000001"


class Service(http.server.BaseHTTPRequestHandler):
    """A service for text messages."""

    got, status, answers = [], 200, True

    def log_message(self, *_):
        pass

    def do_POST(self):
        Service.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if Service.answers:
            body = json.dumps({"id": f"S{len(Service.got)}"}).encode()
            self.send_response(Service.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


class Messages(money.Case):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=cls.server.serve_forever, args=(0.05,), daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.park = parks.Park(lines=1, meters=1, settings={"sms__http__base_url": f"http://127.0.0.1:{cls.server.server_port}/send"})
        try:
            cls.park.start()
            cls.clerk = cls.park.log_in("finance")
            cls().open_account(cls.park.meters[0], "店", contact={"role": "owner", "name": "李", "phone": OWNER, "locale": "zh-CN"})
        except BaseException:
            cls.park.stop()
            raise

    def setUp(self):
        Service.got, Service.status, Service.answers = [], 200, True
        tenant.forget_limits(self.park)

    def ask(self):
        """A code is asked for; the id of its message."""
        answer = tenant.phone(self.park).post("/session/code", {"phone": OWNER})
        self.assertEqual(answer.status, 202, answer)
        return self.one("SELECT MAX(id) FROM message")

    def state(self, message, state, seconds=20):
        lib.wait_for(f"message {state}", lambda: self.sql(f"SELECT state FROM message WHERE id = {message}") == [[state]], seconds, 0.05)
        return self.sql(f"SELECT body_sealed IS NULL, body IS NULL, provider_reference, provider FROM message WHERE id = {message}")[0]

    def test_1_a_code_arrives_and_logs_in(self):
        message = self.ask()
        self.assertEqual(self.state(message, "accepted"), ["1", "1", "S1", "http"])
        self.assertEqual((len(Service.got), Service.got[0]["phone"], Service.got[0]["id"]), (1, OWNER, message))
        code = "".join(c for c in Service.got[0]["text"].split("，")[0] if c.isdigit())
        answer = tenant.phone(self.park).post("/session", {"phone": OWNER, "code": code})
        self.assertEqual(answer.status, 200, answer)
        for program in ("jobs", "cgi-tenant"):
            self.assertNotIn(code, self.park.log_of(program))
            self.assertNotIn(OWNER, self.park.log_of(program))

    def test_2_refused_and_not_answered_are_final(self):
        Service.status = 400
        self.assertEqual(self.state(self.ask(), "refused")[0], "1")
        tenant.forget_limits(self.park)
        Service.answers = False
        self.assertEqual(self.state(self.ask(), "unknown")[0], "1")
        self.assertEqual(len(Service.got), 2)

    def test_3_killed_behind_the_mark_it_is_never_sent_again(self):
        self.park.stop_one("jobs", signal.SIGKILL)
        message = self.ask()
        start = [self.park.program("jobs/paywatt-jobs"), "--config", self.park.ini]
        process = self.park.start("jobs", start, env={"PW_FAILPOINT": "message.sending=kill@1"})
        lib.wait_for("the kill", lambda: process.poll() is not None, 20, 0.05)
        self.park.start("jobs", start)
        self.assertEqual(self.state(message, "unknown", 30)[0], "1")
        self.assertEqual(Service.got, [])

    def test_4_an_expired_one_is_not_sent(self):
        self.park.stop_one("jobs", signal.SIGKILL)
        message = self.ask()
        self.sql(f"UPDATE message SET expires_at = created_at WHERE id = {message}")
        self.park.start_jobs()
        self.assertEqual(self.state(message, "expired")[0], "1")
        self.assertEqual(Service.got, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
