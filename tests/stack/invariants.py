"""The invariants of schema/invariants against a running MariaDB.

    invariants.check(servers)   {"I03_...": [[...], ...]} of those that fail; empty when all hold

Run it after every stack test that moves money.
"""
import glob
import os

import lib


def files():
    """Name and SQL of each invariant, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(lib.ROOT, "schema", "invariants", "I*.sql"))):
        with open(path, encoding="utf-8") as file:
            found.append((os.path.basename(path)[:-4], file.read()))
    return found


def script():
    """All of them as one script; a line "#NAME" comes before the rows of each."""
    return "".join(f"SELECT '#{name}';\n{text}\n" for name, text in files())


def failed(rows):
    """Splits the rows of script() by invariant; keeps those that answered anything."""
    result = {}
    name = ""
    for row in rows:
        if row[0].startswith("#I"):
            name = row[0][1:]
        else:
            result.setdefault(name, []).append(row)
    return result


def check(servers):
    return failed(servers.sql(script()))
