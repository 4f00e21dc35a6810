"""A small park for tests of core/flow, and the driver that calls it (tests/stack/flow_driver.c).

Database users have their real grants, so a step that needs a right it has not fails here.
"""
import json
import os
import re
import secrets
import subprocess
import time

import lib

ROLES = ("staff", "poller", "jobs")
SERIAL = "230946805578"


def now_ms():
    return int(time.time() * 1000)


class Driver:
    """One process with one connection: calls answer dicts with rc, code, field and more."""

    def __init__(self, servers, role):
        self.process = subprocess.Popen(
            [os.path.join(lib.BUILD, "tests", "stack", "flow_driver"), servers.mysql_socket, f"pw_{role}",
             servers.passwords[role]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def send(self, *words):
        self.process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def receive(self):
        return json.loads(self.process.stdout.readline())

    def call(self, *words):
        self.send(*words)
        return self.receive()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        if self.process.returncode != 0:
            raise AssertionError(f"flow_driver ended with {self.process.returncode}")


def grant(servers):
    """schema/grants.sql as paywattctl runs it."""
    with open(os.path.join(lib.ROOT, "schema", "grants.sql"), encoding="utf-8") as file:
        text = file.read()

    def password(match):
        role = match.group(1)
        servers.passwords[role] = secrets.token_hex(16)
        return "'" + servers.passwords[role] + "'"

    text = re.sub(r"\{password:(\w+)\}", password, text)
    servers.sql(text.replace("{prefix}", "pw_").replace("{database}", lib.DATABASE), database="")


def park(servers):
    """One site, one gateway with a writable line 1 and a read-only line 2, ten supplies (ids 1 .. 10, unit 1F-101 ..)."""
    servers.sql("""
INSERT INTO site (id, code, name, time_zone) VALUES (1, 'T', '测试', 'Asia/Shanghai');
INSERT INTO building (id, site_id, code, name) VALUES (1, 1, 'A', '主楼');
INSERT INTO floor (id, building_id, code, name, position) VALUES (1, 1, '1F', '一层', 1);
INSERT INTO room (id, site_id, building_id, code, name) VALUES (1, 1, 1, 'R1', '1#');
INSERT INTO gateway (id, site_id, room_id, code, name, host) VALUES (1, 1, 1, 'G1', '网关 1', '127.0.0.1');
INSERT INTO line (id, gateway_id, code, name, link, port, writable) VALUES
  (1, 1, 'L01', '总线 1', 'modbus_tcp', 502, TRUE), (2, 1, 'L02', '总线 2', 'modbus_tcp', 502, FALSE);
INSERT INTO model (id, code, name, maturity, actions, file_sha256) VALUES
  (1, 'm-accepted', 'M1', 'accepted', 'trip,close,keep_on,release,read', REPEAT('a', 32)),
  (2, 'm-trial', 'M2', 'experimental', 'trip,close,keep_on,release,read', REPEAT('a', 32)),
  (3, 'm-plain', 'M3', 'accepted', 'read', REPEAT('a', 32));
INSERT INTO unit (id, site_id, floor_id, number, state, shop_name, shop_pinyin)
  SELECT seq, 1, 1, CONCAT('1F-', 100 + seq), 'open', CONCAT('店', seq), CONCAT('d', seq) FROM seq_1_to_9;
INSERT INTO meter (id, line_id, address, model_id, number, serial_number, external_control)
  SELECT seq, IF(seq = 5, 2, 1), seq, CASE seq WHEN 6 THEN 2 WHEN 7 THEN 3 ELSE 1 END, CONCAT('L01-', seq),
         '%s', seq = 4 FROM seq_1_to_10;
INSERT INTO supply (id, unit_id, meter_id, protected, close_by_hand)
  SELECT seq, IF(seq = 10, NULL, seq), seq, seq = 3, seq = 4 FROM seq_1_to_10;
INSERT INTO user (id, name, display_name, role_id, password_hash)
  SELECT u.id, u.name, u.name, r.id, 'x' FROM (SELECT 1 AS id, 'adm' AS name, 'administrator' AS role UNION
  SELECT 2, 'eng', 'engineer' UNION SELECT 3, 'eng2', 'engineer' UNION SELECT 4, 'adm2', 'administrator') u
  JOIN role r ON r.code = u.role;
""" % SERIAL)


def read_now(servers, supply, relay="closed", forced="none", status_bits=0xE000, taken_at="UTC_TIMESTAMP(3)"):
    """As if the poller had just stored a reading of the supply's meter."""
    servers.sql(f"REPLACE INTO meter_state (meter_id, taken_at, stored_at, relay, forced, status_bits)"
                f" SELECT meter_id, {taken_at}, UTC_TIMESTAMP(3), '{relay}', '{forced}', {status_bits}"
                f" FROM supply WHERE id = {supply}")


def clear(servers):
    """Takes every order and what came of it away again."""
    servers.sql("""
SET FOREIGN_KEY_CHECKS = 0;
DELETE FROM keep_on; DELETE FROM command; DELETE FROM lock_out; DELETE FROM approval; DELETE FROM alarm;
DELETE FROM audit; DELETE FROM meter_state; DELETE FROM site_setting;
UPDATE supply SET frozen_reason = NULL, frozen_at = NULL, frozen_detail = NULL, protected = (id = 3);
UPDATE line SET writable = (id = 1), enabled = TRUE; UPDATE meter SET state = 'in_service';
""")
