"""How a check speaks.

    figure TEXT    a measured value, printed by scripts/test
    ok TEXT        one thing that holds
    FAIL TEXT      one thing that does not, then what and where, indented
    later TEXT     one thing that is not asked for yet, with the reason

The last line counts them; finish() gives the exit status.
"""
import argparse
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


class Report:
    def __init__(self, name):
        self.name = name
        self.counts = {"ok": 0, "FAIL": 0, "later": 0}

    def _say(self, word, text):
        self.counts[word] += 1
        print(word, text)

    def item(self, text, faults=()):
        """One thing that is checked; it holds if there is no fault."""
        faults = list(faults)
        self._say("FAIL" if faults else "ok", text)
        for fault in faults:
            print("    ", fault, sep="")

    def later(self, text):
        self._say("later", text)

    def figure(self, text):
        print("figure", text)

    def finish(self):
        print(f"{self.name}: {self.counts['ok']} passed, "
              f"{self.counts['FAIL']} failed, {self.counts['later']} later")
        return 1 if self.counts["FAIL"] else 0


def root_from_arguments(description):
    """Every check takes --root, so that its own tests can show it a tree."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=pathlib.Path, default=HERE.parents[1],
                        help="the tree to check (default: this one)")
    return parser.parse_args().root.resolve()
