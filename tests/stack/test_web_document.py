"""Papers: what may be given, by whom, who sees it, and how it is handed out."""
import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import invariants  # noqa: E402
import lib  # noqa: E402
import park as parks  # noqa: E402

JPEG = b"\xff\xd8\xff\xe0\x00\x02%s\xff\xd9"
PDF = b"%%PDF-1.7\n%s\n%%%%EOF\n"
LIMIT = 8 << 20


class Papers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = parks.Park(lines=1, meters=1)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field(wait=False)
        cls.park.start_web()
        cls.clerk = cls.park.log_in("finance")
        cls.engineer = cls.park.log_in("engineer")

    def tearDown(self):
        self.assertEqual(invariants.check(self.park), {})

    def give(self, body, who=None, name="paper.jpg"):
        return (who or self.clerk).post("/documents", raw=body, headers={"X-File-Name": name, "Content-Type": "application/octet-stream"})

    def refused(self, status, code, act):
        with self.assertRaises(parks.ApiError) as caught:
            act()
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))

    def test_kept_whole_and_handed_out_safely(self):
        body = JPEG % (os.urandom(1_300_000))
        paper = self.give(body, name="%E7%85%A7%E7%89%87.jpg")
        self.assertEqual((paper["kind"], paper["bytes_total"], paper["file_name"]), ("jpeg", len(body), "照片.jpg"))
        self.assertEqual(paper["sha256"], hashlib.sha256(body).hexdigest())
        self.assertEqual(self.give(body)["id"], paper["id"])
        self.assertEqual(self.park.sql("SELECT COUNT(*) FROM audit WHERE action = 'document.add' AND object_id = " + str(paper["id"])), [["1"]])
        answer = lib.Client.get(self.clerk, f"/documents/{paper['id']}")
        self.assertEqual((answer.status, answer.body), (200, body))
        connection = self.clerk.connection()  # every header: nginx adds the site's own policy, and both hold
        connection.request("GET", f"/api/v1/staff/documents/{paper['id']}",
                           headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.clerk.cookies.items())})
        reply = connection.getresponse()
        headers = [(name.lower(), value) for name, value in reply.getheaders()]
        connection.close()
        self.assertIn(("content-type", "image/jpeg"), headers)
        self.assertIn(("content-disposition", f'attachment; filename="document-{paper["id"]}.jpeg"'), headers)
        self.assertIn(("content-security-policy", "sandbox; default-src 'none'"), headers)
        self.assertIn(("x-content-type-options", "nosniff"), headers)

    def test_only_photos_and_pdf(self):
        self.assertEqual(self.give(PDF % b"x", name="x.exe")["kind"], "pdf")
        for body in (b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", JPEG[:6], (JPEG % b"") + (PDF % b"y"), b"MZ" + bytes(50)):
            self.refused(400, "invalid_field", lambda body=body: self.give(body))

    def test_as_large_as_allowed_and_one_more(self):
        largest = JPEG % bytes(LIMIT - len(JPEG % b""))
        self.assertEqual(self.give(largest)["bytes_total"], LIMIT)
        self.refused(413, "too_large", lambda: self.give(largest + b"\0"))

    def test_anothers_is_not_there_until_something_refers_to_it(self):
        paper = self.give(PDF % b"mine")
        self.refused(404, "not_found", lambda: self.engineer.get(f"/documents/{paper['id']}"))
        self.refused(404, "not_found", lambda: self.engineer.get("/documents/999999"))
        self.assertEqual(self.clerk.get("/accounts/1/documents")["items"], [])

    def test_who_may_give(self):
        self.assertEqual(self.give(PDF % b"of the engineer", who=self.engineer)["kind"], "pdf")
        auditor = self.park.log_in("auditor")
        self.refused(403, "forbidden", lambda: self.give(PDF % b"no", who=auditor))

    def test_nobody_may_change_one(self):
        rights = self.park.sql("SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE table_name LIKE 'document%'"
                               " AND grantee LIKE '%pw\\_%'", database="mysql")
        self.assertEqual({row[1] for row in rights}, {"INSERT"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
