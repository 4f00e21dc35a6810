"""Orders while workers and MariaDB are killed at work: with the same key asked again, each is carried out exactly once."""
import http.client
import os
import random
import signal
import sys
import threading
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402

LINES, ORDERS = 4, 40
servers = None


def setUpModule():
    global servers
    servers = lib.web(roles=("staff",), cgi__staff_workers=4)
    servers.sql("INSERT INTO site (code, name, time_zone) VALUES ('t', '测试园区', 'Asia/Shanghai');"
                "INSERT INTO gateway (site_id, code, name, host) VALUES (1, 'g', 'g', '127.0.0.1')")
    for number in range(1, LINES + 1):
        servers.sql("INSERT INTO line (gateway_id, code, name, link, port)"
                    f" VALUES (1, 'L{number}', 'L{number}', 'modbus_tcp', 502)")


def tearDownModule():
    servers.stop()


def workers():
    master = servers.processes["cgi-staff"].pid
    with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


class Person(threading.Thread):
    """Switches one line to and fro; asks again with the same key until there is an answer."""

    def __init__(self, client, line):
        super().__init__()
        self.client, self.line = client, line
        self.tries, self.wrong = 0, []

    def order(self, writable):
        key = str(uuid.uuid4())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.tries += 1
            try:
                answer = self.client.order(f"/lines/{self.line}/writable", {"writable": writable, "reason": "crash"}, key)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 200:
                if answer.json["read_only"] == writable:
                    self.wrong.append(answer)
                return
            if answer.status == 429:
                servers.redis("DEL", *servers.redis("KEYS", "pw:rate:*").split())
            elif answer.status not in (500, 502, 503, 504):
                self.wrong.append(answer)
                return
            time.sleep(0.05)
        self.wrong.append("no answer within 60 s")

    def run(self):
        for number in range(ORDERS):
            self.order(number % 2 == 0)


class Crash(unittest.TestCase):
    def test_each_order_once(self):
        people = []
        for number in range(1, LINES + 1):
            lib.add_user(servers, f"admin{number}", "administrator")
            client = lib.Client(servers.office_port)
            client.login(f"admin{number}")
            client.enrol()
            people.append(Person(client, number))
        dice = random.Random(7)
        for person in people:
            person.start()
        kills = 0
        while any(person.is_alive() for person in people):
            running = workers()
            for pid in dice.sample(running, 1) if running else []:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            if kills in (5, 15):
                servers.stop_one("mariadb", signal.SIGKILL)
                servers.start_mariadb()
            time.sleep(0.05)
        for person in people:
            person.join()
            self.assertEqual(person.wrong, [])
        self.assertGreater(kills, 5)
        rows = servers.sql("SELECT object_id, COUNT(*), SUM(action = 'line.set_writable') FROM audit"
                           " WHERE action LIKE 'line.set%' GROUP BY object_id ORDER BY object_id")
        self.assertEqual(rows, [[str(n), str(ORDERS), str(ORDERS // 2)] for n in range(1, LINES + 1)])
        self.assertEqual(servers.sql("SELECT COUNT(*), MIN(status), MAX(status) FROM idempotency"),
                         [[str(LINES * ORDERS), "200", "200"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM line WHERE writable"), [["0"]])
        print(f"{sum(person.tries for person in people)} tries for {LINES * ORDERS} orders, {kills} workers killed")


if __name__ == "__main__":
    unittest.main()
