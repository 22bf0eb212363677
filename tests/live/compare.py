#!/usr/bin/python3
"""Compares the records of two captures of the same traffic.

compare.py A B: NDJSON files; records are matched by client, port and request. Causes, statuses and
packet counts have to be equal, times within a millisecond: the kernel stamps a packet anew for each
who captures it.
"""
import json
import sys


def load(path):
    out = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            r = json.loads(line)
            c = r["connection"]
            key = (c["client"], c["client_port"], r["request"]["target"], r["chain"]["attempt"])
            assert key not in out, key
            out[key] = r
    return out


def facts(r):
    v = r["verdict"]
    return {
        "cause": v["cause"], "severity": v["severity"], "party": v["party"], "also": v["also"],
        "status": r["response"] and r["response"]["status"],
        "interim": [i["status"] for i in r["interim"]],
        "body": r["request"]["body_bytes"], "recovered": v["recovered"],
    }


def main():
    a, b = load(sys.argv[1]), load(sys.argv[2])
    bad = 0
    if not a or a.keys() != b.keys():
        sys.exit(f"not the same exchanges: {sorted(a)} and {sorted(b)}")
    for key, r in a.items():
        if facts(r) != facts(b[key]):
            print(key, facts(r), facts(b[key]))
            bad += 1
        for name, at in r["timing"].items():
            other = b[key]["timing"][name]
            if name == "packets":
                continue
            if (at is None) != (other is None) or (at is not None and abs(at - other) > 1):
                print(key, name, at, other)
                bad += 1
    print(f"{len(a)} records alike" if not bad else f"{bad} differences")
    sys.exit(bad > 0)


main()
