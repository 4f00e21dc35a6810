#!/usr/bin/env python3
"""Rows that need a word elsewhere: settings in docs/settings.md, routes in a stack test.

tables.py --write makes docs/settings.md anew from core/base/config.def.
"""
import os
import re
import sys

from source_lib import ROOT, Lint, end, read, tracked

TEXT = r'"((?:\\.|[^"\\])*)"'
SETTING = re.compile(r"^SETTING\(\s*(\w+),\s*(\w+),\s*(\w+),\s*" + TEXT + r",\s*(-?\w+),\s*(-?\w+),\s*([\w |]+),\s*"
                     r'((?:"(?:\\.|[^"\\])*"\s*)+)\)', re.M)
MANUAL = "docs/settings.md"
HEAD = """# Settings

One INI file: `/etc/paywatt/paywatt.ini` on an installed site, `var/etc/paywatt.ini` for `./paywatt up`. `paywattctl config print` prints
every setting with its default and its present value. An unknown section or key is an error that names file and line. A secret is
a file of its own, readable by its owner only; the setting names the file. *Reload* settings change on `SIGHUP`, others with a restart.

`./paywatt up --site FILE` also reads a section `[web]` for its front server: `office_address`, `public_address` (default: all),
`office_allow` (networks that may come to the office listener; empty: all), `office_certificate_file`, `office_key_file`,
`public_certificate_file`, `public_key_file` (default: a self-signed pair), `session_rate` (log-ins, default `2r/s`), `office_rate` (`1000r/s`),
`public_rate` (`100r/s`; each per address), `workers` (default 2).

This page is made from `core/base/config.def` (`tests/lint/tables.py --write`); a lint holds the two together.
"""


def setting_rows():
    """(line, section, key, type, default, least, most, flags, help) of every row."""
    text = read("core/base/config.def")
    for match in SETTING.finditer(text):
        help_text = "".join(re.findall(TEXT, match.group(8)))
        section, *rest = match.groups()[:7]
        yield (text.count("\n", 0, match.start()) + 1, section.replace("__", "."), *rest, help_text)


def manual():
    """The page as it should be."""
    out, section_now = [HEAD], None
    for _, section, key, kind, default, least, most, flags, help_text in setting_rows():
        if section != section_now:
            out.append(f"\n## [{section}]\n\n| key | default | bounds | | meaning |\n| --- | --- | --- | --- | --- |\n")
            section_now = section
        bounds = f"{least} to {most}" if kind == "INT" else kind.lower()
        marks = [name for flag, name in (("RELOAD", "reload"), ("SECRET", "secret file"), ("NEEDED", "needed")) if flag in flags]
        shown = f"`{default}`" if default else "empty"
        out.append(f"| `{key}` | {shown} | {bounds} | {', '.join(marks)} | {help_text.replace('|', chr(92) + '|').replace('<', '&lt;')} |\n")
    return "".join(out)


def settings():
    """Every row is read by this lint, has help, and the manual is what the rows say."""
    lint = Lint("settings_documented")
    rows = list(setting_rows())
    for line, text in enumerate(read("core/base/config.def").splitlines(), 1):
        if text.startswith("SETTING(") and not any(row[0] == line for row in rows):
            lint.add("core/base/config.def", line, "this row cannot be read")
    for row in rows:
        if len(row[8]) < 8:
            lint.add("core/base/config.def", row[0], f"[{row[1]}] {row[2]} has no help")
    if not tracked(MANUAL) or read(MANUAL) != manual():
        lint.add(MANUAL, 1, "is not what core/base/config.def says: run tests/lint/tables.py --write")
    lint.done()


def routes():
    """Each route's method and path stand in a test of a running instance."""
    lint = Lint("routes_tested")
    tests = "\n".join(read(path) for path in tracked(".py", ".sh", ".mjs", ".ts", under=("tests/stack", "tests/browser", "tests/peers", "tests/chaos")))
    text = read("cgi/routes.def") if tracked(".def", under=("cgi/",)) else ""
    for match in re.finditer(r"^\s*ROUTE\(([^)]*)\)?", text, re.M):
        row, line = match.group(1), text.count("\n", 0, match.start()) + 1
        path = re.search(r'"(/[^"]*)"', row)
        if not path:
            continue
        pieces = [re.escape(piece) for piece in re.split(r":\w+", path.group(1))]
        short = re.split("/api/v1/(?:staff|tenant)", path.group(1))[-1]
        pieces_short = [re.escape(piece) for piece in re.split(r":\w+", short)]
        between = r"(?:\{[^}]*\}|[^/\"'`\s{])+"
        pattern = between.join(pieces) + "|[\"'`]" + between.join(pieces_short) + "[\"'`?]"
        if not re.search(pattern, tests):
            lint.add("cgi/routes.def", line, f"no stack test names {path.group(1)}")
    lint.done()


if sys.argv[1:] == ["--write"]:
    with open(os.path.join(ROOT, MANUAL), "w", encoding="utf-8") as page:
        page.write(manual())
    sys.exit(0)
settings()
routes()
end()
