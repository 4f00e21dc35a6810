"""core/store/db.c and redis.c against real servers: the C cases of tests/unit/test_store_*.c with their addresses."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402

servers = None


def setUpModule():
    global servers
    servers = lib.Servers()
    servers.start_mariadb()
    servers.start_redis()
    servers.sql("CREATE DATABASE paywatt CHARACTER SET utf8mb4", database="")


def tearDownModule():
    servers.stop()


def run_cases(program, **env):
    done = subprocess.run([os.path.join(lib.BUILD, "tests", "unit", program)], text=True, capture_output=True,
                          check=False, env={**os.environ, **env})
    print(done.stdout, done.stderr)
    return done


class Store(unittest.TestCase):
    def test_db(self):
        password = servers.user("staff")
        done = run_cases("test_store_db", PW_TEST_MYSQL=servers.mysql_socket, PW_TEST_PASSWORD=password)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertNotIn("SKIPPED", done.stderr + done.stdout)

    def test_redis(self):
        done = run_cases("test_store_redis", PW_TEST_REDIS=servers.redis_socket)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertNotIn("SKIPPED", done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
