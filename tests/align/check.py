#!/usr/bin/env python3
"""--align on a pair that was recorded at both ends at once, and on pairs made from one capture: the
client's as it was recorded, the server's with each packet moved by its time on the way, and by what
the server's clock is ahead.

check.py PROGRAM"""
import json, os, struct, subprocess, sys, tempfile

PROGRAM = os.path.abspath(sys.argv[1])
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
FIN, SYN, RST, ACK = 1, 2, 4, 16


def read(path):
    """Packets of a little-endian pcap, of Ethernet or raw IP, as (ns, frame in Ethernet)."""
    data = open(path, "rb").read()
    nano = data[:4] == b"\x4d\x3c\xb2\xa1"
    assert nano or data[:4] == b"\xd4\xc3\xb2\xa1"
    ethernet = struct.unpack("<I", data[20:24])[0] == 1
    out, at = [], 24
    while at < len(data):
        sec, frac, cap, wire = struct.unpack("<IIII", data[at:at + 16])
        assert cap == wire
        frame = (b"" if ethernet else bytes(12) + b"\x08\0") + data[at + 16:at + 16 + cap]
        out.append((sec * 10**9 + frac * (1 if nano else 1000), frame))
        at += 16 + cap
    return out


def write(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for ns, frame in sorted(packets, key=lambda p: p[0]):
            f.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)


def tcp(frame):
    """(source port, header's place, payload's place, flags)"""
    at = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack(">H", frame[16:18])[0]
    return struct.unpack(">H", frame[at:at + 2])[0], at, at + (frame[at + 12] >> 4) * 4, frame[at + 13], end


def split(frame):
    """One segment as two, as the sender's hardware cuts it; checksums are left wrong."""
    _, at, head, _, end = tcp(frame)
    half = (end - head) // 2
    seq = struct.unpack(">I", frame[at + 4:at + 8])[0]
    def piece(frm, to, seq):
        b = bytearray(frame[:head] + frame[frm:to])
        b[16:18] = struct.pack(">H", len(b) - 14)
        b[at + 4:at + 8] = struct.pack(">I", seq & 0xFFFFFFFF)
        return bytes(b)
    return [piece(head, head + half, seq), piece(head + half, end, seq + half)]


def make(capture, ahead=0, up=20, down=20, slow=(), lose=(), cut=False, drift=0, again=(), lose_again=()):
    """Both files' packets; times in ms; slow: {number: ms}; lose: numbers that did not arrive;
    again: {number: ms}, sent once more so much later, the same in every byte."""
    client, server = [], []
    packets = read(capture)
    first = packets[0][0]
    port = next(tcp(f)[0] for _, f in packets if tcp(f)[3] & (SYN | ACK) == SYN)
    sent = [(no, no in lose, ns, frame) for no, (ns, frame) in enumerate(packets, 1)]
    sent += [(no, no in lose_again, packets[no - 1][0] + ms * 10**6, packets[no - 1][1]) for no, ms in dict(again).items()]
    for no, lost, ns, frame in sent:
        sport, _, head, flags, end = tcp(frame)
        to_server = sport == port
        way = int((up if to_server else -down) * 10**6)
        held = int(dict(slow).get(no, 0) * 10**6)
        there = ns + way + (held if to_server else -held)
        there += int(ahead * 10**6 + (there - first) * drift)
        if to_server or not lost:
            client.append((ns, frame))
        if not to_server or not lost:
            if cut and to_server and end - head > 2000:
                server.extend((there + i, f) for i, f in enumerate(split(frame)))
            else:
                server.append((there, frame))
    return client, server


passed = failed = 0


def check(name, good, what=""):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"align: FAILED {name}: {what}")


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, check=False)


def align(name, folder, pair):
    paths = [os.path.join(folder, n) for n in ("client.pcap", "server.pcap")]
    for path, packets in zip(paths, pair):
        write(path, packets)
    got = run("--align", *paths, "-o", "json")
    check(name + ": exit status", got.returncode == 0, got.stderr)
    text = run("--align", *paths)
    check(name + ": text", text.returncode == 0 and "MORE THAN THE LEAST" in text.stdout, text.stderr)
    check(name + ": 80 columns", all(len(l) <= 80 for l in text.stdout.replace(folder, "").splitlines()), text.stdout)
    return json.loads(got.stdout), text.stdout


def near(a, b, by=0.01):
    return a is not None and abs(a - b) <= by


def rounded(v):
    """Times to a tenth of a microsecond: halves of an odd number of ns fall either way."""
    if isinstance(v, dict):
        return {k: rounded(w) for k, w in v.items()}
    if isinstance(v, list):
        return [rounded(w) for w in v]
    return round(v, 4) if isinstance(v, float) else v


with tempfile.TemporaryDirectory() as folder:
    far = "pcaps/far-crossed.pcap"
    count = len(read(far))
    for ahead in (0, 5123.25, -86400000, 0.001):
        r, text = align(f"ahead by {ahead}", folder, make(far, ahead=ahead))
        name = f"ahead by {ahead}"
        check(name + ": offset", near(r["clock"]["server_ahead_ms"], ahead), r["clock"])
        check(name + ": uncertainty", near(r["clock"]["uncertain_ms"], 20), r["clock"])
        check(name + ": all shared", r["shared"] == count, r["shared"])
        check(name + ": nothing lost", [(w["lost"], w["lost_acks"], w["not_seen_sent"]) for w in r["ways"]] == [(0, 0, 0)] * 2, r["ways"])
        x = r["exchanges"]
        check(name + ": one exchange", len(x) == 1 and x[0]["client"] and x[0]["server"], x)
        check(name + ": ways", near(x[0]["request"]["way_ms"], 20) and near(x[0]["continue"]["way_ms"], 20), x)
    check("words for behind", "behind" in align("behind", folder, make(far, ahead=-9000))[1])

    r, _ = align("unlike ways", folder, make(far, ahead=77, up=10, down=30))
    off = abs(r["clock"]["server_ahead_ms"] - 77)
    check("unlike ways: within the uncertainty", near(off, 10) and off <= r["clock"]["uncertain_ms"], r["clock"])

    # Sent again alike: what arrived was the last that had been sent by then, and no other.
    port = next(tcp(f)[0] for _, f in read(far) if tcp(f)[3] & (SYN | ACK) == SYN)
    for way in (0, 1):
        no = next(n for n, (_, f) in enumerate(read(far), 1)
                  if (tcp(f)[0] == port) == (way == 0) and tcp(f)[4] > tcp(f)[2])
        for what, more, lost in (("the first one lost", {"lose": {no}}, 1),
                                 ("the second one lost", {"lose_again": {no}}, 1),
                                 ("both arrive", {}, 0), ("neither arrives", {"lose": {no}, "lose_again": {no}}, 2)):
            name = f"twice alike, way {way}, {what}"
            r, _ = align(name, folder, make(far, ahead=50, again={no: 30}, **more))
            check(name + ": lost", [w["lost"] for w in r["ways"]] == [lost * (way == 0), lost * (way == 1)], r["ways"])
            check(name + ": shared", r["shared"] == count + 1 - lost, r["shared"])
            check(name + ": no delay", all(near(w["delay_ms"]["max"], 0) for w in r["ways"]), r["ways"])

    r, _ = align("held up", folder, make(far, ahead=50, slow={4: 7.5}))
    check("held up: by so much", near(r["ways"][0]["delay_ms"]["max"], 7.5) and near(r["ways"][1]["delay_ms"]["max"], 0), r["ways"])
    check("held up: the request", near(r["exchanges"][0]["request"]["way_ms"], 27.5), r["exchanges"])

    lost = "pcaps/far-lost-head.pcap"
    heads = [i for i, (_, f) in enumerate(read(lost), 1) if f[tcp(f)[2]:].startswith(b"PUT ")]
    check("the head was sent again", len(heads) >= 3, heads)
    r, text = align("lost heads", folder, make(lost, ahead=1000, lose=heads[:-1]))
    check("lost heads: which", [(l["direction"], l["packet"]) for l in r["lost"]] == [("client-to-server", n) for n in heads[:-1]], r["lost"])
    check("lost heads: counted", r["ways"][0]["lost"] == len(heads) - 1 and r["ways"][1]["lost"] == 0, r["ways"])
    x = r["exchanges"][0]
    check("lost heads: the client's side knows", x["client"]["cause"] == "network-loss" and x["request"]["fate"] == "lost", x)
    check("lost heads: the server's cannot", x["server"]["cause"] == "continued" and not x["same"], x)
    check("lost heads: text", "did not arrive" in text and "DIFFERS" in text, text)

    hundred = [i for i, (_, f) in enumerate(read(far), 1) if f[tcp(f)[2]:].startswith(b"HTTP/1.1 100")]
    acks = [i for i, (_, f) in enumerate(read(far), 1) if tcp(f)[2] == tcp(f)[4] and tcp(f)[3] == ACK]
    r, _ = align("a lost 100 and ACK", folder, make(far, lose=[hundred[0], acks[len(acks) // 2]]))
    check("a lost 100", r["ways"][1]["lost"] == 1 and r["exchanges"][0]["continue"]["fate"] == "lost", r)
    check("a lost ACK", r["ways"][0]["lost_acks"] + r["ways"][1]["lost_acks"] == 1, r["ways"])

    big = "pcaps/ignored.pcap"
    r, _ = align("cut by hardware", folder, make(big, up=0.01, down=0.01, cut=True))
    check("cut by hardware: not lost", r["ways"][0]["lost"] == 0 and r["ways"][0]["resegmented"] > 0 and r["ways"][0]["not_seen_sent"] == 0, r["ways"])

    r, text = align("clocks that run apart", folder, make(far, up=0.001, down=0.001, drift=0.2))
    check("clocks that run apart: said", not r["clock"]["steady"] and "do not run" in text, r["clock"])

    # One machine recorded both ends by one clock (tests/lab, far-pair): what befell the packets is
    # known, and a clock set apart afterwards must change nothing but the offset.
    ends = read("pcaps/far-pair.pcap"), read("pcaps/far-pair-server.pcap")
    plain = None
    for ahead in (0, 5123.25, -86400000):
        name = f"a real pair, ahead by {ahead}"
        moved = [(ns + int(ahead * 10**6), f) for ns, f in ends[1]]
        r, text = align(name, folder, (ends[0], moved))
        clock = r["clock"]
        check(name + ": offset", near(clock["server_ahead_ms"], ahead, clock["uncertain_ms"]), clock)
        check(name + ": two ways of 20 ms and more", 20 <= clock["uncertain_ms"] <= 22 and clock["steady"], clock)
        there = [n for n, (_, f) in enumerate(ends[0], 1) if b"middle" in f]
        back = [n for n, (_, f) in enumerate(moved, 1) if f[tcp(f)[2]:].startswith(b"HTTP/1.1 100")]
        check(name + ": which were lost", [(l["direction"], l["packet"]) for l in r["lost"]] ==
              [("client-to-server", there[0]), ("server-to-client", back[2]), ("server-to-client", back[3])], r["lost"])
        x = r["exchanges"]
        check(name + ": verdicts", [e["same"] for e in x] == [True, True, False, True] and
              (x[2]["client"]["cause"], x[2]["server"]["cause"]) == ("slow-continue", "network-loss"), x)
        check(name + ": the 100 that was lost", [e["continue"]["fate"] for e in x] == ["arrived", "arrived", "lost", "arrived"], x)
        check(name + ": the head that was held up", [e["request"]["way_ms"] >= 150 for e in x] == [False] * 3 + [True], x)
        check(name + ": the delay", 130 <= r["ways"][0]["delay_ms"]["max"] and r["ways"][1]["delay_ms"]["max"] < 130, r["ways"])
        check(name + ": text", "did not arrive" in text and "DIFFERS" in text, text)
        clock["server_ahead_ms"] -= ahead
        r = rounded(r)
        plain = plain or r
        check(name + ": as without", r == plain, r)
        got = run("--align", os.path.join(folder, "server.pcap"), os.path.join(folder, "client.pcap"))
        check(name + ": turned around", got.returncode == 2 and "client.pcap first" in got.stderr and not got.stdout, got)

    write(os.path.join(folder, "x.pcap"), make(big)[0])
    write(os.path.join(folder, "y.pcap"), make(far)[0])
    got = run("--align", folder + "/x.pcap", folder + "/y.pcap")
    check("nothing shared", got.returncode == 3 and "share no" in got.stderr and not got.stdout, got)
    for name, args in (("one file", ["--align", far]), ("a format", ["--align", far, far, "-o", "csv"]),
                       ("an input", ["--align", far, far, "-r", far]), ("twice -", ["--align", "-", "-"])):
        check(name + " is wrong use", run(*args).returncode == 2)
    check("no such file", run("--align", far, folder + "/none").returncode == 3)
    got = run("--align", far, far, "port 1")
    check("a filter", got.returncode == 3, got)
    open(folder + "/cut.pcap", "wb").write(open(far, "rb").read()[:-5])
    got = run("--align", folder + "/cut.pcap", far)
    check("a damaged one: told, and read as far as it goes", got.returncode == 3 and "Shared" in got.stdout, got)

print(f"align: {passed} checks passed, {failed} failed")
sys.exit(failed > 0)
