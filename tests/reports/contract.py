#!/usr/bin/env python3
"""Records and summaries against what scripts were promised, written down apart from the schemas.

  contract.py PROGRAM CAPTURE...

Every promised key is there, null and not left out where nothing is known, of its type and unit:
milliseconds with 3 to 6 places, times RFC 3339 in UTC with nanoseconds, counts whole. Keys may be
added to what is promised, never taken away.
"""
import json
import re
import subprocess
import sys

program, captures = sys.argv[1], sys.argv[2:]


class Number(str):
    """A number as it is spelled."""


# "?" may be null. A list holds any number of its one element; a tuple is one of several.
PACKET = ("int", {"file": "str", "packet": "int"})
PACKET_OR_NULL = ("int?", {"file": "str", "packet": "int"})
RECORD = {
    "schema": "str", "id": "int", "file": "str", "time": "time",
    "connection": {"id": "int", "community_id": "str", "client": "str", "client_port": "int",
                   "server": "str", "server_port": "int", "vantage": "str", "rtt_client_ms": "ms?",
                   "rtt_server_ms": "ms?", "close": "str?", "closed_by": "str?", "gaps": "int",
                   "retransmissions": "int"},
    "request": ("null", {"method": "str", "target": "str", "host": "str?", "version": "str?",
                         "user_agent": "str?", "expect": "str?", "content_length": "int?",
                         "chunked": "bool", "body_bytes": "int?", "packet": PACKET}),
    "interim": [{"status": "int", "at_ms": "ms?", "packet": PACKET}],
    "response": ("null", {"status": "int", "reason": "str?", "version": "str?", "server": "str?",
                          "via": "str?", "packet": PACKET}),
    "timing": {"head_ms": "ms?", "continue_ms": "ms?", "wait_ms": "ms?", "body_ms": "ms?",
               "body_end_ms": "ms?", "final_ms": "ms?", "total_ms": "ms?",
               "packets": {"head": PACKET_OR_NULL, "body": PACKET_OR_NULL,
                           "body_end": PACKET_OR_NULL, "final": PACKET_OR_NULL}},
    "cost": {"stall_ms": "ms?", "wasted_bytes": "int?", "saved_bytes": "int?",
             "extra_round_trips": "int?"},
    "chain": {"id": "int", "attempt": "int", "of": "int"},
    "legs": {"inner": "int?", "outer": "int?"},
    "verdict": ("null", {
        "severity": "str", "cause": "str", "party": "str", "confidence": "str", "also": ["str"],
        "recovered": "bool",
        "recovered_by": ("null", {"id": "int", "connection": "int", "time": "time",
                                  "status": "int", "after_ms": "ms"}),
        "checks": [{"rule": "str", "rfc": "str?", "packet": PACKET_OR_NULL}],
        "evidence": ["str"], "fix": ["str"]}),
}
LATENCY = {"p50": "ms?", "p90": "ms?", "p99": "ms?", "max": "ms?", "histogram": [["int"]]}
LATENCIES = {"continue": LATENCY, "wait": LATENCY, "final": LATENCY}
GROUP = {"key": "str", "product": "str?", "exchanges": "int", "failing": "int", "causes": {},
         "stall_ms": "ms", "wasted_bytes": "int", "saved_bytes": "int", "latency_ms": LATENCIES}
SUMMARY = {
    "schema": "str",
    "input": {"packets": "int", "bytes": "int", "first": "time?", "last": "time?",
              "files": ["str"], "dropped": "int", "decode_errors": "int", "truncated": "int"},
    "connections": {"seen": "int", "http": "int", "evicted": "int", "gaps": "int",
                    "one_sided": "int", "tls_opaque": "int", "http2_opaque": "int"},
    "exchanges": {"all": "int", "expectation": "int", "failing": "int"},
    "by_severity": {"ok": "int", "info": "int", "warning": "int", "error": "int", "unknown": "int"},
    "causes": [{"cause": "str", "severity": "str", "count": "int", "stall_ms": "ms",
                "wasted_bytes": "int"}],
    "servers": [GROUP], "clients": [GROUP], "latency_ms": LATENCIES, "thresholds": {},
}
SPELLED = {
    "int": re.compile(r"-?(0|[1-9][0-9]*)"),
    "ms": re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{3,6}"),
    "time": re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{9}Z"),
}


def wrong(want, got, at):
    """What is not as promised, or None."""
    if isinstance(want, tuple):
        found = [wrong(one, got, at) for one in want]
        return None if None in found else found[-1]
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return "%s is no object: %r" % (at, got)
        if want.keys() - got.keys():
            return "%s lacks %s" % (at, sorted(want.keys() - got.keys()))
        return next(filter(None, (wrong(w, got[k], at + "." + k) for k, w in want.items())), None)
    if isinstance(want, list):
        if not isinstance(got, list):
            return "%s is no list: %r" % (at, got)
        return next(filter(None, (wrong(want[0], v, at + "[]") for v in got)), None)
    if got is None:
        return None if want.endswith("?") or want == "null" else at + " is null"
    want = want.rstrip("?")
    number = isinstance(got, Number)
    if want == "bool":
        good = isinstance(got, bool)
    elif want == "str":
        good = isinstance(got, str) and not number
    else:
        good = want in SPELLED and number == (want != "time") and isinstance(got, str) \
            and SPELLED[want].fullmatch(got)
    return None if good else "%s is no %s: %r" % (at, want, got)


def read(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def run(capture, form, *more):
    return subprocess.run([program, "-r", capture, "-o", form, *more], capture_output=True,
                          check=False).stdout.decode()


# What is wrong is found.
assert wrong("ms", Number("1.5"), "x") and wrong("ms", Number("1"), "x") and wrong("ms", "1.500", "x")
assert wrong("int", Number("1.000"), "x") and wrong("int", None, "x") and not wrong("int?", None, "x")
assert wrong({"a": "int?"}, {}, "x") and wrong("time", "2026-01-02T03:04:05.123Z", "x")
assert wrong(("null", {"a": "int"}), {"a": "1"}, "x") and not wrong([["int"]], [[Number("1")]], "x")

failed = records = 0
for capture in captures:
    bad = [wrong(SUMMARY, read(run(capture, "json")), "summary")]
    lines = run(capture, "ndjson", "-A").splitlines()
    bad += [wrong(RECORD, read(line), "record") for line in lines]
    records += len(lines)
    for what in sorted(set(filter(None, bad))):
        print("FAILED contract: %s: %s" % (capture, what))
        failed += 1
print("contract: %d records and %d summaries, %d complaints" % (records, len(captures), failed))
sys.exit(failed > 0 or records == 0)
