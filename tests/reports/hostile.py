"""Bad strings in every place of a message, of file names and of arguments, through everything that
the program writes: each report, --align, --compare, --merge, --bundle, --streams, --metrics,
--explain, -w, and what it says on standard error. What comes out is looked at as its reader would.
(tests/sink/hostile_test.c does so for each text of a record, and for the screens of the dashboard.)
  hostile.py PROGRAM"""
import csv
import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from html.parser import HTMLParser

program = os.path.abspath(sys.argv[1])
ALONE = ["-N", "--no-config"]
failed = 0


def fail(what, why):
    global failed
    failed += 1
    if failed <= 40:
        print(f"hostile: {what}: {why}")


# --- what is bad ---

BAD = [
    b"\x1b[31mzz\x1b]0;zz\x07", b"\xc2\x9b31mzz\xc2\x85", b"\x9b31mzz", b"zz\x08\x08\x7f\x0b\x0c",
    b"=zz|' /C calc'!A0", b"+zz", b"-zz+1", b"@zz", b"a\",=zz,\"b",
    b"<zz src=x onerror=zz()>", b"</script><zz>", b"\"zz=\" 'zz='", b"--><zz>]]><zz>", b"&#60;zz",
    b"[zz](zz:zz) ![zz](zz:zz)", b"|zz`|``<zz>`", b"zz\xe2\x80\xa8zz\xe2\x80\xa9",
    b"\xe2\x80\xaezz\xe2\x81\xa6", b"\xff\xfe\xc3(zz\xe2\x82", b"../../zz", b"/etc/zz", b"%n%s%szz",
    b"zz\x00zz", b"zz" + b"A" * 3000,
]
FIELDS = ["method", "target", "host", "agent", "expect", "via", "forwarded", "id", "hint", "reason",
          "server", "via2", "location", "squid", "cache", "powered", "page"]


def message(field, bad):
    v = {f: b"x" for f in FIELDS}
    v.update(method=b"PUT", target=b"/up", expect=b"100-continue", reason=b"Expectation Failed")
    v[field] = bad
    if field in ("method", "target"):  # no token ends at a space
        v[field] = bad.replace(b" ", b"_").replace(b"\t", b"_")
        if field == "target":
            v[field] = b"/" + v[field]
    expect = v["expect"] if field != "expect" else b"100-continue, " + bad
    head = (b"%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nExpect: %s\r\nVia: 1.1 %s\r\n"
            b"X-Forwarded-For: %s\r\nX-Request-Id: %s\r\nSOAPAction: %s\r\nContent-Length: 5\r\n\r\n"
            % (v["method"], v["target"], v["host"], v["agent"], expect, v["via"], v["forwarded"],
               v["id"], v["hint"]))
    page = v["page"]
    answer = (b"HTTP/1.1 417 %s\r\nServer: %s\r\nVia: 1.1 %s\r\nLocation: %s\r\nX-Squid-Error: %s\r\n"
              b"X-Cache: %s\r\nX-Powered-By: %s\r\nContent-Length: %d\r\n\r\n%s"
              % (v["reason"], v["server"], v["via2"], v["location"], v["squid"], v["cache"],
                 v["powered"], len(page), page))
    return head, answer


def segment(n, back, seq, ack, flags, data):
    client, server = (0x0a000001 + n, 40000 + n % 20000), (0x0a010001, 80)
    (src, sport), (dst, dport) = (server, client) if back else (client, server)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 60000, 0, 0) + data
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, src, dst)
    return b"\0" * 12 + b"\x08\x00" + ip + tcp


def capture(path):
    out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    us, n = 0, 0

    def put(frame):
        nonlocal us
        us += 200
        out.append(struct.pack("<IIII", 1767323045, us, len(frame), len(frame)) + frame)

    for field in FIELDS:
        for bad in BAD:
            head, answer = message(field, bad)
            n += 1
            put(segment(n, 0, 1000, 0, 2, b""))
            put(segment(n, 1, 5000, 1001, 0x12, b""))
            seq, ack = 1001, 5001
            for i in range(0, len(head), 1400):
                put(segment(n, 0, seq, ack, 0x18, head[i:i + 1400]))
                seq += len(head[i:i + 1400])
            for i in range(0, len(answer), 1400):
                put(segment(n, 1, ack, seq, 0x18, answer[i:i + 1400]))
                ack += len(answer[i:i + 1400])
            put(segment(n, 1, ack, seq, 0x11, b""))
            put(segment(n, 0, seq, ack + 1, 0x11, b""))
    with open(path, "wb") as f:
        f.write(b"".join(out))
    return n


# --- what comes out, as its reader sees it ---

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(what, raw):
    """Text for a terminal: UTF-8 without anything that acts."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as e:
        fail(what, f"no UTF-8: {raw[max(0, e.start - 40):e.start + 10]!r}")
        return ""
    found = CONTROL.search(text)
    if found:
        fail(what, f"control character: {text[max(0, found.start() - 60):found.end() + 20]!r}")
    return text


def as_json(what, raw):
    text = plain(what, raw)
    try:
        return json.loads(text)
    except ValueError as e:
        fail(what, f"no JSON: {e}")
        return {}


def as_ndjson(what, raw):
    return [as_json(f"{what}, line {i + 1}", line) for i, line in enumerate(raw.splitlines())]


def as_csv(what, raw):
    text = plain(what, raw.replace(b"\r\n", b"\n"))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for row in rows:
        if len(row) != len(rows[0]):
            fail(what, f"a row of {len(row)} cells among {len(rows[0])}: {row!r}"[:300])
        for cell in row:
            if re.match(r"\s*[=+@]|\s*-(?![0-9.]+$)", cell):
                fail(what, f"formula: {cell[:100]!r}")
    return rows


class Tags(HTMLParser):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def handle_starttag(self, tag, attrs):
        if tag == "zz" or any("zz" in k or (k.startswith("on") and "zz" in (v or ""))
                              for k, v in attrs):
            fail(self.what, f"<{tag}> {attrs!r}"[:300])


def as_html(what, raw):
    Tags(what).feed(plain(what, raw))


def as_markdown(what, raw):
    text = plain(what, raw)
    for line in text.splitlines():
        if re.match(r"\s*(#+|[-*+>]) *zz", line):
            fail(what, f"block: {line[:200]!r}")
        bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)  # code spans
        if re.search(r"(?<!\\)<zz|(?<!\\)\]\(zz:", bare):
            fail(what, f"acts: {line[:300]!r}")


def as_prometheus(what, raw):
    text = plain(what, raw)
    for line in text.splitlines():
        if not re.match(r'#|[a-z_0-9]+({([a-z_]+="([^"\\\n]|\\["\\n])*",?)*})? [-+0-9.eE]+(NaN)?$', line):
            fail(what, f"line: {line[:200]!r}")


def run(args, status=(0, 1), stdin=None, cwd=None, what=None):
    what = what or " ".join(a if a.isprintable() else ascii(a) for a in args)[:120]
    done = subprocess.run([program] + args, input=stdin, capture_output=True, cwd=cwd, check=False)
    if done.returncode not in status:
        fail(what, f"status {done.returncode}: {done.stderr[-300:]!r}")
    plain(what + " (stderr)", done.stderr)
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    count = capture("bad.pcap")

    # Every report.
    readers = {"text": plain, "json": as_json, "ndjson": as_ndjson, "csv": as_csv, "html": as_html,
               "md": as_markdown, "har": as_json}
    for secrets in ([], ["--show-secrets"]):
        for fmt, read in readers.items():
            raw = run(ALONE + ["-r", "bad.pcap", "-A", "-o", fmt] + secrets)
            got = read(fmt, raw)
            if fmt in ("ndjson", "html", "csv") and b"zz" not in raw:
                fail(fmt, "nothing bad in it at all: the test tests nothing")
            # Not every bad head is one, but by far the most are.
            if fmt == "ndjson" and len(got) < count * 9 // 10:
                fail(fmt, f"{len(got)} records of {count} connections")
    # Chosen, and asked for.
    for field in ("request.target", "request.host", "response.reason", "verdict.evidence"):
        plain(field, run(ALONE + ["-r", "bad.pcap", "-Y", f'{field} ~ "zz"', "-o", "text"]))

    # One report with another, and reports that are themselves hostile.
    for fmt in ("json", "ndjson"):
        run(ALONE + ["-r", "bad.pcap", "-A", "-o", fmt, "-O", f"a.{fmt}"])
    with open("a.json", "rb") as f:
        summary = f.read()
    with open("worse.json", "wb") as f:  # the same with other names in it
        f.write(re.sub(rb'"key":"[A-Za-z0-9]([^"]{0,60}")', rb'"key":"\\u001b[31m\\u009b\\u202e<zz>=\1',
                       summary))
    for inputs in (["a.json", "worse.json"], ["a.ndjson"], ["a.ndjson", "a.json"], ["worse.json"]):
        for fmt in ("text", "json", "html", "md", "csv"):
            status = (0, 2) if fmt == "csv" else (0, 1)
            readers[fmt](f"--merge {inputs} {fmt}",
                         run(["--merge"] + inputs + ["-o", fmt], status) or b"{}")
    for after in ("worse.json", "a.ndjson"):
        for fmt in ("text", "json", "md"):
            readers[fmt](f"--compare {after} {fmt}",
                         run(["--compare", "a.json", after, "-o", fmt], (0, 1, 2)) or b"{}")
    for fmt in ("text", "json", "md", "html"):
        readers[fmt](f"--align {fmt}",
                     run(["--align", "bad.pcap", "bad.pcap", "-o", fmt], (0, 1, 2)) or b"{}")

    # What lies in files: their names, too.
    run(ALONE + ["-r", "bad.pcap", "--bundle", "b.tar.gz", "--metrics", "m.prom", "-w", "w.pcap"])
    with open("m.prom", "rb") as f:
        as_prometheus("--metrics", f.read())
    names = subprocess.run(["tar", "-tzf", "b.tar.gz"], capture_output=True, check=True).stdout
    for name in names.decode().splitlines():
        if not re.fullmatch(r"[a-zA-Z0-9.-]+", name):
            fail("--bundle", f"a member named {name!r}")
    subprocess.run(["tar", "-xzf", "b.tar.gz"], check=True)
    for name in names.decode().splitlines():
        with open(name, "rb") as f:
            raw = f.read()
        if name.endswith(".txt") or name.endswith(".md"):
            plain(f"bundle: {name}", raw)
        elif name.endswith(".json"):
            as_json(f"bundle: {name}", raw)
        elif name.endswith(".ndjson"):
            as_ndjson(f"bundle: {name}", raw)
    os.mkdir("streams")
    run(ALONE + ["-r", "bad.pcap", "--streams", "streams", "-o", "json"])
    for name in os.listdir("streams"):
        if not re.fullmatch(r"[0-9]+-[cs]\.bin|index\.tsv", name):
            fail("--streams", f"a file named {name!r}")
    with open("streams/index.tsv", "rb") as f:
        plain("index.tsv", f.read())

    # Names of inputs and arguments, in reports and in complaints.
    for bad in BAD:
        if b"\0" in bad or len(bad) > 200:
            continue
        name = os.fsdecode(bad.replace(b"/", b"_") + b".pcap")
        os.symlink("bad.pcap", name)
        for fmt, read in readers.items():
            read(f"-r {name!r} -o {fmt}", run(["-N", "--no-config", "-o", fmt, "-r", "./" + name]))
        os.unlink(name)
        for args in (["-N", "-r", "./" + name], ["--explain", name], ["-Y", name, "-r", "bad.pcap"],
                     ["-r", "bad.pcap", "-N", name], ["-i", name, "-N", "-c", "1"],
                     ["--set", name, "-r", "bad.pcap"], ["--merge", "./" + name], ["-o", name],
                     ["--fail-on", name, "-r", "bad.pcap"], ["--from", name, "-r", "bad.pcap"],
                     ["-r", "bad.pcap", "-N", "-O", "/nowhere/" + name], ["--" + name],
                     ["-r", "bad.pcap", "-N", "-Z", name], ["--memory", name, "-r", "bad.pcap"],
                     ["--compare", "./" + name, "a.json"], ["--align", "bad.pcap", "./" + name]):
            if args[0] != "-i":
                args = ["--no-config"] + args
            plain(str(args), run(args, (0, 1, 2, 3, 4), what=ascii(args)[:160]))
print(f"hostile: {count} connections of {len(BAD)} bad strings in {len(FIELDS)} places, "
      f"{'passed' if not failed else f'{failed} FAILED'}")
sys.exit(failed != 0)
