#!/usr/bin/env python3
"""What the overview of the pages says, counted from the logs as a whole: overview.py NOW SEND SMTPD SYSLOG, with TZ.

Prints `key value` lines. It shares nothing with the program: weeks are those of zoneinfo's calendar, and the rule for what is
unlike other days is written down once more.
"""
import os
import re
import statistics
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo(os.environ["TZ"])
NOW = int(sys.argv[1])
HALF = 1800
SIGNS = {
    "send": [
        ("entered", r"new msg "),
        ("bounces", r"bounce msg "),
        ("delivered", r"delivery \d+: success: "),
        ("put_off", r"delivery \d+: deferral: "),
        ("failed", r"delivery \d+: failure: "),
    ],
    "smtpd": [("blocked", r"rblsmtpd: \S+ pid \d+: 451 "), ("let_in", r"tcpserver: ok ")],
    "syslog": [
        ("spam", r"mail spamd\[\d+\]: spamd: identified spam "),
        ("ham", r"mail spamd\[\d+\]: spamd: clean message "),
        ("login_ok", r"mail vpopmail\[\d+\]: vchkpw-\S+: .*login success "),
        ("login_ok", r"mail dovecot: imap-login: Login: "),
        ("login_ok", r"mail roundcube\[\d+\]: \S+ Successful login "),
        ("login_failed", r"mail vpopmail\[\d+\]: vchkpw-\S+: (password fail|vpopmail user not found) "),
        ("login_failed", r"mail dovecot: imap-login: Disconnected \(auth failed"),
        ("login_failed", r"mail roundcube\[\d+\]: \S+ Failed login "),
    ],
}


def local(time):
    return datetime.fromtimestamp(time, ZONE)


def unix(day, clock):
    return int(datetime.combine(day, clock, ZONE).timestamp())


def earlier(time, days):
    """The same time of the local clock, so many days before."""
    there = local(time)
    return unix(there.date() - timedelta(days=days), there.time())


def read(kind, path, times):
    signs = [(key, re.compile(sign)) for key, sign in SIGNS[kind]]
    with open(path, encoding="utf-8") as log:
        for line in log:
            stamp, text = line.split(" ", 1)
            if stamp.startswith("@"):
                time = int(stamp[1:17], 16) - (1 << 62) - 10
            else:
                time = int(datetime.fromisoformat(stamp).timestamp())
            for key, sign in signs:
                if sign.match(text):
                    times.setdefault(key, []).append((time, 1))
            if kind == "send" and text.startswith("info msg "):
                times.setdefault("bytes", []).append((time, int(text.split(" ")[4])))


def main():
    times = {}
    for kind, path in zip(("send", "smtpd", "syslog"), sys.argv[2:]):
        read(kind, path, times)

    def count(key, begin, end):
        return sum(number for time, number in times[key] if begin <= time < end)

    def share(part, whole, begin, end):
        return 100 * count(part, begin, end) / sum(count(key, begin, end) for key in whole)

    ended = ("delivered", "put_off", "failed")
    midnight = unix(local(NOW).date(), datetime.min.time())
    for key in times:
        print("today", key, count(key, midnight, NOW))
        print("hour", key, count(key, NOW - 3600, NOW))
    print("today", "attempts", sum(count(key, midnight, NOW) for key in ended))
    shares = {"put_off": ended, "failed": ended, "spam": ("spam", "ham")}
    for key in ("entered", "delivered", "put_off", "failed", "blocked", "spam", "login_failed"):
        values = []
        for week in range(1, 5):
            end = earlier(NOW, 7 * week)
            begin = unix(local(end).date(), datetime.min.time())
            values.append(share(key, shares[key], begin, end) if key in shares else count(key, begin, end))
        print("usual", key, min(values), max(values))
        if key in shares:
            print("share", key, share(key, shares[key], midnight, NOW))

    # What was unlike other days, of the deliveries that were put off.
    def slots(key):
        found = {}
        for time, number in times.get(key, ()):
            found[time // HALF] = found.get(time // HALF, 0) + number
        return found

    put_off = slots("put_off")
    rest = slots("delivered")
    for slot, number in slots("failed").items():
        rest[slot] = rest.get(slot, 0) + number
    last = (NOW - 1) // HALF
    day = range(last - 47, last + 1)

    def usual(found, slot):
        medians = []
        for beside in (-1, 0, 1):
            weeks = [found.get(earlier((slot + beside) * HALF, 7 * week) // HALF, 0) for week in range(1, 5)]
            medians.append(statistics.median(weeks))
        return max(medians)

    peaks = sorted(max(put_off.get(slot - 48 * back, 0) for slot in day) for back in range(1, 29))
    on_any_day = peaks[28 // 7]
    runs = []
    for slot in day:
        number = put_off.get(slot, 0)
        more = max(1, (rest.get(slot, 0) + 10) / (usual(rest, slot) + 10))
        expected = usual(put_off, slot) * more
        if number > 2 * expected + 3 * expected**0.5 + 10 and number > 3 * on_any_day:
            if runs and slot <= runs[-1][1] + 2:
                runs[-1][1] = slot
            else:
                runs.append([slot, slot])
    for first, end in runs:
        span = range(first, end + 1)
        number = sum(put_off.get(slot, 0) for slot in span)
        tried = number + sum(rest.get(slot, 0) for slot in span)
        begin, until = local(first * HALF), local((end + 1) * HALF)
        about = sum(usual(put_off, slot) for slot in span)
        print("event", f"{begin:%H:%M}–{until:%H:%M}", number, about, 100 * number / tried)


main()
