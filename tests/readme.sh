#!/bin/sh
# Follows README.md to the letter, on a clean checkout: every block marked "sh run" is run, of every
# block marked "console run" what follows "$ " is run and has to say what stands there ("..." is
# anything). Its table of causes has to be that of the program, and the files it names have to be there.
#   readme.sh GENERATE           the table and the names alone
#   readme.sh GENERATE all       everything
set -eu
cd "$(dirname "$0")/.."
generate=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

"$generate" causes >"$dir/causes"
sed -n '/^<!-- causes:/,/^<!-- end of causes/p' README.md | sed '1d;$d' >"$dir/told"
diff "$dir/told" "$dir/causes" || {
    echo "readme: its causes are others than the program's"
    exit 1
}
names=0
for name in $(grep -oE '[(` ](src|tests|include|pcaps)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' README.md |
    sed 's/^.//' | sort -u); do
    [ -e "$name" ] || {
        echo "readme: there is no $name"
        exit 1
    }
    names=$((names + 1))
done
echo "readme: the causes, $names names"
[ "${2-}" = all ] || exit 0

git clone -q . "$dir/clean"
cd "$dir/clean"
export TZ=UTC LC_ALL=C.UTF-8
python3 - <<'END'
import re
import subprocess
import sys

blocks = re.findall(r"^```(sh|console) run\n(.*?)^```$", open("README.md").read(), re.M | re.S)
kinds = [kind for kind, _ in blocks]
if "sh" not in kinds or "console" not in kinds:
    sys.exit("readme: no block is marked")


def run(command):
    return subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


commands = 0
for kind, text in blocks:
    parts = re.split(r"^\$ ", text, flags=re.M)[1:] if kind == "console" else text.splitlines()
    for part in parts:
        command, _, said = part.partition("\n")
        done = run(command)
        commands += 1
        if done.returncode:
            sys.exit("readme: %s: status %d\n%s" % (command, done.returncode, done.stdout[-4000:]))
        if kind == "sh":
            continue
        pattern = ".*".join(re.escape(p) for p in said.rstrip("\n").split("..."))
        if said.strip() == "" and done.stdout == "":
            continue
        if not re.fullmatch(pattern, done.stdout.rstrip("\n"), re.S):
            sys.exit("readme: %s says\n%s\ninstead of\n%s" % (command, done.stdout, said))
print("readme: %d commands, as told" % commands)
END
