#!/usr/bin/python3
"""Judges the claims that claims.sh has tried: claims.py FOLDER. Those that went wrong are listed anew.

A claim's exchanges are those whose target holds its id. What has to be seen is a list of words with
"; " between them, all of which must hold:

    expect=VALUE,...   the Expect of each request in turn; "-": none
    status=CODE,...    the final status of each in turn; "-": none came
    tries=N, tries>N   how many requests there were
    content=N          bytes of content that the first of them sent
    wait=S             its content came S seconds after its head (a little later on a busy machine)
    100s=N             how many 100 it got
    100<S, 100>S       when the first of them came, in seconds after the head
    close=SIDE         who ended its connection: client, server
    reason=TEXT, server~TEXT, ua~TEXT, via~TEXT   of the first exchange; "-": none
    verdict=CAUSE      the program's own verdict on the first
    said~PATTERN       in the client's own account, as a regular expression; said!PATTERN: not there
    NAME:PATTERN       in the account of the server or proxy NAME
    took=S, took<S     what the client says that it took

"origin." before a word: the same of what reached the origin through a proxy; a method and a dot:
of requests with that method only. same, apart: all requests came on one connection, each on its own.
"""
import collections
import json
import pathlib
import re
import sys

PROXY = "10.100.1.1"


def exchanges(path, ids, behind_proxy):
    found = collections.defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["request"] is None or behind_proxy and record["connection"]["client"] != PROXY:
            continue
        for claim in re.findall(r"c\d\d\d", record["request"]["target"]):
            if claim in ids:
                found[claim].append(record)
    for records in found.values():
        records.sort(key=lambda r: r["time"])
    return found


def about(seconds, wanted):
    """A timer is never early by much; what a busy machine adds is less than half a second."""
    return seconds is not None and wanted * 0.97 - 0.005 <= seconds <= wanted * 1.03 + 0.4


def text(value):
    return "-" if value is None else str(value)


def listed(records, pick):
    return ",".join(text(pick(r)) for r in records)


def of_response(name):
    return lambda r: r["response"] and r["response"][name]


FIELD = {"server": of_response("server"), "via": of_response("via"), "reason": of_response("reason"),
         "ua": lambda r: r["request"]["user_agent"]}


def seconds(ms):
    return None if ms is None else ms / 1000


def look(word, records):
    """Whether a word holds of these exchanges, and what was seen in its place."""
    if word in ("same", "apart"):
        ids = {r["connection"]["id"] for r in records}
        return len(ids) == (1 if word == "same" else len(records)), f"{len(records)} requests, {len(ids)} connections"
    name, op, wanted = re.fullmatch(r"([a-z0-9]+)([=<>~])(.*)", word).groups()
    if name == "tries":
        seen = len(records)
        return (seen > int(wanted) if op == ">" else seen == int(wanted)), seen
    if not records:
        return False, "no request"
    first = records[0]
    hundreds = [i for i in first["interim"] if i["status"] == 100]
    if name == "expect":
        seen = listed(records, lambda r: r["request"]["expect"])
    elif name == "status":
        seen = listed(records, of_response("status"))
    elif name == "content":
        seen = text(first["request"]["body_bytes"])
    elif name == "100s":
        seen = str(len(hundreds))
    elif name == "close":
        seen = text(first["connection"]["closed_by"])
    elif name == "verdict":
        seen = text(first["verdict"] and first["verdict"]["cause"])
    elif name == "wait":
        seen = seconds(first["timing"]["wait_ms"])
        return about(seen, float(wanted)), seen
    elif name == "100":
        seen = seconds(first["timing"]["continue_ms"])
        if seen is None:
            return False, "none"
        return (seen < float(wanted) if op == "<" else seen > float(wanted)), seen
    else:
        seen = text(FIELD[name](first))
    return (wanted in seen if op == "~" else wanted == seen), seen


def account(word, said, folder):
    """A word about an account; None where it is none."""
    if match := re.match(r"(said[~!]|took[=<])(.*)", word, re.S):
        name, wanted = match.groups()
        if name.startswith("took"):
            took = re.findall(r"^TIME ([0-9.]+)", said, re.M)
            seen = float(took[-1]) if took else None
            if name == "took<":
                return seen is not None and seen < float(wanted), seen
            # A virtual machine takes its time to start, and this counts it in.
            return seen is not None and float(wanted) * 0.97 <= seen <= float(wanted) + 6, seen
        return bool(re.search(wanted, said, re.M)) == (name == "said~"), said[-600:]
    if match := re.match(r"([a-z_]+):(.*)", word, re.S):
        name, wanted = match.groups()
        seen = (folder / f"{name}.stdout").read_text(errors="replace")
        return bool(re.search(wanted, seen, re.M)), seen[-600:]
    return None


def main():
    folder = pathlib.Path(sys.argv[1])
    claims = [line.split("\t") for line in (folder / "tried").read_text().splitlines()]
    ids = {c[0] for c in claims}
    client = exchanges(folder / "client.ndjson", ids, False)
    origin = exchanges(folder / "origin.ndjson", ids, True)
    wrong = []
    for claim, agent, since, what, how, wanted in claims:
        said = (folder / "claims" / claim).read_text(errors="replace")
        missed = []
        for word in wanted.split("; "):
            word = word.replace("$id", claim)
            answer = account(word, said, folder)
            if answer is None:
                leg = origin if word.startswith("origin.") else client
                word = word.removeprefix("origin.")
                records = leg[claim]
                if method := re.match(r"([A-Z]+)[.]", word):
                    word = word[method.end():]
                    records = [r for r in records if r["request"]["method"] == method[1]]
                answer = look(word, records)
            if not answer[0]:
                missed.append(f"    {word}: saw {answer[1]}")
        if missed:
            wrong.append("\t".join((claim, agent, since, what, how, wanted)) + "\n")
            print(f"WRONG {claim} {agent} {since}: {what}\n    {how}", *missed, sep="\n")
    print(f"claims: {len(claims)} tried, {len(wrong)} wrong")
    (folder / "wrong").write_text("".join(wrong))
    sys.exit(1 if wrong else 0)


main()
