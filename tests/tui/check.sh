#!/bin/bash
# The dashboard end to end: in tmux, on real captures and on a live namespace; keys sent, screens
# read back.
#   check.sh PROGRAM TOOLS [WORD]   only the cases whose name holds WORD
#   NO_SANDBOX=1: without the sandbox, and without what is about that
set -u
program=$(realpath "$1")
tools=$(realpath "$2")
only=${3:-}
cd "$(dirname "$0")/../.." || exit 1
without=${NO_SANDBOX:+--no-sandbox}
work=$(mktemp -d) || exit 1
server=await100-tui-$$ opened=0 with=
passed=0 failed=0 before=0
mux() { tmux -L "$server" -f /dev/null "$@"; }
trap 'mux kill-server 2>/dev/null; rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 TZ=UTC XDG_CONFIG_HOME=$work/config

leave() { # From whatever is on the screen: C-g gives up what is being typed, Q leaves.
    [ "$opened" -gt 0 ] && has_not 'ended ' && mux has-session 2>/dev/null || return
    keys C-g Q
    shows 'ended 0'
}
open() { # open COLSxROWS ARGUMENT...: the program in a window of its own, its environment `with` more
    local size=$1
    shift
    leave
    mux kill-server 2>/dev/null
    server=await100-tui-$$-$((opened += 1)) # one that ends would take the next one with it
    rm -f "$work/stty"
    mux new-session -d -x "${size%x*}" -y "${size#*x}" \
        "cd '$work' && stty sane; env $with '$program' $without $*; echo \"ended \$?\"; stty -a >'$work/stty.new'; mv '$work/stty.new' '$work/stty'; sleep 60"
    mux set -g status off
}
open_alone() { # SCRIPT: of the work folder, in a window and a network namespace of its own
    leave
    mux kill-server 2>/dev/null
    server=await100-tui-$$-$((opened += 1))
    mux new-session -d -x 100 -y 30 "cd '$work'; unshare -n sh '$work/$1'; echo \"ended \$?\"; sleep 60"
    mux set -g status off
}
keys() { mux send-keys "$@"; }
typed() { mux send-keys -l "$1"; }
screen() { mux capture-pane -p; }
ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAILED $name: $*"
    screen | sed 's/^/    /'
}
# Waiting is for what has to come, as long as a loaded machine may take for it.
soon() { # soon COMMAND...: until it succeeds; once something was missing, the rest is not waited for
    local end=$((SECONDS + (failed > before ? 1 : ${AWAIT100_PATIENCE:-120})))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}
has() { screen | grep -qF -- "$1"; }
has_not() { ! has "$1"; }
has_at() { screen | sed -n "$1p" | grep -qF -- "$2"; }
shows() { # shows TEXT
    soon has "$1" && { ok; return 0; }
    bad "no '$1' on the screen"
    return 1
}
lacks() { # lacks TEXT: once it has gone
    soon has_not "$1" && { ok; return 0; }
    bad "'$1' is still on the screen"
}
shows_at() { # shows_at LINE TEXT
    soon has_at "$1" "$2" && { ok; return 0; }
    bad "no '$2' in line $1 of the screen"
}
same() { # same WHAT GOT WANTED
    if [ "$2" = "$3" ]; then ok; else bad "$1: '$2' and not '$3'"; fi
}
pid_of() { pgrep -P "$(mux list-panes -F "#{pane_pid}")" -f "^$program" ; } # not its keeper, which is its child
captures=$PWD/pcaps

case_open() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows '30 exchanges  18 failing (60 %)'
    shows 'the server ignored Expect'
    keys q
    shows 'ended 0'
    soon test -s "$work/stty"
    same 'terminal' "$(grep -co ' icanon' "$work/stty")$(grep -co ' echo ' "$work/stty")" 11
}

case_sort() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'sort: severity ▼'
    keys '>'
    shows 'sort: time ▲'
    keys r
    shows 'sort: time ▼'
    keys g
    shows '── '
    same 'newest first' "$(screen | sed -n 5p | grep -c 19:39:24)" 1
}

case_filter() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'ignored Expect'
    keys f
    typed 'status = 413'
    shows 'equal is =='
    keys C-u
    typed 'status == 413'
    shows 'valid: Enter takes it'
    keys Enter
    lacks 'ignored Expect'
    shows 'rejected after the 100'
    # What rows do not keep is asked of whole records.
    keys f C-u
    typed 'content_length == 8000 and severity == ok'
    keys Enter
    shows '100, content, final response'
    lacks 'rejected'
    keys u
    shows 'ignored Expect'
    keys / && typed 'b3'
    shows 'PUT /up/b3  curl'
}

case_enter() {
    open 80x24 -r "$captures/ignored.pcap"
    shows '1 exchange  1 failing'
    keys Enter
    shows 'client awaits the 100'
    shows 'packet 4: PUT'
    shows 'User-Agent: curl/7.88.1'
    keys Tab
    shows 'packet 6: content begins'
    keys '?'
    shows 'Explain: ignored'
    keys Escape
    shows 'TIME ms'
}

case_save() {
    open 80x24 -r "$captures/busy-failures.pcap"
    shows '20 failing'
    keys f
    typed 'status == 417'
    keys Enter
    shows 'filter: status == 417'
    lacks 'no final response'
    keys s r C-u
    typed "$work/saved.ndjson"
    keys Enter
    shows 'Saved 4 records'
    keys s r C-u
    typed "$work/saved.ndjson"
    keys Enter
    shows 'is there already'
    "$program" $without -r "$captures/busy-failures.pcap" -o ndjson -Y 'status == 417' >"$work/want.ndjson"
    same 'records' "$(md5sum <"$work/saved.ndjson")" "$(md5sum <"$work/want.ndjson")"
}

case_save_packets() {
    open 80x24 -r "$captures/busy-failures.pcap"
    shows '20 failing'
    keys f
    typed 'status == 417'
    keys Enter
    shows 'filter: status == 417'
    lacks 'no final response'
    keys s p C-u
    typed "$work/saved.pcap"
    keys Enter
    shows 'Saved '
    tcpdump -r "$work/saved.pcap" >"$work/dump" 2>/dev/null
    same 'tcpdump reads it' $? 0
    same 'other servers in it' "$(grep -vc '10.100.1.2.8304' "$work/dump")" 0
    same 'read back' "$("$program" $without -r "$work/saved.pcap" -o ndjson | grep -c '"cause":"expect-refused"')" 4
}

case_resize() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'ignored Expect'
    mux resize-window -x 120 -y 40
    shows '10.100.0.2:52102      10.100.1.2:8300'
    mux resize-window -x 20 -y 5
    shows 'Q leaves'
    mux resize-window -x 200 -y 50
    shows 'SERVER PRODUCT'
}

case_mouse() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows_at 8 'PUT /up/b4' # the order is the last one
    # Button 1 at column 20, row 7 (from 0), pressed and released: chooses; once more: opens.
    local at
    at=$(printf '\065\050')
    typed "$(printf '\033[M ')$at$(printf '\033[M#')$at"
    shows 'PUT /up/b4  curl'
    typed "$(printf '\033[M ')$at$(printf '\033[M#')$at"
    shows 'TIME ms'
}

case_hostile() { # nothing of the wire reaches the terminal but as text
    "$tools/scn2pcap" tests/tui/hostile.scn "$work/hostile.pcap" || bad 'no capture'
    open 80x24 -r "$work/hostile.pcap"
    local title
    title=$(mux display-message -p '#{pane_title}')
    shows '2 exchanges  2 failing (100 %)'
    shows_at 23 'PUT /\x1b]0;owned\x07\x1b[2J\x1b[H\x9b31m\x9d0;ow'
    shows_at 5 'PUT /\x1b… 201 1.000 s the server ignored' # wide characters do not push what stands behind
    shows_at 6 'PUT /文件… 201 1.000 s the server ignored'
    keys Enter
    shows 'Host: \x1b[10;10Hmoved\x07\u{202e}'
    shows '◀─ 201 \x1b[2J\x07owned ─│'
    keys x
    shows '5b 32 4a 1b 5b 48 9b'
    keys x q Down Enter
    shows $'PUT /文件/e\u0301te\u0301 → 201'
    keys q Tab Tab
    shows 'MOSTLY'
    shows 'moved\x07'
    keys s h
    same 'title' "$(mux display-message -p '#{pane_title}')" "$title"
    same 'bell' "$(mux display-message -p '#{window_bell_flag}')" 0
}

case_plain() { # what a terminal may lack
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'the server ignored Expect'
    colours() { mux capture-pane -p -e | grep -cE $'\033\\[([0-9;]*;)?3[0-7]m'; }
    same 'colours' "$(($(colours) > 0))" 1
    with=NO_COLOR=1
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'the server ignored Expect'
    same 'NO_COLOR' "$(colours)" 0
    shows_at 5 ' * 19:39:24' # a sign beside what colour says
    with='LC_ALL=C'
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows '-- warning: the server ignored Expect; fault: server'
    keys Enter
    shows '|- PUT, Expect ---------->|'
    same 'beyond ASCII' "$(screen | grep -cP '[^\x00-\x7f]')" 0
    with=
}

case_proxy() { # both legs of a proxy in one ladder
    open 120x40 -r "$captures/haproxy-strips-expect.pcap"
    shows '1 exchange  1 failing'
    keys Enter
    shows 'client                   proxy                   origin'
    shows 'Expect: 100-continue'
    keys L
    shows "the client's leg is exchange 1: L goes there"
    shows 'host: 10.100.0.1:8310' # the head that the proxy sent on, without Expect
    keys L
    shows 'a proxy dropped Expect'
}

case_save_dir() {
    mkdir "$work/incident"
    open 80x24 --save-dir incident -r "$captures/ignored.pcap"
    shows '1 exchange  1 failing'
    keys s r
    shows "Enter makes a new file in $work/incident"
    keys Enter
    shows 'Saved 1 record to await100-'
    same 'there, and only there' "$(find "$work/incident" -name 'await100-2*.ndjson' | wc -l)$(find "$work" -maxdepth 1 -name '*.ndjson' -newer "$work/incident" | wc -l)" 10
    open 80x24 --save-dir nowhere -r "$captures/ignored.pcap"
    shows '--save-dir nowhere: No such file or directory'
    shows 'ended 4'
}

case_killed_pty() {
    # Even where nobody sends SIGHUP: the terminal's other end is closed, and that is all.
    for capture in ignored.pcap busy-mixed.pcap; do
        same "ends within a second ($capture)" \
            "$(python3 tests/tui/killed.py "$program" $without -r "$captures/$capture")" 'ended'
    done
}

case_signals() {
    for signal in TERM HUP SEGV ABRT; do
        open 80x24 -r "$captures/ignored.pcap"
        shows '1 exchange'
        kill -"$signal" "$(pid_of)"
        shows 'ended '
        soon test -s "$work/stty"
        same "terminal after $signal" \
            "$(grep -co ' icanon' "$work/stty")$(grep -co ' echo ' "$work/stty")" 11
    done
}

case_no_terminal() {
    TERM=dumb script -qec "'$program' $without -r $captures/ignored.pcap; echo \"ended \$?\"" /dev/null >"$work/dumb" 2>&1
    same 'dumb' "$(grep -c 'ended 2' "$work/dumb")$(grep -c 'cannot show a dashboard' "$work/dumb")" 11
    TERM=no-such-type script -qec "stty rows 24 cols 80; '$program' $without -r $captures/ignored.pcap; echo \"ended \$?\"" /dev/null \
        >"$work/unknown" 2>&1 < <(sleep 1; printf qq; sleep 1)
    same 'a type that is not known' "$(grep -c 'ended 0' "$work/unknown")$(grep -c "taken for 'xterm-256color'" "$work/unknown")" 11
    "$program" $without >"$work/none" 2>&1
    same 'no input and no terminal' "$?" 2
    "$program" $without -r "$captures/ignored.pcap" >"$work/report"
    same 'a report where output is no terminal' "$(grep -c 'HOW TO FIX' "$work/report")" 1
}

case_stdin() { # keys come from the terminal itself
    open 80x24 -r - "<'$captures/ignored.pcap'"
    shows '1 exchange  1 failing'
    keys Enter
    shows 'client awaits the 100'
    shows 'User-Agent: curl'
}

case_named() { # a filter whose names the sandbox could not look up again
    open 80x24 -r "$captures/ignored.pcap" "'tcp portrange 1-9999 or port http'"
    shows '1 exchange  1 failing'
    keys Enter
    shows 'client awaits the 100'
    shows 'User-Agent: curl'
}

case_idle() {
    open 80x24 -r "$captures/busy-mixed.pcap"
    shows 'ignored Expect'
    sleep 0.5
    local pid
    pid=$(pid_of)
    local earlier after
    earlier=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
    sleep 4
    after=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
    # Ticks are hundredths of a second: 1 % of 4 seconds is 4.
    same 'idle below 1 %' "$((after - earlier <= 4))" 1
}

case_settings() {
    open 80x24 -r "$captures/ignored.pcap"
    shows '1 exchange'
    keys o Down Space
    shows 'signs      ASCII'
    keys Escape
    shows '-- warning: the server ignored'
    keys q
    shows 'ended 0'
    open 80x24 -r "$captures/ignored.pcap"
    shows '-- warning: the server ignored'
    rm -rf "$work/config"
}

case_sandbox() {
    [ -z "$without" ] || return
    open 80x24 -r "$captures/busy-failures.pcap"
    shows '20 failing'
    same 'system calls are filtered' "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$(pid_of)/status")" 2
    [ "$(id -u)" -eq 0 ] &&
        same 'not root' "$(awk '$1 == "Uid:" { print $2 == 0 }' "/proc/$(pid_of)/status")" 0
    # Only into the folder it was started in, and over nothing that is there.
    keys s r C-u
    typed '/etc/await100.ndjson'
    keys Enter
    shows "a name in $work is needed"
    keys s r C-u
    typed '.profile'
    keys Enter
    shows "a name in $work is needed"
    echo mine >"$work/mine.html"
    keys s h C-u
    typed 'mine.html'
    keys Enter
    shows 'is there already'
    same 'left alone' "$(cat "$work/mine.html")" mine
    rm "$work/mine.html"
    keys s h C-u
    typed 'report.html'
    keys Enter
    shows 'Saved 24 records'
    same 'whole' "$(tail -c 8 "$work/report.html")" '</html>'
    same 'nothing else' "$(find "$work" -maxdepth 1 -name '.*' -type f | wc -l)" 0
    # The file may be renamed or replaced meanwhile.
    keys q
    shows 'ended 0'
    cp "$captures/ignored.pcap" "$work/moving.pcap"
    open 80x24 -r "$work/moving.pcap"
    shows '1 exchange  1 failing'
    cp "$captures/busy-mixed.pcap" "$work/other.pcap"
    mv "$work/other.pcap" "$work/moving.pcap"
    keys Enter
    shows 'User-Agent: curl/7.88.1'
}

case_live() {
    if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
        echo "skipped live: needs root"
        return
    fi
    cat >"$work/live.sh" <<END
ip link set lo up
python3 $PWD/tests/tui/ignores.py 8300 & server=\$!
python3 $PWD/tests/tui/ignores.py 8301 & other=\$!
upload() { curl -s --retry 100 --retry-delay 1 --retry-connrefused -T $captures/MANIFEST http://127.0.0.1:\$1; }
await() { until [ -e \$1 ]; do sleep 0.05; done; }
(
    await started && upload 8300/up/live
    await filtered && upload 8300/up/unheard && upload 8301/up/heard
    await unfiltered && upload 8300/up/again
) >/dev/null & uploads=\$!
'$program' $without -i lo
kill \$server \$other \$uploads
END
    open_alone live.sh
    shows 'No packet so far'
    shows 'Interface: lo'
    [ -n "$without" ] || shows 'Permission: root, given up for nobody'
    touch "$work/started"
    shows 'waiting'
    shows 'PUT /up/live'
    shows 'the server ignored Expect'
    keys Enter
    shows 'client awaits the 100'
    shows 'User-Agent: curl'
    keys Escape
    shows 'Enter open'
    # What the sandbox leaves: settings are kept, and what is in memory can be saved.
    keys o Down Space
    shows 'signs      ASCII'
    soon grep -qs 'ascii yes' "$work/config/await100/dashboard"
    same 'settings are kept' "$?" 0
    keys Space Escape
    shows 'Enter open'
    keys s p C-u
    typed 'live.pcap'
    keys Enter
    shows 'Saved '
    same 'read back' "$("$program" $without -r "$work/live.pcap" -o ndjson | grep -c '"cause":"ignored"')" 1
    keys f
    typed 'status == 201'
    keys Enter
    shows 'others by what the list keeps'
    keys u
    # Another capture filter: the first upload's port is heard no more, the other one is; then both.
    keys b
    shows 'capture filter (BPF)'
    typed 'tcp prot 8301'
    shows 'syntax error' # while it is typed
    keys Enter
    shows 'syntax error'
    keys C-u
    shows 'Enter captures every packet'
    typed 'tcp port nowhere'
    [ -n "$without" ] || shows 'the sandbox takes numbers only'
    keys C-u
    typed 'tcp port 8301'
    shows 'valid: Enter takes it'
    keys Enter
    shows 'Captured from here on: tcp port 8301'
    shows 'BPF tcp port 8301'
    touch "$work/filtered"
    shows 'PUT /up/heard'
    keys b C-u Enter
    shows 'Captured from here on: every packet'
    lacks 'BPF tcp'
    touch "$work/unfiltered"
    shows 'PUT /up/again'
    has_not '/up/unheard'
    same 'the other port was not captured' "$?" 0
    keys Q
    shows 'ended'
    rm -rf "$work/config"
}

case_dropped() { # what helps is said once
    if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
        echo "skipped dropped: needs root"
        return
    fi
    cat >"$work/dropped.sh" <<END
ip link set lo up
(
    until [ -e asleep ]; do sleep 0.05; done
    python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20000): s.sendto(bytes(1200), ("127.0.0.1", 9))'
    touch sent
) & flood=\$!
'$program' $without -i lo -B 128
kill \$flood
END
    open_alone dropped.sh
    shows 'No packet so far'
    local pid
    pid=$(pgrep -f "^$program .*-i lo -B 128" | head -n 1)
    kill -STOP "$pid"
    touch "$work/asleep"
    soon test -e "$work/sent"
    kill -CONT "$pid"
    shows 'The kernel drops packets: a larger -B'
    shows '  dropped '
    keys Q
    shows 'ended'
    rm -f "$work/asleep" "$work/sent"
}

for name in $(declare -F | sed -n 's/^declare -f case_//p'); do
    case $name in *$only*) ;; *) continue ;; esac
    before=$failed
    "case_$name"
done
leave
echo "tui: $passed checks passed, $failed failed"
[ "$failed" -eq 0 ]
