"""Backups: made from the running database, proved by restoring them, kept, and named when they are damaged."""
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import invariants  # noqa: E402
import lib  # noqa: E402
import park as parks  # noqa: E402
from pay import Till  # noqa: E402


def folder_of(park):
    return park.path("backup")


class Backup(unittest.TestCase):
    """One park that keeps reading while it is backed up."""

    @classmethod
    def setUpClass(cls):
        folder = lib.tempfile.mkdtemp(prefix="pwb")
        cls.folder = os.path.join(folder, "backup")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.park = parks.Park(lines=1, meters=2, settings={"backup__folder": cls.folder})
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field()
        cls.till = Till(cls.park)
        cls.till.open("M001", "M002")

    def backup(self):
        """Makes one; its folder."""
        said = self.park.ctl("backup")
        self.assertTrue(said.startswith("verified "), said)
        return re.match(r"verified (\S+):", said).group(1)

    def files(self):
        return sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []

    def test_made_and_proved_while_the_park_runs(self):
        self.till.ended(self.till.buy("M001", 5000))
        folder = self.backup()
        self.assertEqual(sorted(os.listdir(folder)), ["SHA256SUMS", "dump.sql.gz", "manifest.json"])
        for name in os.listdir(folder):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600, name)
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        self.assertTrue(manifest["verified"])
        self.assertEqual(manifest["site"], "T")
        newest = self.park.sql("SELECT MAX(number) FROM schema_migration")[0][0]
        self.assertEqual(str(manifest["schema_number"]), newest)
        rows = {table["name"]: table["rows"] for table in manifest["tables"]}
        self.assertEqual(sorted(rows), sorted(row[0] for row in self.park.sql("SHOW TABLES")))
        self.assertEqual(rows["purchase"], int(self.park.sql("SELECT COUNT(*) FROM purchase")[0][0]))
        row = self.park.sql("SELECT state, rows_total, detail FROM backup_run ORDER BY id DESC LIMIT 1")[0]
        self.assertEqual(row, ["verified", str(sum(rows.values())), ""])
        self.assertIn(f"{os.path.basename(folder)}   verified", self.park.ctl("backup", "list", "--check"))
        self.assertEqual([name for name in self.files() if name.startswith(".")], [])

    def test_no_key_and_no_password_is_inside(self):
        folder = self.backup()
        text = subprocess.run(["zcat", os.path.join(folder, "dump.sql.gz")], capture_output=True, check=True).stdout
        with open(os.path.join(folder, "manifest.json"), "rb") as file:
            text += file.read()
        for name in os.listdir(self.park.secret):
            with open(os.path.join(self.park.secret, name), "rb") as file:
                self.assertNotIn(file.read().strip(), text, name)

    def test_damaged_file_is_named(self):
        folder = self.backup()
        for name, byte in (("dump.sql.gz", 1000), ("manifest.json", 50), ("SHA256SUMS", 3)):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                good = file.read()
            bad = bytearray(good)
            bad[byte] ^= 1
            with open(path, "wb") as file:
                file.write(bad)
            done = self.park.ctl("backup", "list", "--check", check=False)
            self.assertEqual(done.returncode, 1, name)
            line = next(line for line in done.stdout.splitlines() if line.startswith(os.path.basename(folder)))
            self.assertIn("DAMAGED", line)
            if name != "SHA256SUMS":
                self.assertIn(name + " is damaged", line)
            with open(path, "wb") as file:
                file.write(good)
        self.park.ctl("backup", "list", "--check")

    def test_one_that_does_not_hold_is_doubtful(self):
        self.park.sql("UPDATE meter_state SET taken_at = taken_at + INTERVAL 1 DAY WHERE meter_id = 1")
        self.park.stop_one("poller")
        self.park.sql("UPDATE meter_state SET taken_at = taken_at + INTERVAL 1 DAY WHERE meter_id = 1")
        try:
            done = self.park.ctl("backup", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("DOUBTFUL", done.stdout)
            self.assertIn("F17_state_not_ahead", done.stdout)
            self.assertEqual(self.park.sql("SELECT state FROM backup_run ORDER BY id DESC LIMIT 1")[0][0], "doubtful")
        finally:
            self.park.sql("UPDATE meter_state SET taken_at = UTC_TIMESTAMP(3) WHERE meter_id = 1")
            self.park.start_poller()

    def test_job_makes_it_when_it_is_due_and_tells_when_it_fails(self):
        self.park.sql("DELETE FROM backup_run; INSERT INTO backup_run (name, state, made_by, started_at, ended_at) VALUES"
                      " ('20200101T000000Z', 'verified', 'x', '2020-01-01', '2020-01-01')")
        self.park.start_jobs()
        try:
            lib.wait_for("the nightly backup", lambda: self.park.sql(
                "SELECT 1 FROM backup_run WHERE state = 'verified' AND made_by = 'paywatt-jobs'"), 120, 0.2)
        finally:
            self.park.stop_one("jobs")
        self.assertEqual(self.park.sql("SELECT COUNT(*) FROM alarm WHERE kind = 'backup_old' AND closed_at IS NULL")[0][0], "0")
        self.park.sql("DELETE FROM backup_run; INSERT INTO backup_run (name, state, made_by, started_at, ended_at) VALUES"
                      " ('20200101T000000Z', 'verified', 'x', '2020-01-01', '2020-01-01')")
        self.park.sql("REVOKE SELECT ON paywatt.* FROM pw_backup@localhost")
        self.park.start_jobs()
        try:
            lib.wait_for("the alarm", lambda: self.park.sql(
                "SELECT 1 FROM alarm WHERE kind = 'backup_old' AND closed_at IS NULL"), 120, 0.2)
        finally:
            self.park.stop_one("jobs")
            self.park.sql("GRANT SELECT ON paywatt.* TO pw_backup@localhost; DELETE FROM alarm WHERE kind = 'backup_old'")
        self.assertEqual(self.park.sql("SELECT state FROM backup_run ORDER BY id DESC LIMIT 1")[0][0], "failed")
        self.park.sql("DELETE FROM backup_run")

    def test_old_ones_are_removed(self):
        folder = self.backup()
        old = os.path.join(self.folder, "20200101T000000Z")
        shutil.copytree(folder, old)
        kept = os.path.join(self.folder, "notes")
        os.makedirs(kept, exist_ok=True)
        lib.time.sleep(1.1)  # a backup is named by its second
        self.backup()
        self.assertFalse(os.path.exists(old))
        self.assertTrue(os.path.exists(kept) and os.path.exists(folder))


class Full(unittest.TestCase):
    """The disk is full: a clear sentence, nothing left over, the park goes on."""

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk takes root")
    def test_full_disk(self):
        park = parks.Park(lines=1, meters=2)
        self.addCleanup(park.stop)
        small = park.path("small")
        os.mkdir(small)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20k", "tmpfs", small], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mount is not allowed here")
        self.addCleanup(subprocess.run, ["umount", small], check=False)
        park.settings = {"backup__folder": os.path.join(small, "b")}
        park.start_field()
        done = park.ctl("backup", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        self.assertEqual(os.listdir(os.path.join(small, "b")), [])
        self.assertEqual(park.sql("SELECT state FROM backup_run")[0][0], "failed")
        self.assertEqual(invariants.check(park), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
