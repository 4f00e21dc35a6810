#!/usr/bin/env python3
"""Includes point down only; SQL and Redis commands live in core/store; the simulator is nobody's mirror."""
import re

from source_lib import Lint, code_only, end, read, tracked

# What each folder may include of the project, besides itself.
BELOW = {
    "core/base": [],
    "core/rules": ["core/base"],
    "core/store": ["core/base", "core/rules"],
    "core/pay": ["core/base", "core/rules"],
    "core/sms": ["core/base", "core/rules"],
    "core/flow": ["core/base", "core/rules", "core/store"],
    "cgi": ["core/base", "core/rules", "core/store", "core/flow", "core/pay", "core/sms"],
    "poller": ["core/base", "core/rules", "core/store", "core/flow"],
    "jobs": ["core/base", "core/rules", "core/store", "core/flow", "core/pay", "core/sms"],
    "ctl": ["core/base", "core/rules", "core/store", "core/flow", "core/pay", "core/sms", "poller"],
    "sim": ["core/base"],
    "deploy": [],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
SQL = re.compile(r'"[^"\n]*\b(SELECT\s|INSERT\s+(IGNORE\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|REPLACE\s+INTO\b|'
                 r'CREATE\s+TABLE\b|ALTER\s+TABLE\b|START\s+TRANSACTION\b|FOR\s+UPDATE\b|GRANT\s+\w+\s+ON\b)')
REDIS = re.compile(r'"(XADD|XREAD\w*|XDEL|XTRIM|XGROUP|HSET|HGET\w*|HDEL|HINCRBY|SETEX|BRPOP|BLPOP|LPUSH|RPUSH|PUBLISH|'
                   r'SUBSCRIBE|PSUBSCRIBE|ZADD|ZRANGE\w*|EVALSHA|EVAL|EXPIRE|PEXPIRE)\b')


def layer_of(path):
    """The longest layer a path belongs to."""
    found = [layer for layer in BELOW if path.startswith(layer + "/")]
    return max(found, key=len) if found else None


def main():
    """Three rules, three lines."""
    includes, sql, simulator = Lint("layers"), Lint("sql_in_store"), Lint("simulator_apart")
    for path in tracked(".c", ".h", ".def"):
        layer = layer_of(path)
        if layer is None:
            continue
        text = code_only(read(path), keep_strings=True)
        for match in INCLUDE.finditer(text):
            target = match.group(1)
            line = text.count("\n", 0, match.start()) + 1
            if "/" not in target:
                continue
            other = layer_of(target)
            if other is None or other == layer or other in BELOW[layer]:
                continue
            lint = simulator if layer == "sim" or other == "sim" else includes
            lint.add(path, line, f"{layer} may not include {target}")
        if layer != "core/store":
            for number, row in enumerate(text.splitlines(), 1):
                if SQL.search(row) or (REDIS.search(row) and path.endswith(".c")):
                    sql.add(path, number, "SQL and Redis commands belong in core/store")
    for lint in (includes, sql, simulator):
        lint.done()
    end()


main()
