"""Logging in through nginx: passwords, lock-out, second factor, cookies, CSRF, users."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402

servers = None


def setUpModule():
    global servers
    servers = lib.web(security__login_failures=3, security__login_window_s=60)


def tearDownModule():
    servers.stop()


def client():
    return lib.Client(servers.office_port)


class Session(unittest.TestCase):
    def test_01_log_in_enrol_and_out(self):
        lib.add_user(servers, "anna", "engineer")
        me = client()
        self.assertEqual(me.get("/session").code, "unauthenticated")
        answer = me.login("anna")
        self.assertEqual(answer.status, 200, answer)
        session = answer.json
        self.assertEqual(session["stage"], "enrol_totp")
        self.assertEqual(session["user"]["role"], "engineer")
        self.assertIn("meter.switch", session["permissions"])
        self.assertNotIn("user.manage", session["permissions"])
        cookie = answer.headers["set-cookie"]
        for word in ("__Host-pw_staff=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(me.get("/status").code, "enrolment_required")
        begun = me.cookies["__Host-pw_staff"]
        offer = me.post("/session/totp/begin").json
        self.assertTrue(offer["qr_svg"].startswith("<svg"))
        self.assertIn(offer["secret_base32"], offer["otpauth_uri"])
        self.assertEqual(me.post("/session/totp/finish", {"code": "000000"}).code, "totp_wrong")
        code = lib.totp(offer["secret_base32"])
        done = me.post("/session/totp/finish", {"code": code})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(len(set(done.json["recovery_codes"])), 10)
        me.csrf = done.json["session"]["csrf_token"]
        self.assertEqual(done.json["session"]["stage"], "full")
        self.assertNotEqual(me.cookies["__Host-pw_staff"], begun)
        self.assertEqual(me.get("/status").status, 200)
        old = client()
        old.cookies["__Host-pw_staff"] = begun
        self.assertEqual(old.get("/session").code, "unauthenticated")
        # Replay: the step that enrolled is used up; so is any step once it let somebody in.
        other = client()
        self.assertEqual(other.login("anna").code, "totp_required")
        self.assertEqual(other.login("anna", totp=code).code, "totp_wrong")
        following = lib.totp(offer["secret_base32"], 1)
        self.assertEqual(other.login("anna", totp=following).status, 200)
        self.assertEqual(client().login("anna", totp=following).code, "totp_wrong")
        # A recovery code works once, however it is typed.
        recovery = done.json["recovery_codes"][0]
        self.assertEqual(client().login("anna", totp=recovery.lower().replace("-", " ")).status, 200)
        self.assertEqual(client().login("anna", totp=recovery).code, "totp_wrong")
        self.assertEqual(other.call("DELETE", "/session").status, 204)
        self.assertEqual(other.get("/session").code, "unauthenticated")
        actions = [row[0] for row in servers.sql("SELECT action FROM audit WHERE actor_name = 'anna' ORDER BY id")]
        for action in ("session.open", "user.totp", "session.fail", "session.close"):
            self.assertIn(action, actions)

    def test_02_lock_out(self):
        lib.add_user(servers, "berta", "finance")
        for name in ("berta", "nobody-of-this-name"):
            words = []
            for _ in range(3):
                answer = client().login(name, "wrong password")
                words.append((answer.status, answer.json["detail"]))
            self.assertEqual(words, [(401, "name or password is wrong")] * 3, name)
            answer = client().login(name)  # the right password is of no use now
            self.assertEqual((answer.status, answer.code), (423, "locked"), name)
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'session.lock'")[0][0], "1")
        servers.sql("UPDATE user SET locked_until_at = '2026-01-01' WHERE name = 'berta'")
        self.assertEqual(client().login("berta").status, 200)

    def test_03_unknown_name_costs_the_same(self):
        lib.add_user(servers, "carl", "finance")

        def cost(name):
            times = []
            for _ in range(2):
                began = time.monotonic()
                client().login(name, "wrong password")
                times.append(time.monotonic() - began)
            return min(times)

        known, unknown = cost("carl"), cost("carl2")
        self.assertLess(abs(known - unknown), 0.5 * max(known, unknown) + 0.05)

    def test_04_disabled_user(self):
        lib.add_user(servers, "dora", "finance")
        me = client()
        me.login("dora")
        self.assertEqual(me.get("/session").status, 200)
        servers.sql("UPDATE user SET state = 'disabled' WHERE name = 'dora'")
        self.assertEqual(me.get("/session").code, "unauthenticated")
        answer = client().login("dora")
        self.assertEqual((answer.status, answer.json["detail"]), (401, "name or password is wrong"))

    def test_05_fixation(self):
        lib.add_user(servers, "emil", "finance")
        me = client()
        planted = "A" * 43
        me.cookies["__Host-pw_staff"] = planted
        self.assertEqual(me.login("emil").status, 200)
        self.assertNotEqual(me.cookies["__Host-pw_staff"], planted)
        thief = client()
        thief.cookies["__Host-pw_staff"] = planted
        self.assertEqual(thief.get("/session").code, "unauthenticated")
        keys = servers.redis("KEYS", "pw:session:*")
        self.assertNotIn(me.cookies["__Host-pw_staff"], keys)

    def test_06_csrf(self):
        lib.add_user(servers, "fred", "finance")
        me = client()
        me.login("fred")
        body = {"locale": "en"}
        cases = [
            ({"X-CSRF-Token": None}, 403), ({"X-CSRF-Token": "x" * 43}, 403), ({"Origin": None}, 403),
            ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
            ({"Origin": f"http://127.0.0.1:{servers.office_port}"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "same-origin", "Origin": None}, 200), ({}, 200),
        ]
        for headers, status in cases:
            answer = me.post("/session/locale", body, headers=headers)
            self.assertEqual(answer.status, status, (headers, answer))
            if status == 403:
                self.assertEqual(answer.code, "csrf")
        self.assertEqual(me.get("/session").json["user"]["locale"], "en")
        other = client()
        other.login("fred")
        other.csrf = me.csrf  # another session's token
        self.assertEqual(other.post("/session/locale", body).code, "csrf")
        self.assertEqual(client().call("POST", "/session", {"name": "fred", "password": lib.PASSWORD},
                                       headers={"Origin": "https://evil.example"}).code, "csrf")

    def test_07_first_password_must_be_changed(self):
        lib.add_user(servers, "gina", "finance", must_change_password=1)
        me = client()
        self.assertEqual(me.login("gina").json["stage"], "change_password")
        self.assertEqual(me.get("/status").code, "password_change_required")
        change = {"old_password": lib.PASSWORD, "new_password": "1234567890"}
        answer = me.post("/session/password", change)
        self.assertEqual((answer.status, answer.json["field"]), (400, "new_password"))
        answer = me.post("/session/password", {"old_password": "no", "new_password": "a fresh long word"})
        self.assertEqual((answer.status, answer.json["field"]), (400, "old_password"))
        change["new_password"] = "a fresh long word"
        answer = me.post("/session/password", change)
        self.assertEqual((answer.status, answer.json["stage"]), (200, "enrol_totp"))
        self.assertEqual(client().login("gina").status, 401)
        self.assertEqual(client().login("gina", "a fresh long word").status, 200)

    def test_08_users(self):
        lib.add_user(servers, "root1", "administrator")
        admin = client()
        admin.login("root1")
        admin.enrol()
        new = {"name": "hans", "display_name": "Hans 汉斯", "role": "engineer", "initial_password": "for the first day"}
        answer = admin.post("/users", new)
        self.assertEqual(answer.status, 201, answer)
        hans = answer.json
        self.assertEqual((hans["state"], hans["totp_enrolled"], hans["last_login_at"]), ("active", False, None))
        self.assertEqual(admin.post("/users", new).code, "conflict")
        self.assertEqual(admin.post("/users", {**new, "name": "Upper Case"}).json["field"], "name")
        self.assertEqual(admin.post("/users", {**new, "role": "king"}).json["field"], "role")
        self.assertEqual(admin.post("/users", {**new, "id": 1}).json["field"], "id")
        self.assertIn("hans", [user["name"] for user in admin.get("/users").json["items"]])
        his = client()
        self.assertEqual(his.login("hans", "for the first day").json["stage"], "change_password")
        his_id = hans["id"]
        path = f"/users/{his_id}"
        self.assertEqual(admin.post(path + "/role", {"role": "auditor", "reason": "moved"}).json["role"], "auditor")
        self.assertEqual(his.get("/session").code, "unauthenticated")
        reset = admin.post(f"/users/{his_id}/reset", {"what": "password", "reason": "forgotten"}).json
        self.assertRegex(reset["one_time_password"], r"^([a-z2-7]{4}-){3}[a-z2-7]{4}$")
        self.assertEqual(his.login("hans", reset["one_time_password"]).json["stage"], "change_password")
        reset = admin.post(path + "/reset", {"what": "totp", "reason": "lost phone"}).json
        self.assertIsNone(reset["one_time_password"])
        answer = admin.post(path + "/state", {"state": "disabled", "reason": "left"})
        self.assertEqual(answer.json["state"], "disabled")
        mine = [u["id"] for u in admin.get("/users").json["items"] if u["name"] == "root1"][0]
        answer = admin.post(f"/users/{mine}/state", {"state": "disabled", "reason": "oops"})
        self.assertEqual((answer.status, answer.code), (409, "conflict"))
        self.assertEqual(admin.post("/users/999999/state", {"state": "active", "reason": "x"}).status, 404)
        after = servers.sql("SELECT before_json, after_json FROM audit WHERE action = 'user.role'")[0]
        self.assertEqual(after, ['{"role":"engineer","active":true}', '{"role":"auditor","active":true}'])
        self.assertEqual([r["code"] for r in admin.get("/roles").json["items"]],
                         ["administrator", "finance", "engineer", "auditor"])

    def test_09_session_ends_when_idle(self):
        lib.add_user(servers, "ida", "finance")
        me = client()
        me.login("ida")
        key = [k for k in servers.redis("KEYS", "pw:session:*").split() if '"ida"' in servers.redis("GET", k)][0]
        servers.redis("EXPIRE", key, "5")
        me.get("/session")
        self.assertGreater(int(servers.redis("TTL", key)), 500)
        servers.redis("FLUSHALL")
        self.assertEqual(me.get("/session").code, "unauthenticated")

    def test_10_no_secret_is_logged(self):
        logs = "".join(servers.log_of(name) for name in ("cgi-staff", "nginx"))
        with open(os.path.join(servers.log, "access.log"), encoding="utf-8") as file:
            logs += file.read()
        self.assertNotIn("Sanitizer", logs)
        for secret in (lib.PASSWORD, "for the first day", "__Host-pw_staff=", servers.passwords["staff"]):
            self.assertNotIn(secret, logs)


if __name__ == "__main__":
    unittest.main()
