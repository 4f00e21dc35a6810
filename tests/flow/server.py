#!/usr/bin/env python3
"""A private MariaDB for the cases of tests/flow, made once: tables, real grants, and one database a program that runs beside others.

    server.py PROGRAM...                runs each of the programs (paths), one after the other; ends with the worst status
    server.py --lines GROUP PROGRAM...  the same, one result line a case

Mutants and branches use it from Python:

    with server.Server(databases=2) as made:
        subprocess.run([program], env=made.environment(0))
"""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "stack"))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import ctest_lines  # noqa: E402
import lib  # noqa: E402

SECONDS = 600  # of one program, faults included


class Server:
    """Nothing in it has to outlive the machine, so nothing waits for the disk."""

    def __init__(self, databases=1):
        self.names = [f"flow{number}" for number in range(databases)]
        self.servers = lib.Servers()
        try:
            self.servers.start_mariadb()
            self.servers.sql("SET GLOBAL sync_binlog = 0; SET GLOBAL innodb_flush_log_at_trx_commit = 0", database="")
            for name in self.names:
                self.fill(name)
        except BaseException:
            self.servers.stop()
            raise

    def fill(self, name):
        self.servers.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", database="")
        for path in sorted(glob.glob(os.path.join(lib.ROOT, "schema", "migrations", "*.sql"))):
            with open(path, encoding="utf-8") as file:
                self.servers.sql(file.read(), database=name)
        with open(os.path.join(lib.ROOT, "schema", "grants.sql"), encoding="utf-8") as file:
            text = re.sub(r"\{password:\w+\}", "'flow'", file.read())
        self.servers.sql(text.replace("{prefix}", "pw_").replace("{database}", name), database="")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.servers.stop()

    def environment(self, number, **more):
        """What a program of tests/flow asks for."""
        return {**os.environ, "PW_FLOW_SOCKET": self.servers.mysql_socket, "PW_FLOW_DATABASE": self.names[number], **more}


def lines(made, group, program):
    """Runs one program as CTest's are run; failures."""
    environment = [f"{name}={value}" for name, value in made.environment(0).items() if name.startswith("PW_FLOW_")]
    properties = [{"name": "ENVIRONMENT", "value": environment}, {"name": "TIMEOUT", "value": SECONDS}]
    test = {"name": os.path.basename(program), "command": [program], "properties": properties}
    failed = ctest_lines.run_one(test, group)
    sys.stdout.flush()
    return failed


def main():
    words = sys.argv[1:]
    group = words[1] if words[:1] == ["--lines"] else ""
    worst = 0
    with Server() as made:
        for program in words[2:] if group else words:
            if group:
                failed = lines(made, group, program)
            else:
                failed = subprocess.run([program], env=made.environment(0), check=False).returncode
            worst = max(worst, abs(failed))
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
