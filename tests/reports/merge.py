#!/usr/bin/env python3
"""What --merge makes of real summaries and records.

  merge.py PROGRAM CAPTURE...

A summary merged alone is itself, byte for byte. Thirty captures, some as summaries and some as
records, give the same bytes in any order and grouping, in every format that can be merged, and a
document of the schema. Records merged have the figures of their run's summary, but
for the names of products that a record does not tell.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)
import jsonschema  # noqa: E402

program, captures = os.path.abspath(sys.argv[1]), sys.argv[2:]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIGURES = ("by_severity", "causes", "clients", "latency_ms")
checks = 0


def run(*args):
    done = subprocess.run([program, *args], capture_output=True)
    if done.returncode:
        sys.exit("merge: %s: status %d: %s" % (args, done.returncode, done.stderr.decode()))
    return done.stdout


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit("merge: " + what)


def without_products(groups):
    return [{k: v for k, v in g.items() if k != "product"} for g in groups]


def in_groups(rng, files, folder):
    """Merges lots of them, and what comes of that."""
    pile, made = files[:], 0
    while len(pile) > 1:
        rng.shuffle(pile)
        lot = rng.randint(2, min(8, len(pile)))
        made += 1
        path = os.path.join(folder, "lot%d.json" % made)
        run("-o", "json", "-O", path, "--merge", *pile[:lot])
        pile = pile[lot:] + [path]
    with open(pile[0], "rb") as f:
        return f.read()


with tempfile.TemporaryDirectory() as folder:
    summaries = []
    for i, capture in enumerate(captures):
        summary, records = (os.path.join(folder, "%d.%s" % (i, end)) for end in ("json", "ndjson"))
        for form, path in (("json", summary), ("ndjson", records)):
            subprocess.run([program, "-r", capture, "-o", form, "-O", path], capture_output=True)
        with open(summary, "rb") as f:
            text = f.read()
        check(run("-o", "json", "--merge", summary) == text, capture + ": alone it is another")
        told, of_records = json.loads(text), json.loads(run("-o", "json", "--merge", records))
        for part in FIGURES:
            check(told[part] == of_records[part], "%s: %s of records differ" % (capture, part))
        check(without_products(told["servers"]) == without_products(of_records["servers"]),
              capture + ": servers of records differ")
        summaries.append(summary)

    rng = random.Random(100)
    thirty = [rng.choice((path, path[:-4] + "ndjson"))
              for path in rng.sample(summaries, min(30, len(summaries)))]
    want = run("-o", "json", "--merge", *thirty)
    for_people = {form: run("-o", form, "--merge", *thirty) for form in ("text", "html", "md")}
    with open(os.path.join(ROOT, "src/dist/schema/summary.schema.json")) as f:
        jsonschema.validate(json.loads(want), json.load(f))
    for trial in range(10):
        rng.shuffle(thirty)
        check(run("-o", "json", "--merge", *thirty) == want, "another order, another result")
        for form, text in for_people.items():
            check(run("-o", form, "--merge", *thirty) == text, "another order, another " + form)
        check(in_groups(rng, thirty, folder) == want, "another grouping, another result")

    # Compared with itself nothing changed, whatever form it has; with another, by the schema.
    whole = os.path.join(folder, "whole.json")
    run("-o", "json", "-O", whole, "--merge", *thirty)
    with open(os.path.join(ROOT, "src/dist/schema/comparison.schema.json")) as f:
        schema = json.load(f)
    busy = [c for c in captures if "busy-failures" in c][0]
    records = os.path.join(folder, "%d.ndjson" % captures.index(busy))
    of_records = os.path.join(folder, "%d.json" % captures.index(busy))
    for before, after, worse in ((whole, whole, False), (records, of_records, False),
                                 (of_records, records, False),
                                 (os.path.join(folder, "%d.json" % captures.index(
                                     [c for c in captures if "/nginx-continued.pcap" in c][0])),
                                  records, True)):
        done = subprocess.run([program, "-o", "json", "--compare", before, after],
                              capture_output=True)
        told = json.loads(done.stdout)
        jsonschema.validate(told, schema)
        check((done.returncode, told["worse"]) == (int(worse), worse), "compared: %r" % told)

    # What is wrong is named by file and line, the rest is reported, and the status says so.
    bad = os.path.join(folder, "bad.ndjson")
    with open(bad, "wb") as f, open(os.path.join(folder, "0.ndjson"), "rb") as good:
        line = good.readline()
        f.write(line + b'\n{"schema":"await100/1","id":"\\u001b[2J"}\n' + line)
    done = subprocess.run([program, "-o", "json", "--merge", bad, thirty[0]], capture_output=True)
    check(done.returncode == 3, "damage has status %d" % done.returncode)
    check(done.stderr.startswith(("await100: --merge: %s: line 3: " % bad).encode()),
          "damage is told as %r" % done.stderr)
    check(json.loads(done.stdout)["input"]["damaged_inputs"] == 1, "damage is not in the report")

print("merge: %d checks, 0 failed" % checks)
