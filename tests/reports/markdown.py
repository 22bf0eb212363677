#!/usr/bin/env python3
"""A Markdown report of hostile values, through the renderer that trackers use, with its raw HTML and
bare addresses allowed: tables, code and lists come out, and nothing that acts.

  markdown.py REPORT...
"""
import re
import subprocess
import sys

ALLOWED = set("h2 h3 h4 p strong table thead tbody tr th td code pre blockquote ul li br".split())


def check(path):
    out = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", path],
                         capture_output=True, check=True, timeout=60).stdout.decode("utf-8")
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)", out))
    bad = ["an element: " + tag for tag in sorted(tags - ALLOWED)]
    rows = re.findall(r"<tr>(.*?)</tr>", out, re.S)
    widths = [len(re.findall(r"<t[hd]\b", row)) for row in rows]
    for table in re.findall(r"<table>(.*?)</table>", out, re.S):
        cells = {len(re.findall(r"<t[hd]\b", row))
                 for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)}
        if len(cells) != 1 or "<td></td>\n</tr>" in table:
            bad.append("a table whose rows differ: %s" % sorted(cells))
    if len(widths) < 8:
        bad.append("only %d rows of tables" % len(widths))
    return bad


failed = 0
for report in sys.argv[1:]:
    for complaint in check(report):
        print("FAILED %s: %s" % (report, complaint))
        failed += 1
print("markdown: %d reports, %d complaints" % (len(sys.argv) - 1, failed))
sys.exit(1 if failed or len(sys.argv) < 2 else 0)
