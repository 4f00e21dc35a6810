#!/usr/bin/env python3
"""Rules of the C code that the compiler does not know: sizes, banned words, floating point, header comments."""
import re

from source_lib import Lint, code_only, end, read, tracked

LINES_MAX, COLUMNS_MAX, FUNCTION_MAX = 600, 100, 70
BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atoll", "atof", "localtime", "gmtime",
          "asctime", "ctime", "system", "popen", "rand", "srand", "alloca", "strncpy", "strncat", "tmpnam", "mktemp"]
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
FLOATING = re.compile(r"\b(double|float)\b")
# Where a library hands floating point over and it is turned to an integer or refused on the spot.
FLOATING_REVIEWED = {"core/base/json.c"}
# The last line of a function's head ends with ")" and the brace opens alone in column one.
HEAD = re.compile(r"^[A-Za-z_].*\)$|^\s+.*\)$")
PROTOTYPE = re.compile(r"^(?!static\b|typedef\b|struct\s+\w+\s*;|enum\b|extern\b|#)([A-Za-z_][\w\s\*]*?\b(\w+)\s*\([^;{]*\)[^;{]*);", re.M | re.S)


def functions(lines):
    """(first line, last line) of each function body, by clang-format's layout: braces in column one."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and number > 1 and HEAD.match(lines[number - 2]):
            start = number
        elif line.startswith("}") and start is not None:
            yield start, number
            start = None


def check_header(lint, path):
    """Each public function stands below a comment, directly or in one block with its neighbours, or alone in its file."""
    text = read(path)
    lines, bare = text.splitlines(), code_only(text)
    found = list(PROTOTYPE.finditer(bare))
    if len(found) == 1 and text.startswith("/*"):
        return  # the comment of the file is the function's
    for match in found:
        if "(" not in match.group(1) or match.group(2) in ("defined", "__attribute__"):
            continue
        number = bare.count("\n", 0, match.start(1)) + 1
        above = number - 2
        while above >= 0 and lines[above].strip() and not lines[above].rstrip().endswith("*/"):
            above -= 1
        trailing = "/*" in lines[number - 1]
        if not trailing and (above < 0 or not lines[above].rstrip().endswith("*/")):
            lint.add(path, number, f"{match.group(2)} has no header comment")


def main():
    """One pass over all C files."""
    size, banned, floating, comments = Lint("c_sizes"), Lint("c_banned"), Lint("c_no_floating_point"), Lint("c_header_comments")
    for path in tracked(".c", ".h", ".def"):
        text = read(path)
        lines = text.splitlines()
        if len(lines) > LINES_MAX:
            size.add(path, LINES_MAX, f"{len(lines)} lines, {LINES_MAX} at most")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and not path.endswith(".def"):
                size.add(path, number, f"{len(line)} columns, {COLUMNS_MAX} at most")
        for first, last in functions(lines):
            if last - first + 1 > FUNCTION_MAX and path.endswith(".c"):
                size.add(path, first, f"a function of {last - first + 1} lines, {FUNCTION_MAX} at most")
        bare = code_only(text).splitlines()
        for number, line in enumerate(bare, 1):
            found = BANNED_CALL.search(line)
            if found and not line.lstrip().startswith("#"):
                banned.add(path, number, f"{found.group(1)} is banned")
            if path.startswith("core/") and path not in FLOATING_REVIEWED and FLOATING.search(line):
                floating.add(path, number, "no floating point in core")
        if path.endswith(".h") and path.startswith(("core/", "cgi/", "poller/", "jobs/", "ctl/", "sim/")):
            check_header(comments, path)
    for lint in (size, banned, floating, comments):
        lint.done()
    end()


main()
