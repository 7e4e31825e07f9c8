#!/usr/bin/env python3
"""What qmail-send's lines say together: the sections `providers` and `times` of maillogs, counted another way.

Reads a whole log at once from standard input, in the order of its lines, and prints one line a counter that is not 0:
KEY AMOUNT. Amounts of seconds are exact decimals. Usage: followed.py PROVIDERS_TOML [TAI_OFFSET] < LOG
"""
import re
import sys
import tomllib
from collections import Counter
from datetime import datetime, timezone
from decimal import Decimal

BOUNDS = [("500ms", "0.5"), ("1s", 1), ("2s", 2), ("5s", 5), ("10s", 10), ("30s", 30), ("1m", 60), ("2m", 120),
          ("5m", 300), ("10m", 600), ("30m", 1800), ("1h", 3600), ("4h", 14400), ("12h", 43200), ("1d", 86400),
          ("2d", 172800), ("5d", 432000)]
SECOND_LEVEL = ("co.uk com.au com.br co.jp com.tr com.mx com.ar co.in co.kr co.nz com.sg com.hk com.tw com.ph com.my "
                "com.vn co.id co.th co.za co.il com.cn com.pe com.co com.ve").split()


def provider_of(table, recipient):
    if "@" not in recipient:
        return "other"
    domain = recipient.rsplit("@", 1)[1].lower()
    for key, domains in table:
        for known in domains:
            if known.endswith("."):
                top = domain[len(known):] if domain.startswith(known) else ""
                if re.fullmatch("[a-z0-9]+", top) or top in SECOND_LEVEL:
                    return key
            elif domain == known:
                return key
    return "other"


def stamped(line, offset):
    """Time (Decimal seconds or None), host, text."""
    label = re.match(r"@([0-9a-f]{16})([0-9a-f]{8}) ", line)
    if label:
        seconds = int(label[1], 16) - 2**62 - offset
        return Decimal(seconds) + Decimal(int(label[2], 16)) / 10**9, "", line[26:]
    iso = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d) (\S+) qmail(?:-send)?(?:\[\d+\])?: ?", line)
    if iso:
        whole, _, part = iso[1].partition(".")
        zone = iso[2].replace("Z", "+00:00")
        at = datetime.fromisoformat(whole + zone).astimezone(timezone.utc)
        return Decimal(int(at.timestamp())) + Decimal("0." + (part or "0")), iso[3], line[iso.end():]
    return None, "", line


def main():
    with open(sys.argv[1], "rb") as file:
        table = [(p["key"], p["domains"]) for p in tomllib.load(file)["provider"]]
    offset = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    count, sums = Counter(), Counter()
    open_, queue = {}, {}

    def histogram(name, bounds, seconds):
        seconds = max(seconds, Decimal(0))
        for word, bound in bounds:
            if seconds <= Decimal(bound):
                break
        else:
            word = "longer"
        count[f"{name}_{word}"] += 1
        sums[f"{name}_seconds"] += seconds

    for raw in sys.stdin.buffer:
        time, host, text = stamped(raw.decode("latin-1").rstrip("\n").rstrip("\r"), offset)
        end = re.search(r" queue(\d+)$", text)
        which = end[1] if end else ""
        text = text[:end.start()] if end else text
        if m := re.match(r"starting delivery (\d+)(?:\.queue(\d+))?: msg (\d+)(?:\.queue\d+)? to (\S+) (.*)$", text):
            of = (host, which or m[2] or "")
            if m[1] == "1":
                open_ = {key: value for key, value in open_.items() if key[0] != of}
            to = "local" if m[4] == "local" else None
            if re.fullmatch(r"remote|suppl\d+", m[4]):
                to = provider_of(table, m[5])
            open_[of, int(m[1])] = (to, int(m[3]), time)
            if to not in ("local", None):
                count[f"go_{to}"] += 1
        elif m := re.match(r"delivery (\d+)(?:\.queue(\d+))?: (.*)$", text):
            of = (host, which or m[2] or "")
            begun = open_.pop((of, int(m[1])), None)
            if begun is None:
                count["to_unseen"] += 1
                count["delivery_unseen"] += 1
                continue
            result = re.match("(success|deferral|failure): ", m[3])
            if not result:
                continue
            to, message, at = begun
            if to not in ("local", None):
                count[{"success": "ok_", "deferral": "def_", "failure": "fail_"}[result[1]] + to] += 1
            if to and at is not None and time is not None:
                histogram("local" if to == "local" else "remote", BOUNDS[:12], time - at)
                if to != "local":
                    sums["took_" + to] += max(time - at, Decimal(0))
            entry = queue.get((of, message))
            if result[1] == "success" and entry and not entry[1] and time is not None:
                histogram("first", BOUNDS, time - entry[0])
                entry[1] = True
        elif m := re.match(r"new msg (\d+)(?:\.queue(\d+))?", text):
            if time is not None:
                queue[(host, which or m[2] or ""), int(m[1])] = [time, False]
        elif m := re.match(r"end msg (\d+)(?:\.queue(\d+))?", text):
            entry = queue.pop(((host, which or m[2] or ""), int(m[1])), None)
            if entry and time is not None:
                histogram("queue", BOUNDS, time - entry[0])
            elif time is not None:
                count["queue_unseen"] += 1
        elif text.startswith("status: exiting"):
            open_ = {key: value for key, value in open_.items() if key[0] != (host, which)}
    for key in sorted(count):
        print(key, count[key])
    for key in sorted(sums):
        if sums[key]:
            print(key, f"{sums[key]:f}".rstrip("0").rstrip(".") if "." in f"{sums[key]:f}" else sums[key])


if __name__ == "__main__":
    main()
