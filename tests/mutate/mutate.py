#!/usr/bin/python3
"""Small changes to the decision table and the reassembly: do the tests see them?

  mutate.py [--count N] [--seed S] [--files PATTERN] [--only FILE:LINE[:COLUMN],...] [--list]

Takes N places at random (always the same for one seed), changes each in one way that a slip of the
hand would (an operator, a constant, a condition turned round, a statement gone), compiles the file,
and runs the unit tests of diagnose, flow, exchange and engine, then the goldens, until one fails.
What no test has seen is printed: an equivalent change, or a test that is missing. A change that
gives the same machine code is none and is left out. Needs gcc and a build (make tests tools).
"""
import glob, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time

PLACES = ["src/diagnose/rules.c", "src/diagnose/confidence.c", "src/diagnose/checks.c",
          "src/diagnose/facts.c", "src/diagnose/cost.c", "src/diagnose/diagnose.c"] + sorted(
              glob.glob("src/flow/*.c"))
TESTS = ["diagnose/rules_test", "diagnose/doubts_test", "diagnose/checks_test", "flow/flow_test",
         "flow/end_test", "flow/memory_test", "flow/order_test", "flow/facts_test",
         "exchange/exchange_test", "engine/engine_test", "engine/ambiguity_test"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Iinclude", "-Isrc", "-Itests", "-O1", "-fPIC", "-w"]
LIBS = "-lncursesw -ltinfo -lseccomp -lcap-ng -lmd -lpcap -lz -lzstd -llzma -lbz2 -llz4 -larchive -ljansson -lpthread -lm".split()
CHUNK = 40  # goldens at a time, so that the first failure ends it
SECONDS = 120  # of one test: a change may make it run for ever

SWAPS = [
    (r"(?<![<>=!-])<(?![<=])(?= )", ["<="]), (r"<=", ["<"]), (r"(?<![->])>(?![>=])(?= )", [">="]),
    (r"(?<!>)>=", [">"]), (r"==", ["!="]), (r"!=", ["=="]), (r"&&", ["||"]), (r"\|\|", ["&&"]),
    (r"(?<= )\+(?= )", ["-"]), (r"(?<= )-(?= )", ["+"]), (r"\+\+", ["--"]), (r"\btrue\b", ["false"]),
    (r"\bfalse\b", ["true"]), (r"AW_SEV_ERROR\b", ["AW_SEV_WARNING"]),
    (r"AW_SEV_WARNING\b", ["AW_SEV_INFO", "AW_SEV_ERROR"]), (r"AW_SEV_INFO\b", ["AW_SEV_OK"]),
    (r"\bAW_C2S\b", ["AW_S2C"]), (r"\bAW_S2C\b", ["AW_C2S"]),
    (r"(?<![\w.])\d+(?![\w.])", ["+1"]), (r"(?<=\()!(?=\w)", [""]), (r"(?<= )!(?=\w)", [""]),
]


def code_lines(text):
    """(number, line) of what is code: no comment, no preprocessor, no string."""
    comment = False
    for number, line in enumerate(text.split("\n"), 1):
        if comment:
            comment = "*/" not in line
            continue
        if line.strip().startswith("/*"):
            comment = "*/" not in line
            continue
        if line.startswith("#") or '"' in line or "_Static_assert" in line or "enum {" in line:
            continue
        yield number, line.split("/*")[0]


def changes(path):
    """All changes of a file: (line, column, from, to)."""
    with open(path) as f:
        text = f.read()
    found = []
    for number, line in code_lines(text):
        if not line.startswith("    ") and not line.startswith("\t"):
            continue  # declarations
        for pattern, to in SWAPS:
            for m in re.finditer(pattern, line):
                for t in to:
                    new = str(int(m.group()) + 1) if t == "+1" else t
                    found.append((number, m.start(), m.group(), new))
        m = re.match(r"( +)if \((.*)\)( \{| return.*;| break;| continue;|)$", line)
        if m and line.count("(") == line.count(")"):
            found.append((number, m.start(2), m.group(2), "!(" + m.group(2) + ")"))
        m = re.match(r"( +)([a-z][\w>.\[\]-]*(\(.*\)| [|&+-]?= .*|\+\+|--);)$", line)
        if m and not m.group(2).startswith("return"):
            found.append((number, m.start(2), m.group(2), ";"))
    return found


class Bench:
    """A copy of the program, as a shared library, that one worker changes."""

    def __init__(self, folder, objects):
        self.dir = folder
        os.mkdir(folder)
        self.objects = objects
        for t in TESTS:
            self.link(os.path.join(folder, os.path.basename(t)),
                      ["%s/tests/%s.o" % (base, t)] + sorted(glob.glob(base + "/common/*.o")), ["-lcmocka"])
        self.link(os.path.join(folder, "await100"), [base + "/main.o"], [])
        self.library(None, None)

    def link(self, to, objects, libs):
        subprocess.run(["gcc", "-o", to] + objects + ["-L" + base, "-lall", "-Wl,-rpath,$ORIGIN"] + libs + LIBS,
                       check=True)

    def library(self, path, changed):
        objects = [changed if o == path else self.objects[o] for o in self.objects]
        subprocess.run(["gcc", "-shared", "-o", os.path.join(self.dir, "liball.so")] + objects + LIBS, check=True)

    def run(self, argv):
        try:
            return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  timeout=SECONDS).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def caught_by(self):
        for t in TESTS:
            if not self.run([os.path.join(self.dir, os.path.basename(t))]):
                return t
        for i in range(0, len(goldens), CHUNK):
            if not self.run(["build/tests/tools/golden", "--program", os.path.join(self.dir, "await100")]
                            + goldens[i:i + CHUNK]):
                return "golden"
        return None


def compile_to(source, to, extra=()):
    return subprocess.run(["gcc"] + FLAGS + list(extra) + ["-c", "-o", to, source],
                          stderr=subprocess.DEVNULL).returncode == 0


def prepare():
    """All objects, and the tests'."""
    objects, jobs = {}, []
    rooms = "base wire flow http exchange link diagnose store engine filter confine source sink view tui app".split()
    for source in [s for r in rooms for s in sorted(glob.glob("src/%s/*.c" % r))]:
        to = os.path.join(base, source.replace("/", "_") + ".o")
        if source == "src/app/main.c":
            to = base + "/main.o"
        else:
            objects[source] = to
        jobs.append((source, to))
    os.mkdir(base + "/common")
    for source in glob.glob("tests/common/*.c"):
        jobs.append((source, base + "/common/" + os.path.basename(source) + ".o"))
    for t in TESTS:
        os.makedirs(os.path.dirname("%s/tests/%s" % (base, t)), exist_ok=True)
        jobs.append(("tests/%s.c" % t, "%s/tests/%s.o" % (base, t)))

    def work():
        while jobs:
            try:
                source, to = jobs.pop()
            except IndexError:
                return
            if not compile_to(source, to):
                print("mutate: %s does not compile" % source)
    in_two(work)
    subprocess.run(["gcc", "-shared", "-o", base + "/liball.so"] + list(objects.values()) + LIBS, check=True)
    return objects


def in_two(work, args=((), ())):
    threads = [threading.Thread(target=work, args=a) for a in args]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def apply(path, change, to):
    with open(path) as f:
        lines = f.read().split("\n")
    number, column, old, new = change
    line = lines[number - 1]
    assert line[column:column + len(old)] == old
    lines[number - 1] = line[:column] + new + line[column + len(old):]
    with open(to, "w") as f:
        f.write("\n".join(lines))
    return line.strip(), lines[number - 1].strip()


def main():
    global base, goldens
    count, seed, pattern, only, listing = 240, 1, "", None, False
    args = sys.argv[1:]
    while args:
        a = args.pop(0)
        if a == "--count":
            count = int(args.pop(0))
        elif a == "--seed":
            seed = int(args.pop(0))
        elif a == "--files":
            pattern = args.pop(0)
        elif a == "--only":
            only = args.pop(0)
        elif a == "--list":
            listing = True
    places = [(p, c) for p in PLACES if re.search(pattern, p) for c in changes(p)]
    random.Random(seed).shuffle(places)
    if only:
        wanted = tuple(o + ":" for o in only.split(","))
        places = [(p, c) for p, c in places if ("%s:%d:%d:" % (p, c[0], c[1])).startswith(wanted)]
    if listing:
        print("mutate: %d changes in %d files" % (len(places), len({p for p, _ in places})))
        return
    with open("tests/golden/LIST") as f:
        goldens = [l.split("\t")[0] for l in f if l.strip() and not l.startswith("#")]
    scratch = tempfile.mkdtemp(prefix="mutate-")
    base = scratch + "/base"
    os.mkdir(base)
    begun, lock = time.monotonic(), threading.Lock()
    tried, caught, survivors, by = [0], [0], [], {}

    def stop(*_):  # what is under way is finished, and the counts are told
        places.clear()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        objects = prepare()
        same = {}
        for p in {p for p, _ in places}:
            compile_to(p, base + "/same.o", ["-g0"])
            with open(base + "/same.o", "rb") as f:
                same[p] = f.read()
        benches = [Bench("%s/%d" % (scratch, i), objects) for i in (1, 2)]
        if benches[0].caught_by():
            print("mutate: the tests fail without any change")
            sys.exit(2)

        def work(b):
            while True:
                with lock:
                    if not places or tried[0] >= count:
                        return
                    path, change = places.pop(0)
                    tried[0] += 1
                source = os.path.join(b.dir, os.path.basename(path))
                before, after = apply(path, change, source)
                # Headers beside it are found by their room: the name it goes by stays the same.
                good = compile_to(source, b.dir + "/changed.o", ["-g0"])
                with open(b.dir + "/changed.o", "rb") if good else open(os.devnull, "rb") as f:
                    code = f.read()
                if not good or code == same[path]:
                    with lock:
                        tried[0] -= 1
                    continue
                b.library(path, b.dir + "/changed.o")
                seen = b.caught_by()
                with lock:
                    if seen:
                        caught[0] += 1
                        by[seen] = by.get(seen, 0) + 1
                    else:
                        survivors.append((path, change))
                        print("survives %s:%d:%d\n    - %s\n    + %s" % (path, change[0], change[1], before, after),
                              flush=True)
                    done = caught[0] + len(survivors)
                    if done % 25 == 0:
                        print("mutate: %d changes, %d caught" % (done, caught[0]), flush=True)
        in_two(work, [(b,) for b in benches])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("mutate: seed %d: %d changes, %d caught, %d survive, %.0f s; first caught by: %s" % (
        seed, caught[0] + len(survivors), caught[0], len(survivors), time.monotonic() - begun,
        ", ".join("%s %d" % x for x in sorted(by.items(), key=lambda x: -x[1]))))


main()
