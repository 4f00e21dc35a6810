#!/usr/bin/env python3
"""A small mutation tester for the money rules and flows: changes one thing in a source, and one of its tests must notice.

    mutate.py [--kind rules|flow] [--file core/rules/money.c]... [--least 90] [--sample N --seed N] [--jobs 2] [--list]

Operators are swapped, constants moved by one, conditions negated, results exchanged, assignments dropped, table bits lost. A mutant
that does not compile is not counted. Survivors that a person found to be the same program stand in accepted.list with the reason.
"""
import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

# A test of rules needs some milliseconds, one of flows a few seconds; a mutant that never ends is noticed after this.
SECONDS = {"rules": 4, "flow": 60}

SWAPS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"],
         "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "+=": ["-="], "-=": ["+="], "|": ["&"], "&": ["|"], "++": ["--"],
         "--": ["++"], ">>": ["<<"], "<<": [">>"]}
BINARY = re.compile(r"(?<=[\w)\]] )(<=|>=|==|!=|&&|\|\||\+=|-=|>>|<<|[<>+*/%|&-])(?= )")
STEP = re.compile(r"(\+\+|--)")
NUMBER = re.compile(r"(?<![\w.\"])(\d+)(?![\w.])")
TRUTH = re.compile(r"\b(true|false)\b")
CONDITION = re.compile(r"\b(if|while) \((.*)\) \{$")
RETURN = re.compile(r"\breturn ([A-Z][A-Z0-9_]+);")
RETURN_ANY = re.compile(r"\breturn ([^;]+);")
CHOICE = re.compile(r" \? ([^:?]+) : ([^:;?]+?)([;,)])")
OUTPUT = re.compile(r"^\s*(?:int|int32_t|int64_t|size_t|bool) (\w+) = (?:0|false);$")
ASSIGN = re.compile(r"^\s*[*\w>.\[\]-]+ (=|\+=|-=) [^=].*;$")


def skipped(line):
    text = line.strip()
    return (not text or text.startswith(("#", "/*", "*", "//")) or "assert(" in text or "_Static_assert" in text
            or re.match(r'^\[?\w*\]? ?=? ?\{?"', text) is not None)


def code_part(line):
    """The line without strings, characters and the comment at its end, same length."""
    line = re.sub(r'"(\\.|[^"])*"|\'(\\.|[^\'])*\'', lambda m: " " * len(m.group()), line)
    return re.sub(r"/\*.*", lambda m: " " * len(m.group()), line)


def result_names(lines):
    return sorted({name for line in lines for name in RETURN.findall(line)})


def mutants_of_line(line, results):
    """Texts that the line may become."""
    code = code_part(line)
    for match in list(BINARY.finditer(code)) + list(STEP.finditer(code)):
        for other in SWAPS[match.group(1)]:
            yield line[:match.start(1)] + other + line[match.end(1):]
    for match in NUMBER.finditer(code):
        for other in {int(match.group(1)) + 1, max(int(match.group(1)) - 1, 0)} - {int(match.group(1))}:
            yield line[:match.start(1)] + str(other) + line[match.end(1):]
    for match in TRUTH.finditer(code):
        yield line[:match.start()] + ("false" if match.group() == "true" else "true") + line[match.end():]
    match = CONDITION.search(code)
    if match:
        yield line[:match.start(2)] + "!(" + line[match.start(2):match.end(2)] + ")" + line[match.end(2):]
    match = CHOICE.search(code)
    if match:
        yield line[:match.start(1)] + match.group(2).strip() + " : " + match.group(1).strip() + line[match.end(2):]
    match = RETURN.search(code)
    if match:
        family = match.group(1).split("_")[0] + "_"
        others = [name for name in results if name != match.group(1) and name.startswith(family)]
        for other in others[:2] or ["RC_INTERNAL"]:
            yield line[:match.start(1)] + other + line[match.end(1):]
    elif RETURN_ANY.search(code):
        match = RETURN_ANY.search(code)
        yield line[:match.start(1)] + "!(" + match.group(1) + ")" + line[match.end(1):]
    if ASSIGN.match(code):
        yield re.match(r"\s*", line).group() + ";"


def is_output(lines, number):
    """A variable that is born only to be filled by a call: its first value is never read."""
    match = OUTPUT.match(lines[number])
    for line in lines[number + 1:] if match else []:
        if line == "}":
            return False
        if re.search(rf"\b{match.group(1)}\b", line):
            return f"&{match.group(1)}" in line
    return False


def mutants(source):
    """[(line number, old text, new text)] of a source."""
    with open(os.path.join(rules.ROOT, source), encoding="utf-8") as file:
        lines = file.read().split("\n")
    results = result_names(lines)
    found = []
    comment = False
    for number, line in enumerate(lines):
        inside = comment
        comment = "*/" not in line if inside else "/*" in line and "*/" not in line
        if not inside and not skipped(line) and not is_output(lines, number):
            found += [(number, line, new) for new in dict.fromkeys(mutants_of_line(line, results)) if new != line]
    return found


class Run:
    """Compiles, links and runs one mutant after the other."""

    def __init__(self, kits, field):
        self.kits, self.field = kits, field
        self.accepted = rules.accepted()
        self.tests = rules.rows()

    def verdict(self, source, mutant):
        """killed, survived, accepted or invalid"""
        number, old, new = mutant
        kit = self.kits[rules.kind_of(source)]
        with open(os.path.join(rules.ROOT, source), encoding="utf-8") as file:
            lines = file.read().split("\n")
        lines[number] = new
        with tempfile.TemporaryDirectory() as folder:
            path, out = os.path.join(folder, "mutant.c"), os.path.join(folder, "mutant.o")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            if not kit.compile(path, out):
                return "invalid"
            for test in self.tests[source]:
                program = os.path.join(folder, test)
                kit.link(test, program, {source: out})
                if self.field.run(kit.kind, program, SECONDS[kit.kind]) != 0:
                    return "killed"
        return "accepted" if (source, describe(old, new)) in self.accepted else "survived"


def describe(old, new):
    return f"{' '.join(old.split())} => {' '.join(new.split())}"


def chosen(words):
    """[(source, mutant)] that were asked for."""
    sources = words.file or [source for source in rules.rows() if words.kind in (None, rules.kind_of(source))]
    work = [(source, mutant) for source in sources for mutant in mutants(source)]
    if words.sample and words.sample < len(work):
        work = random.Random(words.seed).sample(work, words.sample)
    return work


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", action="append")
    parser.add_argument("--kind", choices=rules.KINDS)
    parser.add_argument("--least", type=float, default=90)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    words = parser.parse_args()
    work = chosen(words)
    if words.list:
        for source, (number, old, new) in work:
            print(f"{source}:{number + 1}: {describe(old, new)}")
        return 0
    wanted = sorted({rules.kind_of(source) for source, _ in work})
    with tempfile.TemporaryDirectory() as folder, rules.Field(words.jobs) as field:
        if "flow" in wanted:
            field.open()
        run = Run({kind: rules.Kit(kind, folder) for kind in wanted}, field)
        score = {}
        with concurrent.futures.ThreadPoolExecutor(words.jobs) as pool:
            for (source, mutant), verdict in zip(work, pool.map(lambda item: run.verdict(*item), work)):
                counts = score.setdefault(source, {"killed": 0, "survived": 0, "accepted": 0, "invalid": 0})
                counts[verdict] += 1
                if verdict == "survived":
                    print(f"{source}:{mutant[0] + 1}: {describe(mutant[1], mutant[2])}", flush=True)
    return report(score, words.least)


def report(score, least):
    killed = valid = 0
    for source, counts in sorted(score.items()):
        alive = counts["killed"] + counts["survived"]
        killed, valid = killed + counts["killed"], valid + alive
        print(f"{source}: {counts['killed']} of {alive} noticed, {counts['accepted']} accepted, {counts['invalid']} do not compile")
    percent = 100 * killed / valid if valid else 100
    print(f"mutation score {percent:.1f} % ({killed} of {valid}), at least {least:.0f} %")
    return 0 if percent >= least else 1


if __name__ == "__main__":
    sys.exit(main())
