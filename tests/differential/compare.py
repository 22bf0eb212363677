#!/usr/bin/env python3
"""compare.py [--propose] [--program P] [FILE...]: await100 against tshark and tcpflow.

1. Messages: the multiset of request methods and response status codes of each file, ours (NDJSON of
   all exchanges, interim responses and responses without a request included) against tshark's. Each
   file that differs has to stand in reviewed.tsv with its difference and the reason. Both have to
   agree on 99 % of messages, those that break the grammar on purpose included.
2. Streams: each reassembled direction without a hole (--streams) has to be, byte for byte, what
   tcpflow or tshark's follow gives (two peers, as each is wrong at times: tcpflow takes the padding
   of short Ethernet frames for content and knows no tunnels, tshark's follow gives up at gaps).

reviewed.tsv: kind (messages, streams; joined: messages that we count once since they are the same
twice, and that count as agreeing), file, difference, reason. A file that differs and is not
listed fails, as does a listed one that no longer differs, or differs otherwise. --propose prints
the lines as they would have to be, the reasons of known ones kept.

Each way to ask tshark misses something. With bodies put together it shows a message only once its
body is complete, and never one whose content was withheld, which is our daily bread; without, it
misses a head that begins inside a segment; with heads put together, one that never ends; with
segments put together, whatever follows a hole; and each takes some content for a message. The
heuristics, which find HTTP on any port as we do, see the first segment alone: the last way tells
tshark the ports. A file is compared with the way that comes closest.
"""
import argparse
import collections
import concurrent.futures
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
TSHARK = ["tshark", "-n", "-o", "http.decompress_body:FALSE",
          "-o", "tcp.reassemble_out_of_order:TRUE", "-o", "tcp.try_heuristic_first:TRUE",
          "--enable-heuristic", "http_tcp"]
WAYS = [{"http.desegment_body": "FALSE", "http.dechunk_body": "FALSE"},
        {"http.desegment_headers": "FALSE", "http.desegment_body": "FALSE",
         "http.dechunk_body": "FALSE"},
        {},
        {"tcp.desegment_tcp_streams": "FALSE"}]
AGREE = 0.99
SECONDS = 120


def run(argv):
    """Standard output; a peer that fails on a damaged file has still said what it read."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS,
                          check=False)
    return done.returncode, done.stdout


def messages_of_tshark(path, way, ports=()):
    preferences = [word for name in way for word in ("-o", f"{name}:{way[name]}")]
    for port in ports:
        preferences += ["-d", f"tcp.port=={port},http"]
    _, out = run([*TSHARK, *preferences, "-r", path, "-Y", "http && tcp", "-T", "fields", "-E",
                  "occurrence=a", "-E", "aggregator=,", "-e", "http.request.method", "-e",
                  "http.response.code"])
    found = collections.Counter()
    for line in out.decode("latin-1").splitlines():
        for field in line.split("\t"):
            found.update(word for word in field.split(",") if word)
    return found


def messages_of_ours(program, path):
    status, out = run([program, "-A", "-o", "ndjson", "-r", path])
    if status not in (0, 3):
        raise RuntimeError(f"await100 ended with status {status}")
    found, ports = collections.Counter(), set()
    for line in out.decode("utf-8").splitlines():
        record = json.loads(line)
        ports.add(record["connection"]["server_port"])
        if record["request"]:
            found[record["request"]["method"]] += 1
        found.update(str(i["status"]) for i in record["interim"])
        if record["response"]:
            found[str(record["response"]["status"])] += 1
    return found, ports


def distance(a, b):
    return sum(((a | b) - (a & b)).values())


def closest(ours, ports, path):
    best = None
    for way, told in [*((way, ()) for way in WAYS), (WAYS[0], sorted(ports))]:
        found = messages_of_tshark(path, way, told)
        if best is None or distance(ours, found) < distance(ours, best):
            best = found
        if best == ours:
            break
    return best


def difference(ours, theirs):
    """As text: what we have more (+) or less (-) of."""
    parts = []
    for word in sorted(set(ours) | set(theirs)):
        n = ours[word] - theirs[word]
        if n:
            parts.append(f"{n:+d} {word}")
    return ", ".join(parts)


# --- streams: (source, port, destination, port) -> list of byte strings ---

def end_of(text):
    """Of "10.0.0.1:80", "[::1]:80", or tcpflow's "010.000.000.001.00080"."""
    if ":" not in text:
        host, _, port = text.rpartition(".")
        return str(ipaddress.ip_address(".".join(str(int(x)) for x in host.split(".")))), int(port)
    host, _, port = text.rpartition(":")
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def streams_of_ours(program, path, folder):
    status, _ = run([program, "-o", "json", "-O", os.devnull, "--streams", folder, "-r", path])
    if status not in (0, 3):
        raise RuntimeError(f"await100 --streams ended with status {status}")
    found = collections.defaultdict(list)
    index = pathlib.Path(folder, "index.tsv")
    if not index.exists():
        return found
    for line in index.read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "connection")):
            continue
        _, client, server, direction, name, size, holes = line.split("\t")[:7]
        if holes != "-" or int(size) == 0:
            continue
        a, b = end_of(client), end_of(server)
        found[(*a, *b) if direction == "c" else (*b, *a)].append(pathlib.Path(folder, name).read_bytes())
    return found


def streams_of_tcpflow(path, folder):
    run(["tcpflow", "-r", path, "-o", folder])
    found = collections.defaultdict(list)
    name = re.compile(r"((?:\d{3}\.){4}\d{5})-((?:\d{3}\.){4}\d{5})(?:--\w+)?(?:c\d+)?$")
    for file in sorted(pathlib.Path(folder).iterdir()):
        hit = name.match(file.name)
        if hit:
            found[(*end_of(hit[1]), *end_of(hit[2]))].append(file.read_bytes())
    return found


def streams_of_tshark(path):
    _, out = run(["tshark", "-n", "-r", path, "-Y", "tcp", "-T", "fields", "-e", "tcp.stream"])
    ids = sorted({int(x) for line in out.decode().split() for x in line.split(",")})
    found = collections.defaultdict(list)
    for at in range(0, len(ids), 50):
        argv = ["tshark", "-n", "-q", "-o", "tcp.reassemble_out_of_order:TRUE", "-r", path]
        for i in ids[at:at + 50]:
            argv += ["-z", f"follow,tcp,raw,{i}"]
        _, out = run(argv)
        ends, data = [], {}
        for line in out.decode("latin-1").splitlines():
            if line.startswith("Node "):
                if line.endswith(" :0"):  # a stream that tshark cannot follow
                    continue
                node = end_of(line.split(" ", 2)[2])
                ends = [node] if len(ends) != 1 else [ends[0], node]
                data = {False: [], True: []}
            elif line.startswith("=") and len(ends) == 2 and data:
                for back in data:
                    a, b = (ends[1], ends[0]) if back else (ends[0], ends[1])
                    if data[back]:
                        found[(*a, *b)].append(b"".join(data[back]))
                ends, data = [], {}
            elif len(ends) == 2 and re.fullmatch(r"\t?[0-9a-f]+", line):
                data[line.startswith("\t")].append(bytes.fromhex(line.strip()))
    return found


def unequal(ours, theirs):
    """Our directions that the peer does not have with the same bytes."""
    left = collections.defaultdict(list)
    for key, ours_here in ours.items():
        pool = list(theirs.get(key, []))
        for data in ours_here:
            if data in pool:
                pool.remove(data)
            else:
                left[key].append(data)
    return left


def check(job):
    program, corpus, name = job
    path = os.path.join(corpus, name)
    result = {"file": name, "messages": "", "streams": "", "count": 0, "off": 0, "directions": 0,
              "error": ""}
    try:
        ours, ports = messages_of_ours(program, path)
        theirs = closest(ours, ports, path)
        result["messages"] = difference(ours, theirs)
        result["count"] = sum((ours | theirs).values())
        result["off"] = distance(ours, theirs)
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            streams = streams_of_ours(program, path, a)
            result["directions"] = sum(map(len, streams.values()))
            left = unequal(streams, streams_of_tcpflow(path, b))
            if left:
                left = unequal(left, streams_of_tshark(path))
            n = sum(map(len, left.values()))
            result["streams"] = f"{n} of {result['directions']}" if n else ""
    except (RuntimeError, subprocess.TimeoutExpired, ValueError, KeyError) as e:
        result["error"] = f"{type(e).__name__}: {e}"
    return result


def read_reviewed():
    known, joined = {}, set()
    for line in (HERE / "reviewed.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, file, diff, reason = line.split("\t")
            if kind == "joined":
                joined.add(file)
            known["messages" if kind == "joined" else kind, file] = (diff, reason)
    return known, joined


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--propose", action="store_true")
    options.add_argument("--program", default="./await100")
    options.add_argument("files", nargs="*")
    args = options.parse_args()
    corpus = os.environ["AWAIT100_CORPUS"]
    files = args.files or sorted(
        str(f.relative_to(corpus)) for f in pathlib.Path(corpus).rglob("*")
        if f.is_file() and f.name not in ("MANIFEST.tsv", "README.md"))
    program = os.path.abspath(args.program)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        results = list(pool.map(check, [(program, corpus, f) for f in files]))
    known, joined = read_reviewed()
    failures, proposal = [], []
    for r in results:
        if r["error"]:
            failures.append(f"{r['file']}: {r['error']}")
        for kind in ("messages", "streams"):
            diff, reason = known.get((kind, r["file"]), ("", ""))
            if r[kind]:
                listed = "joined" if kind == "messages" and r["file"] in joined else kind
                proposal.append("\t".join((listed, r["file"], r[kind], reason or "?")))
            if r[kind] and not diff:
                failures.append(f"{r['file']}: {kind} differ, not reviewed: {r[kind]}")
            elif r[kind] != diff:
                failures.append(f"{r['file']}: {kind} differ otherwise than reviewed: "
                                f"'{r[kind]}', listed is '{diff}'")
            elif diff and reason in ("", "?"):
                failures.append(f"{r['file']}: {kind} listed without a reason")
    if not args.files:
        for kind, file in sorted(known.keys() - {(k, f) for k in ("messages", "streams") for f in files}):
            failures.append(f"{file}: {kind} listed, and there is no such file")
    count = sum(r["count"] for r in results)
    off = sum(r["off"] for r in results if r["file"] not in joined)
    agree = 1 - off / count if count else 1
    if args.propose:
        print("\n".join(proposal))
        return 0
    if agree < AGREE and not args.files:  # of chosen files any share may differ
        failures.append(f"only {agree:.2%} of messages agree, {AGREE:.0%} is the least")
    for line in failures:
        print("FAIL", line)
    print(f"differential: {len(files)} files, {count} messages, {agree:.2%} agree with tshark; "
          f"{sum(r['directions'] for r in results)} directions without holes against tcpflow and "
          f"tshark; {len(proposal)} reviewed differences; {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
