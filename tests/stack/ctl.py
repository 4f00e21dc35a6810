"""A private MariaDB, migrated by paywattctl itself, for the tests of paywattctl and paywatt-jobs."""
import os
import secrets
import subprocess

import lib

ROLES = ("staff", "tenant", "notify", "machine", "poller", "jobs", "ctl", "backup", "migrate")
PARK = os.path.join(lib.ROOT, "schema", "sample-park", "park.csv")


class Operator(lib.Servers):
    """Servers with a password a role and the operator's program."""

    def __init__(self):
        super().__init__()
        self.start_mariadb()
        for role in ROLES:
            self.passwords[role] = secrets.token_hex(16)
            path = os.path.join(self.secret, f"db_{role}")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                file.write(self.passwords[role] + "\n")
        self.write_config()

    def ctl(self, *words, status=0):
        """Runs paywattctl; checks its exit status; answers standard output and error together."""
        done = subprocess.run([self.program("ctl/paywattctl"), "--config", self.config, *words], text=True,
                              capture_output=True, check=False, timeout=120)
        text = done.stdout + done.stderr
        assert done.returncode == status, f"paywattctl {' '.join(words)}: status {done.returncode}: {text}"
        return text

    def migrate_root(self, status=0):
        return self.ctl("migrate", "--root-socket-user", "root", status=status)

    def as_role(self, role, text):
        """Runs SQL as the database user of a role; the error text, "" when it ran."""
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.mysql_socket}", f"-upw_{role}",
                               f"-p{self.passwords[role]}", "-N", "-B", lib.DATABASE], input=text, text=True,
                              capture_output=True, check=False)
        return done.stderr.strip()

    def start_jobs(self):
        return self.start("jobs", [self.program("jobs/paywatt-jobs"), "--config", self.config])

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def number(self, query):
        return int(self.sql(query)[0][0])
