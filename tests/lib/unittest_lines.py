#!/usr/bin/env python3
"""Runs one file of unittest cases and prints one result line per method.

usage: unittest_lines.py GROUP FILE
"""
import importlib.util
import os
import sys
import time
import traceback
import unittest


class Lines(unittest.TestResult):
    """Prints each outcome at once, so that a hang shows which method it is in."""

    def __init__(self, prefix):
        super().__init__()
        self.prefix = prefix
        self.began = 0.0

    def label(self, test):
        """GROUP/file/method, without blanks."""
        name = getattr(test, "_testMethodName", None) or str(test)
        return f"{self.prefix}/{name}".replace(" ", "_")

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        print(f"-- {self.label(test)}", flush=True)

    def addSuccess(self, test):
        print(f"-- {time.monotonic() - self.began:.1f} s")
        print(f"ok {self.label(test)}", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"ok {self.label(test)} # skip {reason}", flush=True)

    def failed(self, test, error):
        """One not ok line; the trace stands above it in the log."""
        traceback.print_exception(*error, file=sys.stdout)
        last = str(error[1]).strip().splitlines()
        print(f"not ok {self.label(test)} {last[0] if last else error[0].__name__}", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.failed(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed(test, err)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        print(f"ok {self.label(test)} # skip expected failure", flush=True)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        print(f"not ok {self.label(test)} unexpected success", flush=True)


def main():
    """Loads the file as a module beside its own folder and runs it."""
    group, path = sys.argv[1], os.path.abspath(sys.argv[2])
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path.insert(0, os.path.dirname(path))
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except Exception as error:  # a broken file is one failure, told in one line
        traceback.print_exc(file=sys.stdout)
        print(f"not ok {group}/{name} cannot be loaded: {error}")
        return 1
    result = Lines(f"{group}/{name}")
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
