"""paywattctl model accept: a recorded run on one meter says what the model may promise; with each capability of the simulated meter on
and off."""
import json
import unittest

import lib
from park import Park

MODEL = "acrel-dtsy1352"
# capability of the simulated meter: what the run writes about
CAPABILITIES = {"zero_purchase": "zero_purchase", "repeat_refused": "count_repeat_refused", "gap_refused": "count_gap_refused",
                "hoarding_refused": "over_hoard_refused"}
ALL = ["purchase", "parameters", *CAPABILITIES.values()]


class Accept(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=1, meters=3)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field()
        cls.number = cls.park.meters[0]
        cls.park.sim("set", meter=cls.number, balance_fen=20000, hoard_fen=100000)

    def tearDown(self):
        self.park.sim("clear")
        self.park.sim("set", meter=self.number, capability=dict.fromkeys(CAPABILITIES, True))

    def accept(self, *more, check=True):
        return self.park.ctl("model", "accept", MODEL, "--meter", self.number, "--hoard-fen", "100000", "--reason", "test", *more, check=check)

    def promised(self):
        text = self.park.sql(f"SELECT capabilities FROM model WHERE code = '{MODEL}'")[0][0]
        return dict(word.split(":") for word in text.split(","))

    def test_everything_on(self):
        before = self.park.sim("get", meter=self.number)
        self.accept()
        promised = self.promised()
        for name in ALL:
            self.assertEqual(promised.get(name), "proven", (name, promised))
        after = self.park.sim("get", meter=self.number)
        self.assertEqual(after["count"], before["count"])
        self.assertAlmostEqual(after["balance_fen"], before["balance_fen"], delta=200)  # what was used meanwhile
        self.assertEqual(self.park.sql(f"SELECT maturity FROM model WHERE code = '{MODEL}'"), [["accepted"]])
        record = json.loads(self.park.sql("SELECT after_json FROM audit WHERE action = 'model.accept' ORDER BY id DESC LIMIT 1")[0][0])
        self.assertEqual([step["step"] for step in record["run"]["steps"]], ["purchase", "repeat", "gap", "zero", "over_hoard", "restore"])

    def test_each_off(self):
        for capability, name in CAPABILITIES.items():
            self.park.sim("set", meter=self.number, capability={capability: False})
            self.accept()
            promised = self.promised()
            self.assertNotIn(name, promised, capability)
            for other in ALL:
                if other != name:
                    self.assertEqual(promised.get(other), "proven", (capability, other, promised))
            self.park.sim("set", meter=self.number, capability={capability: True})

    def test_registering_again_keeps_what_was_proven(self):
        self.accept()
        before = self.promised()
        self.park.ctl("model", "register")
        self.assertEqual(self.promised(), before)

    def test_lost_answers_prove_as_much(self):
        self.park.sim("fault", meter=self.number, kind="apply_no_answer", function=32, count=2)
        self.accept()
        self.assertEqual(self.promised().get("count_repeat_refused"), "proven")

    def test_a_meter_in_the_books_is_refused(self):
        count = self.park.sim("get", meter=self.park.meters[1])["count"]
        self.park.sql("INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at)"
                      f" SELECT s.id, 1, m.id, {count}, 0, 0, UTC_TIMESTAMP(3) FROM supply s JOIN meter m ON m.id = s.meter_id"
                      f" WHERE m.number = '{self.park.meters[1]}'")
        done = self.park.ctl("model", "accept", MODEL, "--meter", self.park.meters[1], "--reason", "test", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("in the books", done.stderr)

    def test_wrong_words(self):
        for words in (("nothing", "--meter", self.number), (MODEL, "--meter", "none"), (MODEL,)):
            done = self.park.ctl("model", "accept", *words, "--reason", "test", check=False)
            self.assertNotEqual(done.returncode, 0, words)

    def test_a_read_only_line_is_refused(self):
        self.park.sql("UPDATE line SET writable = 0")
        try:
            self.assertNotEqual(self.accept(check=False).returncode, 0)
        finally:
            self.park.sql("UPDATE line SET writable = 1")
        lib.wait_for("the line is writable", lambda: True)

    def test_another_meter_answers(self):
        self.park.sql(f"UPDATE meter SET serial_number = '202600009999' WHERE number = '{self.number}'")
        try:
            done = self.accept(check=False)
            self.assertIn("serial_mismatch", done.stderr)
        finally:
            self.park.sql(f"UPDATE meter SET serial_number = '202600000001' WHERE number = '{self.number}'")


if __name__ == "__main__":
    unittest.main()
