#!/usr/bin/env python3
"""How qmail-send's attempts of a stretch of time ended, by place and reason, and by hour: the page of reasons, counted another way.

Reads a whole log at once from standard input, in the order of its lines. Of the attempts that ended from FROM to TO (unix
seconds) it prints, with tabs between: `cell PLACE OUTCOME REASON NUMBER` (of what succeeded without a reason), and of what was
put off `hour PLACE NUMBER_OF_THE_HOUR NUMBER`, hours counted from FROM. A reason is known by a word of the report, which the
log's maker put there; nothing of the rules for reasons is used.
Usage: attempts.py PROVIDERS_TOML FROM TO WORD=REASON … < LOG
"""
import re
import sys
import tomllib
from collections import Counter

from followed import provider_of, stamped


def main():
    with open(sys.argv[1], "rb") as file:
        table = [(p["key"], p["domains"]) for p in tomllib.load(file)["provider"]]
    begin, end = int(sys.argv[2]), int(sys.argv[3])
    reasons = [word.split("=", 1) for word in sys.argv[4:]]
    cells, hours, open_ = Counter(), Counter(), {}
    for raw in sys.stdin.buffer:
        time, _, text = stamped(raw.decode("latin-1").rstrip("\n"), 10)
        if m := re.match(r"starting delivery (\d+): msg \d+ to (\S+) (.*)$", text):
            if m[1] == "1":
                open_ = {}
            open_[m[1]] = "local" if m[2] == "local" else provider_of(table, m[3])
        elif m := re.match(r"delivery (\d+): (success|deferral|failure): (.*)$", text):
            place = open_.pop(m[1], "unseen")
            if not begin <= time < end:
                continue
            reason = ""
            if m[2] != "success":
                reason = next(name for word, name in reasons if word in m[3])
            cells[place, m[2], reason] += 1
            if m[2] == "deferral":
                hours[place, int(time - begin) // 3600] += 1
    for (place, outcome, reason), number in sorted(cells.items()):
        print("cell", place, outcome, reason, number, sep="\t")
    for (place, hour), number in sorted(hours.items()):
        print("hour", place, hour, number, sep="\t")


main()
