"""The phone site: who gets in, who sees which shop, how a phone is bound and leaves."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import park as parks  # noqa: E402
import tenant  # noqa: E402

OWNER = "13800000001"
CLERK = "13800000002"
STRANGER = "13900000009"
PAYER = "13700000007"

servers = None
finance = None
accounts = {}  # name: id
supplies = {}  # name: id


def setUpModule():
    global servers, finance
    servers = parks.Park(lines=1, meters=3, settings={"security__login_failures": 3, "security__login_window_s": 60})
    servers.start()
    clerk = servers.log_in("finance")
    for number, name in zip(servers.meters, ("Noodles", "Fish", "Tea")):
        supplies[name] = clerk.meter(number)["supply_id"]
        body = {"kind": "prepaid", "name": name, "supply_ids": [supplies[name]], "open": True}
        accounts[name] = clerk.post("/accounts", body, str(uuid.uuid4()))["id"]
    finance = lib.Client(servers.office_port)
    finance.cookies, finance.csrf = clerk.cookies, clerk.csrf
    put_contact("Noodles", OWNER, "owner", "Ms Li")
    put_contact("Fish", OWNER, "owner", "Ms Li")
    put_contact("Noodles", CLERK, "manager", "Mr Wu")


def tearDownModule():
    servers.stop()


def put_contact(name, phone, role, person):
    answer = finance.order(f"/accounts/{accounts[name]}/contacts",
                           {"role": role, "name": person, "phone": phone, "locale": "zh-CN"})
    assert answer.status in (200, 201), answer


def shop_names(session):
    return {(shop["shop_name"], shop["role"]) for shop in session["shops"]}


class LogIn(unittest.TestCase):
    def setUp(self):
        tenant.forget_limits(servers)

    def test_01_by_a_code_that_is_sent(self):
        me = tenant.log_in(servers, OWNER)
        session = me.get("/session").json
        self.assertEqual(shop_names(session), {("Noodles", "tenant"), ("Fish", "tenant")})
        self.assertEqual(session["person"]["phone_masked"], "*******0001")
        self.assertFalse(session["person"]["has_password"])
        self.assertIn("__Host-pw_tenant", me.cookies)
        self.assertEqual(me.call("DELETE", "/session").status, 204)
        self.assertEqual(me.get("/session").code, "unauthenticated")

    def test_02_cookie_is_lax_and_lasts(self):
        me = tenant.phone(servers)
        me.post("/session/code", {"phone": OWNER})
        answer = me.post("/session", {"phone": OWNER, "code": tenant.codes(servers)[-1]})
        for word in ("__Host-pw_tenant=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"):
            self.assertIn(word, answer.headers["set-cookie"])

    def test_03_a_code_works_once_and_only_for_its_phone(self):
        me = tenant.phone(servers)
        self.assertEqual(me.post("/session/code", {"phone": OWNER}).status, 202)
        code = tenant.codes(servers)[-1]
        other = tenant.phone(servers)
        self.assertEqual(other.post("/session", {"phone": CLERK, "code": code}).code, "unauthenticated")
        self.assertEqual(me.post("/session", {"phone": OWNER, "code": code}).status, 200)
        self.assertEqual(other.post("/session", {"phone": OWNER, "code": code}).code, "unauthenticated")

    def test_04_five_tries_and_five_minutes(self):
        me = tenant.phone(servers)
        me.post("/session/code", {"phone": OWNER})
        code = tenant.codes(servers)[-1]
        wrong = "000000" if code != "000000" else "111111"
        for _ in range(5):
            self.assertEqual(me.post("/session", {"phone": OWNER, "code": wrong}).code, "unauthenticated")
        self.assertEqual(me.post("/session", {"phone": OWNER, "code": code}).code, "unauthenticated")
        tenant.forget_limits(servers)
        me.post("/session/code", {"phone": OWNER})
        servers.sql("UPDATE tenant_code SET expires_at = UTC_TIMESTAMP(3) ORDER BY id DESC LIMIT 1")
        self.assertEqual(me.post("/session", {"phone": OWNER, "code": tenant.codes(servers)[-1]}).code, "unauthenticated")

    def test_05_nobody_learns_who_is_known(self):
        me = tenant.phone(servers)
        sent = len(tenant.codes(servers))
        known, unknown = (me.post("/session/code", {"phone": phone}) for phone in (CLERK, STRANGER))
        self.assertEqual((known.status, known.body), (unknown.status, unknown.body))
        self.assertEqual(len(tenant.codes(servers)), sent + 1)
        self.assertEqual(me.post("/session/code", {"phone": CLERK}).status, 202)
        self.assertEqual(len(tenant.codes(servers)), sent + 1, "one code a minute")
        answer = me.post("/session/code", {"phone": "12"})
        self.assertEqual((answer.status, answer.json["field"]), (400, "phone"))

    def test_06_ten_codes_a_day(self):
        me = tenant.phone(servers)
        servers.sql("DELETE FROM tenant_code")
        before = len(tenant.codes(servers))
        for _ in range(12):
            tenant.forget_limits(servers)
            self.assertEqual(me.post("/session/code", {"phone": CLERK}).status, 202)
        self.assertEqual(len(tenant.codes(servers)), before + 10)
        servers.sql("DELETE FROM tenant_code")

    def test_07_password_from_the_counter_is_changed_first(self):
        contact = int(servers.sql(f"SELECT id FROM contact WHERE account_id = {accounts['Noodles']} AND role = 'manager'")[0][0])
        given = finance.post(f"/accounts/{accounts['Noodles']}/contacts/{contact}/password", {})
        self.assertEqual(given.status, 200, given)
        me = tenant.log_in(servers, CLERK, given.json["one_time_password"])
        self.assertEqual(me.get("/session").json["stage"], "change_password")
        self.assertEqual(me.get(f"/home?supply_id={supplies['Noodles']}").code, "password_change_required")
        answer = me.post("/session/password", {"old_password": "not it at all", "new_password": "tofu-with-rice-8"})
        self.assertEqual((answer.status, answer.json["field"]), (400, "old_password"))
        answer = me.post("/session/password", {"old_password": given.json["one_time_password"], "new_password": "1234567890"})
        self.assertEqual((answer.status, answer.json["field"]), (400, "new_password"))
        answer = me.post("/session/password",
                         {"old_password": given.json["one_time_password"], "new_password": "tofu-with-rice-8"})
        self.assertEqual(answer.status, 200, answer)
        me.csrf = answer.json["csrf_token"]
        self.assertEqual(me.get(f"/home?supply_id={supplies['Noodles']}").status, 200)
        tenant.log_in(servers, CLERK, "tofu-with-rice-8")

    def test_08_wrong_passwords_lock_known_and_unknown_alike(self):
        for phone in (CLERK, STRANGER):
            me = tenant.phone(servers)
            codes = [me.post("/session", {"phone": phone, "password": "wrong word here"}).code for _ in range(4)]
            self.assertEqual(codes, ["unauthenticated"] * 3 + ["locked"], phone)
        servers.sql("UPDATE tenant_user SET locked_until_at = NULL")

    def test_10_the_language_is_kept(self):
        me = tenant.log_in(servers, OWNER)
        self.assertEqual(me.post("/session/locale", {"locale": "en"}).json["person"]["locale"], "en")
        self.assertEqual(me.post("/session/locale", {"locale": "fr"}).json["field"], "locale")
        again = tenant.phone(servers)
        again.cookies = me.cookies
        self.assertEqual(again.get("/session").json["person"]["locale"], "en")

    def test_09_a_session_is_no_staff_session(self):
        me = tenant.log_in(servers, OWNER)
        token = me.cookies["__Host-pw_tenant"]
        office = lib.Client(servers.office_port)
        office.cookies = {"__Host-pw_staff": token}
        self.assertEqual(office.get("/overview").code, "unauthenticated")
        mine = tenant.phone(servers)
        mine.cookies = {"__Host-pw_tenant": finance.cookies["__Host-pw_staff"]}
        self.assertEqual(mine.get("/session").code, "unauthenticated")


class Shops(unittest.TestCase):
    def setUp(self):
        tenant.forget_limits(servers)
        servers.sql("DELETE FROM tenant_code")

    def test_01_home_shows_the_meter_and_only_ones_own(self):
        me = tenant.log_in(servers, OWNER)
        home = me.get(f"/home?supply_id={supplies['Noodles']}").json
        truth = servers.sim("get", meter=servers.meters[0])
        self.assertEqual((home["relay"], home["state"], home["stale"]), ("closed", "closed", False))
        self.assertAlmostEqual(home["balance_fen"], truth["balance_fen"], delta=50)
        self.assertEqual(home["unit_number"], "1F-001")
        self.assertEqual(me.get(f"/home?supply_id={supplies['Tea']}").status, 404)
        self.assertEqual(me.get("/home?supply_id=987654").status, 404)

    def test_02_a_counter_code_binds_once(self):
        given = finance.post(f"/accounts/{accounts['Tea']}/counter-codes", {})
        self.assertEqual(given.status, 201, given)
        code = given.json["code"]
        me = tenant.phone(servers)
        before = len(tenant.codes(servers))
        me.post("/session/code", {"phone": STRANGER, "counter_code": "AAAA-AAAA"})
        self.assertEqual(len(tenant.codes(servers)), before)
        me.post("/session/code", {"phone": STRANGER, "counter_code": code.lower()})
        answer = me.post("/session", {"phone": STRANGER, "code": tenant.codes(servers)[-1]})
        self.assertEqual((answer.status, answer.json["shops"]), (200, []))
        me.csrf = answer.json["csrf_token"]
        self.assertEqual(me.post("/bindings", {"code": "AAAA-AAAA"}).code, "code_wrong")
        answer = me.post("/bindings", {"code": code})
        self.assertEqual(shop_names(answer.json), {("Tea", "tenant")})
        self.assertEqual(me.post("/bindings", {"code": code}).code, "code_wrong")

    def test_03_a_former_employee_leaves_in_one_step(self):
        servers.sql("UPDATE contact SET phone_site = TRUE")
        owner, clerk = tenant.log_in(servers, OWNER), tenant.log_in(servers, CLERK)
        listed = owner.get(f"/supplies/{supplies['Noodles']}/bindings").json["items"]
        former = next(row for row in listed if row["phone_masked"].endswith("0002"))
        self.assertEqual(
            owner.post(f"/supplies/{supplies['Noodles']}/bindings/end", {"source": former["source"], "id": former["id"]}).status, 204)
        self.assertEqual(clerk.get("/session").json["shops"], [])
        self.assertEqual(clerk.get(f"/home?supply_id={supplies['Noodles']}").status, 404)
        still = servers.sql(f"SELECT COUNT(*) FROM contact WHERE id = {former['id']} AND ended_at IS NULL")
        self.assertEqual(still, [["1"]], "warnings still reach the contact")

    def test_04_a_payer_sees_the_name_and_nothing_else(self):
        owner = tenant.log_in(servers, OWNER)
        answer = owner.post(f"/supplies/{supplies['Fish']}/payers", {"phone": PAYER})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(owner.post(f"/supplies/{supplies['Fish']}/payers", {"phone": PAYER}).code, "conflict")
        payer = tenant.log_in(servers, PAYER)
        self.assertEqual(shop_names(payer.get("/session").json), {("Fish", "payer")})
        self.assertEqual(payer.get(f"/home?supply_id={supplies['Fish']}").status, 404)
        self.assertEqual(payer.get(f"/supplies/{supplies['Fish']}/bindings").status, 404)
        mine = next(row for row in owner.get(f"/supplies/{supplies['Fish']}/bindings").json["items"] if row["role"] == "payer")
        self.assertEqual(payer.post(f"/supplies/{supplies['Fish']}/bindings/end", {"source": "tenant", "id": mine["id"]}).status, 204)
        self.assertEqual(payer.get("/session").json["shops"], [])

    def test_05_another_shops_bindings_are_not_found(self):
        clerk = tenant.log_in(servers, CLERK) if servers.sql(
            f"SELECT COUNT(*) FROM contact WHERE phone_site AND phone_tail = '{CLERK[-4:]}'") != [["0"]] else None
        owner = tenant.log_in(servers, OWNER)
        other = servers.sql(f"SELECT id FROM contact WHERE account_id = {accounts['Noodles']} LIMIT 1")[0][0]
        for me in filter(None, (clerk, owner)):
            answer = me.post(f"/supplies/{supplies['Tea']}/bindings/end", {"source": "contact", "id": int(other)})
            self.assertEqual(answer.status, 404)

    def test_06_every_act_is_recorded_without_the_phone(self):
        rows = servers.sql("SELECT action, actor_name FROM audit WHERE actor_kind = 'tenant'")
        self.assertIn("tenant.bind", {row[0] for row in rows})
        for row in rows:
            for phone in (OWNER, CLERK, STRANGER, PAYER):
                self.assertNotIn(phone, row[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
