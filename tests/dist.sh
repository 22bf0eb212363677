#!/bin/sh
# What is handed out besides the program: manual, completions, an installed tree and its removal,
# the example that embeds the library, Debian packages.
#   dist.sh PROGRAM BUILD-FOLDER
set -eu
cd "$(dirname "$0")/.."
program=$1 build=$2
: "${MAKE:=make}" "${CC:=cc}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"
passed=0 failed=0
check() { # check NAME COMMAND...
    name=$1
    shift
    if "$@" >"$dir/log" 2>&1; then
        passed=$((passed + 1))
    else
        echo "FAILED dist: $name"
        sed 's/^/    /' "$dir/log"
        failed=$((failed + 1))
    fi
}
same() { [ "$1" = "$2" ] || { printf '%s\n--- is not ---\n%s\n' "$1" "$2"; false; }; }
status_of_tree() { git status --porcelain 2>/dev/null || ls; }
before=$(status_of_tree)
$MAKE --no-print-directory -s BUILD="$build" dist-files

# --- the manual ---

# A data base of manuals that lacks the ones referred to says nothing about ours.
lint() {
    mandoc -T lint -W style "$1" 2>/dev/null >"$dir/lint" || :
    ! grep -v 'outdated mandoc.db' "$dir/lint"
}
check 'manual: mandoc has nothing to say' lint "$build/dist/await100.1"
mandoc -T ascii "$build/dist/await100.1" | col -b >"$dir/manual"
has_all() { # has_all WORDS: each line of the file is in the manual
    while read -r word; do
        tr -s ' \n' '  ' <"$dir/manual" | grep -qF -e "$word" || { echo "no '$word'"; return 1; }
    done <"$1"
}
"$program" -h | sed -n 's/^  \(    \|-., \)\(--[a-z-]*\).*/\2/p' >"$dir/options"
check 'manual: the program has options' test "$(wc -l <"$dir/options")" -ge 20
check 'manual: has every option of -h' has_all "$dir/options"
sed -n 's/^AW_CAUSE([A-Z0-9_]*, "\([^"]*\)".*/\1/p' include/await100/causes.def >"$dir/causes"
check 'manual: has every cause' has_all "$dir/causes"
"$program" --set help | sed -n 's/^\([a-z-]\{3,\}\) .*/\1/p' >"$dir/thresholds"
check 'manual: has every threshold' has_all "$dir/thresholds"

# --- completions, as the shells would ask ---

cat >"$dir/ask.bash" <<'END'
source "$1"; shift
compopt() { :; } # belongs to a completion that readline runs
COMP_WORDS=(await100 "$@"); COMP_CWORD=$#
_await100
printf '%s\n' "${COMPREPLY[@]}"
END
bash_says() { bash "$dir/ask.bash" "$build/dist/completion.bash" "$@" | paste -sd ' '; }
check 'bash: syntax' bash -n "$build/dist/completion.bash"
check 'bash: options' same "$(bash_says --show)" --show-secrets
check 'bash: formats' same "$(bash_says -o h)" 'html har'
check 'bash: a list of causes' same "$(bash_says --fail-on error,dead)" error,deadlock
check 'bash: thresholds' same "$(bash_says --set wait-f)" wait-floor=
check 'bash: words to explain' same "$(bash_says --explain squi)" squid
check 'bash: files' same "$(bash_says -r pcaps/ignored.)" pcaps/ignored.pcap
check 'zsh: syntax' zsh -n "$build/dist/completion.zsh"
cat >"$dir/ask.zsh" <<'END'
# What _arguments is given, one a line.
_arguments() { print -rl -- "$@"; }
source $1
END
zsh -f "$dir/ask.zsh" "$build/dist/completion.zsh" >"$dir/zsh"
zsh_has() { grep -qF -e "$1" "$dir/zsh"; }
check 'zsh: formats' zsh_has ':FORMAT:(text json ndjson csv html md har)'
check 'zsh: repeatable' zsh_has '*-r+[read a capture'
check 'fish: syntax' fish -n "$build/dist/completion.fish"
fish_says() { HOME=$dir fish -c "source $build/dist/completion.fish; complete -C '$1'" | cut -f 1 | paste -sd ' '; }
check 'fish: formats' same "$(fish_says 'await100 -o h')" 'har html'
check 'fish: options' same "$(fish_says 'await100 --show')" --show-secrets

# --- install, embed, uninstall ---

prefix=$dir/prefix
check 'install' "$MAKE" --no-print-directory BUILD="$build" PREFIX="$prefix" install
check 'the installed program runs' "$prefix/bin/await100" -V
pc() { PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@" libawait100; }
check 'pkg-config: version' same "await100 $(pc --modversion)" "$("$program" -V)"
# Away from the sources, so that nothing but what is installed can serve.
embed() {
    cp "$prefix/share/doc/await100/examples/embed.c" "$dir/embed.c"
    # shellcheck disable=SC2046 # words
    (cd "$dir" && $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -o embed embed.c $(pc --cflags --libs))
}
check 'the example builds against what is installed' embed
figures() { "$program" -r "$1" -o json | jq -r '"\(.input.packets) packets, \(.exchanges.expectation) expectation exchanges, \(.exchanges.failing) failing"'; }
for capture in ignored nginx-continued busy-failures retry-loop nginx-no-expect; do
    check "the example says what the program says: $capture" \
        same "$("$dir/embed" pcaps/$capture.pcap | tail -1)" "$(figures pcaps/$capture.pcap)"
done
check 'the example shows evidence' grep -q 'packet 6: content begins' <<END
$("$dir/embed" pcaps/ignored.pcap)
END
check 'uninstall' "$MAKE" --no-print-directory BUILD="$build" PREFIX="$prefix" uninstall
check 'uninstall leaves no file' same "$(find "$prefix" -type f)" ''
check 'DESTDIR' "$MAKE" --no-print-directory BUILD="$build" PREFIX=/usr DESTDIR="$dir/dest" install
check 'DESTDIR: the prefix is not part of it' grep -qx 'prefix=/usr' "$dir/dest/usr/lib/pkgconfig/libawait100.pc"

# --- Debian packages ---

check 'make deb' sh src/dist/deb.sh "$dir/deb"
check 'lintian' lintian --allow-root --fail-on error,warning "$dir"/deb/*.deb
dpkg-deb -x "$dir"/deb/await100_*.deb "$dir/unpacked"
check 'the packaged program runs' "$dir/unpacked/usr/bin/await100" -r pcaps/ignored.pcap -N
check 'the packaged program was built to be attacked' \
    sh -c 'readelf -d "$1" | grep -q BIND_NOW && readelf -h "$1" | grep -q DYN' - "$dir/unpacked/usr/bin/await100"
check 'nothing is left behind in the tree' same "$(status_of_tree)" "$before"

echo "dist: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
