#!/usr/bin/env python3
"""Every format against every other, and against its schema, over captures.

  agree.py PROGRAM CAPTURE...

One model is behind all reports, so that their figures must be equal: to the nanosecond and the byte
where a format has them, to the last digit shown where it is for people. The JSON document and the
records are validated against src/dist/schema, HAR against the schema of the package node-har-schema
where that is installed.
"""
import collections
import csv
import glob
import html.parser
import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import warnings
from decimal import Decimal

warnings.filterwarnings("ignore", category=DeprecationWarning)
import jsonschema  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HAR_SCHEMAS = "/usr/share/nodejs/har-schema/lib"
FORMATS = ["text", "json", "ndjson", "csv", "html", "md", "har"]
FAILING = ("warning", "error")


def ns(ms):
    """Milliseconds of a document as whole nanoseconds."""
    return 0 if ms in (None, "") else int((Decimal(str(ms)) * 1000000).to_integral_value())


def span(v):
    """A time as the reports for people write it."""
    if v < 10**9:
        return "%.3f ms" % (v / 1e6)
    s = v / 1e6 / 1000
    if s < 100:
        return "%.3f s" % s
    return "%.1f s" % s if s < 3600 else "%.1f h" % (s / 3600)


def size(v):
    units = ["B", "kB", "MB", "GB"]
    v, i = float(v), 0
    while v >= 999.95 and i < 3:
        v, i = v / 1000, i + 1
    return ("%.1f %s" if i else "%.0f %s") % (v, units[i])


def shown(causes):
    """Exact figures by (cause, severity) as the formats for people show them."""
    return {k: (n, span(stall) if stall else "-", size(wasted) if wasted else "-")
            for k, (n, stall, wasted) in causes.items()}


def add(causes, key, stall, wasted):
    n, s, w = causes.get(key, (0, 0, 0))
    causes[key] = (n + 1, s + stall, w + wasted)


# --- what each format says: {(cause, severity): (count, stall, wasted)} ---

def of_json(text):
    return {(c["cause"], c["severity"]): (c["count"], ns(c["stall_ms"]), c["wasted_bytes"])
            for c in json.loads(text)["causes"]}


def of_ndjson(text):
    causes = {}
    for line in text.splitlines():
        r = json.loads(line, parse_float=Decimal)
        v = r["verdict"]
        if v:
            add(causes, (v["cause"], v["severity"]), ns(r["cost"]["stall_ms"]),
                r["cost"]["wasted_bytes"] or 0)
    return causes


def of_csv(text):
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    for row in rows:
        assert len(row) == len(rows[0]), "a row of %d columns" % len(row)
        for cell in row:
            number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
            assert number or not re.match(r"\s*[=+\-@|%]", cell), "a formula: %r" % cell
            assert cell.isprintable(), "a cell that is not printable: %r" % cell
    assert not text or text.count("\n") == text.count("\r\n"), "a line that does not end in CRLF"
    causes = {}
    for r in csv.DictReader(io.StringIO(text, newline="")):
        if r["verdict.cause"]:
            add(causes, (r["verdict.cause"], r["verdict.severity"]), ns(r["cost.stall_ms"]),
                int(r["cost.wasted_bytes"] or 0))
    return causes


def of_har(text):
    log = json.loads(text)["log"]
    causes = {}
    for e in log["entries"]:
        t = e["timings"]
        assert min(t["send"], t["wait"], t["receive"]) >= 0, "a negative phase"
        assert abs(t["send"] + t["wait"] + t["receive"] - e["time"]) < 1e-3, "phases do not add up"
        v = e["_verdict"]
        if v:
            add(causes, (v["cause"], v["severity"]), ns(v["stall_ms"]), v["wasted_bytes"])
    told = {(c["cause"], c["severity"]): (c["count"], ns(c["stall_ms"]), c["wasted_bytes"])
            for c in log["_summary"]["causes"]}
    assert told == causes, "the entries and _summary differ"
    return causes


class Tables(html.parser.HTMLParser):
    """Cells of the tables with an id, and every element and attribute of the page."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.table, self.cell = collections.defaultdict(list), None, None
        self.elements, self.attributes = collections.Counter(), set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        a = dict(attrs)
        if tag == "table":
            self.table = a.get("id")
        elif tag == "tr":
            self.tables[self.table].append([])
        elif tag == "td":
            self.cell = [a.get("data-v"), ""]
            self.tables[self.table][-1].append(self.cell)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell[1] += data

    def handle_endtag(self, tag):
        if tag == "td":
            self.cell = None


KNOWN_ELEMENTS = set(
    "html head meta link title style body main header div h1 h2 h3 h4 p code b span table thead tr "
    "th tbody td a br svg rect text line path figure figcaption article ul li details summary pre "
    "dl dt dd footer script".split())


def of_html(text):
    t = Tables(text)
    assert set(t.elements) <= KNOWN_ELEMENTS, set(t.elements) - KNOWN_ELEMENTS
    # SVG has titles too: those inside a rect. Scripts and styles there is one of each.
    assert t.elements["script"] == 1 and t.elements["style"] == 1 and t.elements["link"] == 1
    assert not [a for a in t.attributes if a.startswith("on") or a in ("style", "src")]
    causes, pretty = {}, {}
    for row in t.tables["causes"][1:]:
        cells = [row[0][0], row[1][1]] + [c[0] for c in (row[2], row[4], row[5])]
        causes[cells[0], cells[1]] = tuple(int(c) for c in cells[2:])
        pretty[cells[0], cells[1]] = (int(row[2][1]), row[4][1], row[5][1])
    assert pretty == shown(causes), "the page shows other figures than it sorts by"
    return causes


def of_md(text):
    causes = {}
    part = text.partition("\n### Causes\n")[2].partition("\n### ")[0]
    for line in part.splitlines():
        if line.startswith("| `"):
            c = [cell.strip() for cell in line.split("|")[1:-1]]
            causes[c[0].split("`")[1], c[1]] = (int(c[2]), c[4], c[5])
    return causes


def of_text(text):
    causes = {}
    part = text.partition("\nCAUSE ")[2].partition("\n\n")[0]
    for line in part.splitlines()[1:]:
        causes[line[:26].strip(), line[26:35].strip()] = (
            int(line[35:45]), line[53:67].strip(), line[67:].strip())
    return causes


def sentence(fmt, out):
    """The verdict on the run as a format words it."""
    if fmt == "text":
        lines = out.split("\n")
        end = next(i for i, line in enumerate(lines) if not line or line[:5] in ("Next:", "Warni"))
        return " ".join(lines[:end])
    if fmt == "md":
        return re.sub(r"\\(.)", r"\1", out.split("**")[1])
    if fmt == "html":
        return html.unescape(re.search(r'<p class="lead">(.*?)</p>', out).group(1))
    return json.loads(out)["log"]["comment"]


def groups_agree(name, summary, page, markdown):
    for group, of in (("servers", "Server"), ("clients", "Client")):
        want = [(g["exchanges"], g["failing"], ns(g["stall_ms"]), g["wasted_bytes"])
                for g in summary[group]]
        rows = [tuple(int(c[0]) for c in row[1:]) for row in page.tables[group][1:]]
        assert rows == want[:200], "%s: %s of the page" % (name, group)
        part = markdown.partition("\n### %ss\n" % of)[2].partition("\n### ")[0]
        rows = [[c.strip() for c in line.split("|")[2:-1]]
                for line in part.splitlines() if line.startswith("| `")]
        assert rows == [[str(e), str(f), span(s) if s else "-", size(w) if w else "-"]
                        for e, f, s, w in want[:10]], "%s: %s of the Markdown" % (name, group)


# --- schemas ---

def validator(path):
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema), schema


def har_validator():
    """The schemas of the package name each other by $id; a store resolves them offline."""
    store = {}
    for path in glob.glob(HAR_SCHEMAS + "/*.json"):
        with open(path, encoding="utf-8") as f:
            schema = json.load(f)
        store[schema["$id"]] = schema
    if "har.json#" not in store:
        return None
    by_name = {k.rstrip("#"): v for k, v in store.items()}
    resolver = jsonschema.RefResolver("har.json", by_name["har.json"], store={**store, **by_name})
    return jsonschema.Draft7Validator(by_name["har.json"], resolver=resolver,
                                      format_checker=jsonschema.FormatChecker())


def check_enums(schemas):
    with open(ROOT + "/include/await100/causes.def", encoding="utf-8") as f:
        causes = re.findall(r'^AW_CAUSE\(\w+, "([^"]+)"', f.read(), re.M)
    for schema in schemas:
        assert schema["$defs"]["cause"]["enum"] == causes, "a schema lists other causes"


# --- the run ---

def check(program, captures, validators):
    out = {}
    inputs = [word for capture in captures for word in ("-r", capture)]
    for fmt in FORMATS:
        run = subprocess.run([program, *inputs, "-o", fmt], capture_output=True, timeout=120)
        assert run.returncode in (0, 3), "%s: exit status %d" % (fmt, run.returncode)
        out[fmt] = run.stdout.decode("utf-8")
    summary = json.loads(out["json"])
    record, document, har = validators
    document.validate(summary)
    for line in out["ndjson"].splitlines():
        record.validate(json.loads(line))
    if har:
        har.validate(json.loads(out["har"]))

    causes = of_json(out["json"])
    for fmt, read in (("ndjson", of_ndjson), ("csv", of_csv), ("har", of_har), ("html", of_html)):
        assert read(out[fmt]) == causes, "%s has other causes than the JSON document" % fmt
    for fmt, read in (("md", of_md), ("text", of_text)):
        assert read(out[fmt]) == shown(causes), "%s has other causes than the JSON document" % fmt
    counts = [sum(n for n, _, _ in causes.values()),
              sum(n for (_, sev), (n, _, _) in causes.items() if sev in FAILING)]
    assert counts == [summary["exchanges"]["expectation"], summary["exchanges"]["failing"]]
    assert len({sentence(fmt, out[fmt]) for fmt in ("text", "md", "html", "har")}) == 1
    groups_agree(captures[0], summary, Tables(out["html"]), out["md"])
    for fmt in ("html", "md"):
        drawn = len(re.findall(r"<article " if fmt == "html" else r"(?m)^#### [0-9]", out[fmt]))
        assert (drawn > 0) == (counts[1] > 0), "%s draws %d of %d" % (fmt, drawn, counts[1])
    return counts


def left_aside(path):
    """A capture of packets that are not analysed: ARP, UDP, headers that end too soon."""
    ether = b"\x02" * 12
    ip = bytes.fromhex("4500001c000100004011000020000001200000020035003500080000")
    packets = [ether + b"\x08\x06" + bytes(28), ether + b"\x08\x00" + ip,
               ether + b"\x08\x00" + ip, ether + b"\x08\x00\x45", b"\x02"]
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, packet in enumerate(packets):
            f.write(struct.pack("<IIII", i, 0, len(packet), len(packet)) + packet)


def verbose_agrees(program, inputs):
    """What -v says on standard error is what the JSON document says of packets and messages."""
    kinds = 0
    for words in ([], ["tcp port 80 or udp or arp"], ["tcp port 80"]):
        run = subprocess.run([program, "-v", *inputs, "-o", "json", *words], capture_output=True,
                             timeout=120)
        summary, told = json.loads(run.stdout), run.stderr.decode("utf-8")
        total = re.search(r"(\d+) packets, (\d+) TCP segments; not analysed:", told)
        assert total, "-v says nothing"
        assert [int(n) for n in total.groups()] == [summary["input"]["packets"],
                                                    summary["input"]["segments"]]
        lost = {slug: int(n) for n, slug in re.findall(r"(?m)^ +(\d+)  ([a-z0-9-]+): ", told)}
        filtered = lost.pop("filtered", 0)
        assert lost == summary["input"]["not_followed"], "-v has other drops: %s" % told
        assert filtered == summary["input"]["filtered"], "-v has other packets filtered"
        unread = [int(n) for n in re.findall(r"(?m)^ +(\d+)  messages not read: ", told)]
        assert sorted(unread) == sorted(summary["exchanges"]["unparsed_by_reason"].values())
        kinds += (len(lost) > 2) + (filtered > 0) + (len(unread) > 0)
    return kinds


def main():
    program, captures = sys.argv[1], sys.argv[2:]
    record, record_schema = validator(ROOT + "/src/dist/schema/record.schema.json")
    document, summary_schema = validator(ROOT + "/src/dist/schema/summary.schema.json")
    har = har_validator()
    if not har:
        print("reports: node-har-schema is not installed: HAR is checked by our own rules alone")
    check_enums([record_schema, summary_schema])
    failed, exchanges, failing = 0, 0, 0
    for inputs in [[capture] for capture in captures] + [captures]:  # and all of them as one
        try:
            counts = check(program, inputs, (record, document, har))
            if len(inputs) == 1:
                exchanges, failing = exchanges + counts[0], failing + counts[1]
        except (AssertionError, jsonschema.ValidationError, ValueError, KeyError) as e:
            print("FAILED %s: %s: %s" % (" ".join(inputs)[:120], type(e).__name__, str(e)[:600]))
            failed += 1
    with tempfile.TemporaryDirectory() as folder:
        left_aside(folder + "/aside.pcap")
        captures.append(folder + "/aside.pcap")
        if verbose_agrees(program, [word for c in captures for word in ("-r", c)]) < 4:
            print("FAILED -v: too little was left aside for a comparison")
            failed += 1
    print("reports: %d captures in %d formats: %d exchanges, %d failing; %d captures disagree"
          % (len(captures), len(FORMATS), exchanges, failing, failed))
    return 1 if failed or not captures else 0


sys.exit(main())
