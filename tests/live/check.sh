#!/bin/bash
# Live capture against real traffic, in network namespaces of this run: curl against nginx and
# scripted servers over a veth pair. Skipped, and said so, without root or a tool.
#   check.sh PROGRAM [PART...]
#   NO_SANDBOX=1: PROGRAM is a script that runs it without its sandbox: what is about that is left out
set -u
export LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
C=awl-$$-c S=awl-$$-s
if [ "$(id -u)" -ne 0 ] || ! ip netns add $C 2>/dev/null; then
    echo "live: skipped, network namespaces need root"
    exit 0
fi
for tool in tcpdump curl nginx python3 jq setpriv; do
    command -v $tool >/dev/null || {
        ip netns del $C
        echo "live: skipped, $tool is not installed"
        exit 0
    }
done
tmp=$(mktemp -d)
chmod 755 "$tmp"
pids=() passed=0 failed=0
cleanup() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null; kill "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    umount "$tmp/small" 2>/dev/null
    ip netns del $C 2>/dev/null
    ip netns del $S 2>/dev/null
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "live: FAILED $*"; }
is() { # NAME WANTED GOT
    if [ "$2" = "$3" ]; then ok; else bad "$1: wanted '$2', got '$3'"; fi
}
has() { # NAME PATTERN FILE
    if grep -q -e "$2" "$3"; then ok; else bad "$1: no '$2' in:"; sed 's/^/    /' "$3" | tail -n 12; fi
}
sandboxed() { [ -z "${NO_SANDBOX:-}" ]; }
hasnt() { if grep -q -e "$2" "$3"; then bad "$1: '$2'"; else ok; fi; }

network() {
    ip netns add $S
    for ns in $C $S; do ip -n $ns link set lo up; done
    ip -n $C link add c0 type veth peer name s0 netns $S
    ip -n $C addr add 10.101.0.1/24 dev c0
    ip -n $S addr add 10.101.0.2/24 dev s0
    ip -n $S addr add 10.102.0.2/32 dev lo
    ip -n $C link set c0 up
    ip -n $S link set s0 up
}

servers() {
    mkdir -p "$tmp/www/up"
    chmod 777 "$tmp/www" "$tmp/www/up"
    head -c 5000 /dev/zero | tr '\0' u >"$tmp/file"
    head -c 900000 /dev/zero >"$tmp/large"
    cat >"$tmp/nginx.conf" <<CONF
user nobody nogroup;
worker_processes 1;
error_log $tmp/nginx.error;
pid $tmp/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $tmp/nginx.body; proxy_temp_path $tmp/nginx.proxy;
    fastcgi_temp_path $tmp/nginx.fcgi; uwsgi_temp_path $tmp/nginx.uwsgi; scgi_temp_path $tmp/nginx.scgi;
    server {
        listen 10.101.0.2:8001;
        root $tmp/www;
        location /up/ { dav_methods PUT; create_full_put_path on; }
        location /forbidden/ { deny all; }
    }
}
CONF
    ip netns exec $S nginx -c "$tmp/nginx.conf" -g 'daemon off;' >/dev/null 2>&1 &
    pids+=($!)
    for address in 10.101.0.2 10.102.0.2; do
        ip netns exec $S /usr/bin/python3 "$here/../lab/scripted.py" $address 8300 >/dev/null 2>&1 &
        pids+=($!)
    done
    for port in 8001 8399; do
        for _ in $(seq 100); do
            ip netns exec $C bash -c "exec 3<>/dev/tcp/10.101.0.2/$port" 2>/dev/null && continue 2
            sleep 0.1
        done
        bad "nothing listens on $port"
        exit 1
    done
}

put() { # PORT PATH [curl options]
    local port=$1 path=$2
    shift 2
    ip netns exec $C curl -q -s -o /dev/null --max-time 10 -T "${body:-$tmp/file}" -H 'Expect: 100-continue' \
        "$@" "http://10.101.0.2:$port/$path"
}

# watch NAME ARGUMENTS...: await100 in the client's namespace; $pid, output in $tmp/NAME.out and .err
sockets() { ip netns exec $C cat /proc/net/packet | wc -l; }
watch() {
    local name=$1 before
    shift
    before=$(sockets)
    : >"$tmp/$name.err" # an earlier run of that name must not speak for this one
    ip netns exec $C "$program" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
    pid=$!
    pids+=($pid)
    # It says so; with -q, a packet socket more than there was has to do.
    for _ in $(seq 100); do
        grep -q 'capturing on' "$tmp/$name.err" && return
        case " $* " in *" -q "*) [ "$(sockets)" -gt "$before" ] && sleep 0.1 && return ;; esac
        kill -0 $pid 2>/dev/null || return
        sleep 0.05
    done
}
stop() { # [SIGNAL]: of $pid; its exit status in $status
    kill "-${1:-INT}" $pid 2>/dev/null
    { wait $pid; } 2>/dev/null
    status=$?
}
# Waits for its own end; where that does not come, the exit status is that of KILL.
ended() {
    until_true eval "! kill -0 $pid 2>/dev/null" || kill -KILL $pid
    wait $pid
    status=$?
}
until_true() { for _ in $(seq 60); do "$@" && return; sleep 0.1; done; return 1; }
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# --- the same as offline ---

traffic() {
    put 8001 up/a
    put 8001 forbidden/b
    put 8300 up/ignored
    put 8303 up/refused
    put 8316 up/continued
    put 8302 up/slow
    put 8308 up/deadlock --expect100-timeout 20 # the server gives up after 3 s
    put 8301 up/gave-up --expect100-timeout 20 --max-time 1
}

same() {
    ip netns exec $C tcpdump -i c0 -Z root --immediate-mode -U -B 32768 --time-stamp-precision=nano -w "$tmp/same.pcap" tcp \
        2>"$tmp/same.tcpdump" &
    local dump=$!
    pids+=($dump)
    until_true grep -q 'listening on' "$tmp/same.tcpdump"
    watch same -i c0 -o ndjson --record "$tmp/recorded.pcap" tcp
    traffic
    sleep 0.5
    stop
    is "same: exit status" 0 $status
    kill -INT $dump
    wait $dump
    "$program" -r "$tmp/same.pcap" -o ndjson >"$tmp/same.offline"
    if /usr/bin/python3 "$here/compare.py" "$tmp/same.out" "$tmp/same.offline" >"$tmp/same.diff" 2>&1; then
        ok
    else
        bad "same: live and tcpdump:"
        cat "$tmp/same.diff"
    fi
    is "same: records" 9 "$(wc -l <"$tmp/same.out")"
    # Over the packets that it recorded itself: the same bytes, but for the input's name.
    "$program" -r "$tmp/recorded.pcap" -o ndjson | sed 's/"file":"[^"]*"/"file":""/g' >"$tmp/same.recorded"
    sed 's/"file":"[^"]*"/"file":""/g' "$tmp/same.out" >"$tmp/same.live"
    if cmp "$tmp/same.live" "$tmp/same.recorded"; then ok; else bad "same: live and its own recording"; fi
    # Of two interfaces as well, where a packet is seen on each.
    watch both -i c0 -i lo -A -o ndjson --record "$tmp/both.pcap" tcp
    put 8316 up/both
    put 8300 up/both
    sleep 0.3
    stop
    "$program" -r "$tmp/both.pcap" -A -o ndjson | sed 's/"file":"[^"]*"/"file":""/g' >"$tmp/both.recorded"
    sed 's/"file":"[^"]*"/"file":""/g' "$tmp/both.out" >"$tmp/both.live"
    is "two interfaces: records" 2 "$(wc -l <"$tmp/both.live")"
    if cmp "$tmp/both.live" "$tmp/both.recorded"; then ok; else bad "two interfaces: live and recording"; fi
}

# One interface by several sockets, each with some of the connections: nothing is missing, nothing
# comes twice, and what it says is what the packets say in the order in which they were recorded.
shared() {
    local of before one jobs
    watch one -i c0 -j 1 -A -o ndjson tcp
    one=$pid
    before=$(sockets)
    for of in c0 any; do
        watch shared-$of -i $of -j 4 -A -o ndjson --record "$tmp/shared.pcap" tcp
        jobs=()
        for i in $(seq 12); do
            put 8316 up/$of$i-continued & jobs+=($!)
            body=$tmp/large put 8001 up/$of$i-large & jobs+=($!)
            put 8303 up/$of$i-refused & jobs+=($!)
        done
        wait "${jobs[@]}"
        sleep 0.3
        is "shared: $of: sockets" 4 $(($(sockets) - before))
        stop
        is "shared: $of: exit status" 0 $status
        "$program" -r "$tmp/shared.pcap" -A -o ndjson | sed 's/"file":"[^"]*"/"file":""/g' >"$tmp/shared.recorded"
        sed 's/"file":"[^"]*"/"file":""/g' "$tmp/shared-$of.out" >"$tmp/shared.live"
        if cmp "$tmp/shared.live" "$tmp/shared.recorded"; then ok; else bad "shared: $of: live and recording"; fi
    done
    pid=$one
    stop
    for of in c0 any; do
        grep "\"target\":\"/up/$of" "$tmp/one.out" >"$tmp/one.part"
        if /usr/bin/python3 "$here/compare.py" "$tmp/shared-$of.out" "$tmp/one.part" >"$tmp/shared.diff" 2>&1; then
            ok
        else
            bad "shared: $of: four sockets and one:"
            cat "$tmp/shared.diff"
        fi
    done
}

# --- the end ---

# What was captured just before the stop is in the report, watched or not, whatever stops it.
last_packets() {
    for how in INT TERM; do
        for quiet in '' -q; do
            # shellcheck disable=SC2086 # none, or a word
            watch last -i c0 $quiet -o text tcp
            put 8316 up/last
            stop $how
            is "last packets: $how $quiet: exit status" 0 $status
            has "last packets: $how $quiet" '^Exchanges *1 HTTP, 1 with' "$tmp/last.out"
        done
    done
}

stops() {
    watch count -i c0 -c 7 -o json tcp
    put 8316 up/count
    ended
    is "-c: exit status" 0 $status
    is "-c: packets" 7 "$(jq .input.packets "$tmp/count.out")"
    watch duration -i c0 -a duration:1.5 -o json tcp
    put 8316 up/duration
    ended
    is "-a: exit status" 0 $status
    is "-a: exchanges" 1 "$(jq .exchanges.expectation "$tmp/duration.out")"
    watch several -i c0 -i lo -o json tcp
    put 8316 up/several
    ip netns exec $C bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>/dev/null
    stop
    is "two interfaces: connections" 2 "$(jq .connections.seen "$tmp/several.out")"
    is "two interfaces: name" '["c0,lo"]' "$(jq -c '[.input.files[] | if type == "object" then .name else . end]' "$tmp/several.out")"
    watch any -i any -o json tcp
    put 8316 up/any
    stop
    is "any: exchanges" 1 "$(jq .exchanges.expectation "$tmp/any.out")"
    # A reader that goes away ends it, without a word.
    mkfifo "$tmp/fifo"
    head -n 1 "$tmp/fifo" >"$tmp/first" &
    local reader=$!
    watch pipe -i c0 -q -o ndjson -O "$tmp/fifo" tcp
    put 8316 up/pipe1
    wait $reader
    put 8316 up/pipe2
    until_true eval "! kill -0 $pid 2>/dev/null" && ok || bad "closed pipe: it goes on"
    stop
    is "closed pipe: exit status" 0 $status
    is "closed pipe: words" "" "$(cat "$tmp/pipe.err")"
}

# --- what comes while it runs ---

# Rows of CSV as they end; into a file, as every report that does not grow, whole and at the end.
rows() {
    watch rows -i c0 -o csv tcp
    until_true lines "$tmp/rows.out" 1 && ok || bad "csv: no head before the first row"
    put 8316 up/one
    until_true lines "$tmp/rows.out" 2 && ok || bad "csv: no row while it runs"
    put 8303 up/two
    until_true lines "$tmp/rows.out" 4
    stop
    is "csv: exit status" 0 $status
    is "csv: heads and rows" "1 3" "$(grep -c '^id,file,' "$tmp/rows.out") $(grep -c 'http://\|,/up/' "$tmp/rows.out")"
    watch rows -i c0 -o csv -O "$tmp/rows.csv" tcp
    put 8316 up/one
    sleep 0.3
    [ -e "$tmp/rows.csv" ] && bad "csv: a file before its end" || ok
    stop
    is "csv: rows of the file" 2 "$(wc -l <"$tmp/rows.csv")"
}

# --- a person who watches ---

watching() {
    watch lines -i c0 -q tcp
    put 8300 up/stall &
    local client=$!
    until_true grep -q 'waiting .*so far no answer.*PUT /up/stall' "$tmp/lines.out" && ok ||
        bad "watching: no provisional line"
    hasnt "watching: the verdict before the end" 'ignored' "$tmp/lines.out"
    wait $client
    until_true grep -q 'warning ignored .* 201 .*PUT /up/stall' "$tmp/lines.out" && ok ||
        bad "watching: no line of the verdict"
    stop
    has "watching: the report" '^Verdicts  *1 warning' "$tmp/lines.out"
    is "watching: words" "" "$(cat "$tmp/lines.err")"
}

signals() {
    mkdir "$tmp/logs"
    watch rotate -i c0 -o ndjson -O "$tmp/logs/log" tcp
    put 8316 up/before
    until_true lines "$tmp/logs/log" 1
    mv "$tmp/logs/log" "$tmp/logs/log.1"
    kill -HUP $pid
    until_true [ -e "$tmp/logs/log" ]
    put 8316 up/after
    until_true lines "$tmp/logs/log" 1
    kill -USR1 $pid
    until_true grep -q 'so far .* 2 with an expectation' "$tmp/rotate.err" && ok || bad "USR1: no totals"
    stop TERM
    is "HUP: exit status" 0 $status
    has "HUP: the old file" 'up/before' "$tmp/logs/log.1"
    has "HUP: the new file" 'up/after' "$tmp/logs/log"
    hasnt "HUP: the new file" 'up/before' "$tmp/logs/log"
    # A client that waits is told of while it does.
    watch now -i c0 -o json tcp
    put 8300 up/now --expect100-timeout 3 &
    local client=$!
    sleep 0.5
    kill -USR1 $pid
    until_true grep -q ' 1  waiting now' "$tmp/now.err" && ok || bad "USR1: nobody waits"
    wait $client
    stop
}

# All outputs at once, in a folder of root's, after root was given up: packets rotate, and what was
# moved away is made anew.
outputs() {
    local dir=$tmp/outputs causes
    mkdir -m 755 "$dir"
    watch outputs -Z nobody -i c0 -o ndjson -O "$dir/log" -w "$dir/failing" \
        --record "$dir/ring" -C 1 -W 3 --metrics "$dir/metrics" tcp
    sandboxed && is "outputs: whose process" nobody "$(ps -o user= -p $pid)"
    put 8300 up/one
    until_true lines "$dir/log" 1
    until_true "$program" -r "$dir/failing" -o json -O /dev/null
    for file in log failing metrics; do mv "$dir/$file" "$dir/$file.1"; done
    kill -HUP $pid
    until_true [ -e "$dir/log" ]
    until_true [ -e "$dir/failing" ] && ok || bad "outputs: HUP makes no -w"
    put 8303 up/two
    for i in 1 2 3 4; do body=$tmp/large put 8001 "up/large$i"; done
    until_true lines "$dir/log" 7 # with the retry
    stop
    is "outputs: exit status" 0 $status
    is "outputs: the ring" "ring0 ring1 ring2" "$(cd "$dir" && echo ring*)"
    for file in "$dir"/ring*; do
        tcpdump -nr "$file" >"$tmp/packets" 2>"$tmp/words" || bad "outputs: $file"
        is "outputs: ${file##*/}: whole" 0 "$(grep -c truncated "$tmp/words")"
    done
    is "outputs: -w, what was moved" /up/one "$("$program" -r "$dir/failing.1" -o ndjson | jq -r .request.target)"
    is "outputs: -w, what came then" "/up/two /up/two" \
        "$("$program" -r "$dir/failing" -o ndjson | jq -r .request.target | xargs)"
    causes=$(cat "$dir/log.1" "$dir/log" | jq -r '.verdict | select(.severity == "warning" or .severity == "error") | .cause' | xargs)
    is "outputs: -w, causes" "$causes" \
        "$(for file in failing.1 failing; do "$program" -r "$dir/$file" -o ndjson; done |
            jq -r '.verdict | select(.severity == "warning" or .severity == "error") | .cause' | xargs)"
    has "outputs: metrics" '^await100_expectation_exchanges_total' "$dir/metrics"
    is "outputs: nothing else is left" "failing failing.1 log log.1 metrics metrics.1 ring0 ring1 ring2" \
        "$(cd "$dir" && echo $(ls -A))"
}

# Killed while it writes: what is there is whole, and of what was not finished nothing stays, or not
# for longer than until the next run where the keeper was killed as well.
killed() {
    local dir=$tmp/killed.d both round keeper
    mkdir "$dir"
    for both in '' keeper; do
        for round in 1 2 3; do
            rm -f "$dir"/* # not what is hidden
            watch killed -i c0 -o ndjson -O "$dir/log" -w "$dir/failing" --record "$dir/every" \
                --metrics "$dir/metrics" tcp
            keeper=$(pgrep -P $pid)
            body=$tmp/large put 8001 up/large &
            local client=$!
            put 8303 up/killed
            until_true lines "$dir/log" 1
            kill -KILL $pid ${both:+$keeper}
            { wait $pid $client; } 2>/dev/null
            is "KILL: lines are records" "$(wc -l <"$dir/log")" "$(jq -c .id "$dir/log" 2>/dev/null | wc -l)"
            for file in failing every; do
                if [ -s "$dir/$file" ]; then
                    tcpdump -nr "$dir/$file" >"$tmp/packets" 2>"$tmp/words"
                    is "KILL: $file: whole" 0 "$(grep -c truncated "$tmp/words")"
                fi
            done
        done
    done
    sandboxed || return # there is no keeper
    watch report -i c0 -o json -O "$dir/report" tcp
    keeper=$(pgrep -P $pid)
    is "KILL: a report under way" 1 "$(ls -A "$dir" | grep -c '^\.report\.')"
    stop KILL
    until_true eval "! kill -0 $keeper 2>/dev/null"
    is "KILL: its keeper removes it" 0 "$(ls -A "$dir" | grep -c '^\.report\.')"
    watch report -i c0 -o json -O "$dir/report" tcp
    kill -KILL "$(pgrep -P $pid)"
    stop KILL
    is "KILL: with its keeper" 1 "$(ls -A "$dir" | grep -c '^\.report\.')"
    watch report -i c0 -o json -O "$dir/report" tcp
    stop
    is "KILL: the next run's report" 0 "$(jq .exchanges.all "$dir/report")"
    is "KILL: the next run cleans" 0 "$(ls -A "$dir" | grep -c '^\.')"
}

# A disk that is full for a while: what cannot be written is let go, whole, and told; then it goes on.
full_disk() {
    mkdir "$tmp/small"
    mount -t tmpfs -o size=64k,mode=755 tmpfs "$tmp/small" 2>/dev/null || { echo "live: no tmpfs here"; return; }
    head -c 61000 /dev/zero >"$tmp/small/ballast"
    watch full -i c0 -o ndjson -O "$tmp/small/log" tcp
    for i in 1 2 3 4; do put 8316 up/full$i; done
    until_true grep -q 'No space left' "$tmp/full.err" && ok || bad "full disk: not a word"
    rm "$tmp/small/ballast"
    put 8316 up/room
    until_true grep -q up/room "$tmp/small/log"
    stop
    is "full disk: exit status" 4 $status
    has "full disk: what came later" up/room "$tmp/small/log"
    has "full disk: told" 'records let go' "$tmp/full.err"
    is "full disk: whole records" "$(wc -l <"$tmp/small/log")" "$(jq -c .id "$tmp/small/log" | wc -l)"
    # Packets: those that there is no room for are let go, the run goes on.
    rm -f "$tmp/small"/*
    head -c 60000 /dev/zero >"$tmp/small/ballast" # a page is left: less than it takes, however few packets
    watch fullpackets -i c0 -o ndjson -O "$tmp/full.log" -w "$tmp/small/failing" \
        --record "$tmp/small/every" tcp
    for i in 1 2 3 4; do put 8303 up/full$i; done
    no_room() { grep -q -e '--record .*No space left.*let go until' "$tmp/fullpackets.err"; }
    until_true no_room || until_true no_room || until_true no_room && ok ||
        bad "full disk: not a word of --record"
    rm "$tmp/small/ballast"
    put 8300 up/room
    until_true grep -q up/room "$tmp/full.log"
    sleep 1.2
    stop
    is "full disk: packets: exit status" 4 $status
    has "full disk: packets: told" '--record .*packets were let go for want of room' "$tmp/fullpackets.err"
    is "full disk: records all the same" 9 "$(wc -l <"$tmp/full.log")"
    for file in failing every; do
        "$program" -r "$tmp/small/$file" -o ndjson >"$tmp/packets" 2>"$tmp/words"
        is "full disk: $file: whole" 0 $?
        has "full disk: $file: what came later" up/room "$tmp/packets"
    done
    # A report and metrics: none, rather than half of one; the old ones stay.
    rm -f "$tmp/small"/*
    echo old >"$tmp/small/report"
    echo old >"$tmp/small/metrics"
    head -c 56500 /dev/zero >"$tmp/small/ballast"
    watch fullreport -i c0 -o html -O "$tmp/small/report" --metrics "$tmp/small/metrics" tcp
    put 8300 up/full
    stop
    is "full disk: report: exit status" 4 $status
    has "full disk: report: told" 'report: cannot write the report: No space left' "$tmp/fullreport.err"
    is "full disk: the old report" old "$(cat "$tmp/small/report")"
    is "full disk: the old metrics" old "$(cat "$tmp/small/metrics")"
    is "full disk: nothing half done" "ballast metrics report" "$(cd "$tmp/small" && echo $(ls -A))"
    umount "$tmp/small"
}

# A reader of packets that goes away ends it, too.
closed_pipes() {
    for option in -w --record; do
        rm -f "$tmp/packets.fifo"
        mkfifo "$tmp/packets.fifo"
        head -c 24 "$tmp/packets.fifo" >"$tmp/first" &
        local reader=$!
        watch pipe -i c0 -q -o json $option "$tmp/packets.fifo" tcp
        put 8300 up/pipe1
        wait $reader
        put 8300 up/pipe2
        sleep 0.3
        stop
        is "closed pipe: $option: exit status" 0 $status
        is "closed pipe: $option: words" "" "$(cat "$tmp/pipe.err")"
        is "closed pipe: $option: a report" true "$(jq '.exchanges.expectation > 0' "$tmp/pipe.out")"
    done
}

# Too few descriptors: it runs, or says what is missing.
few_descriptors() {
    local dir=$tmp/few n status
    mkdir "$dir"
    for n in $(seq 4 24); do
        # shellcheck disable=SC2016
        ip netns exec $C bash -c 'exec 3>&- 4>&- 5>&-; ulimit -n "$1" && shift && exec "$@"' - "$n" \
            "$program" -i c0 -a duration:0.1 -o json -O "$dir/report" \
            -w "$dir/failing" --record "$dir/every" --metrics "$dir/metrics" \
            >"$tmp/few.out" 2>"$tmp/few.err"
        status=$?
        case $status in
        0 | 2 | 3 | 4) ;;
        *) bad "descriptors: $n: exit status $status: $(cat "$tmp/few.err")" ;;
        esac
        [ $status -eq 0 ] || [ -s "$tmp/few.err" ] || bad "descriptors: $n: not a word"
    done
    is "descriptors: enough" 0 $status
    is "descriptors: nothing half done" "every failing metrics report" "$(cd "$dir" && echo $(ls -A))"
}

# --- interfaces ---

interfaces() {
    ip netns exec $C "$program" -D >"$tmp/list" 2>&1
    has "-D" '^c0 ' "$tmp/list"
    ip netns exec $C "$program" -i co >"$tmp/wrong" 2>&1
    is "wrong interface: exit status" 3 $?
    has "wrong interface" 'did you mean c0' "$tmp/wrong"
    cp "$program" "$tmp/await100"
    ip netns exec $C setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/await100" -i c0 >"$tmp/permission" 2>&1
    is "no permission: exit status" 3 $?
    has "no permission" 'CAP_NET_RAW' "$tmp/permission"
    sandboxed && has "no permission: the way" "setcap cap_net_raw,cap_net_admin=eip $tmp/await100" "$tmp/permission"
    ip netns exec $C "$program" -i c0 'no filter' >"$tmp/filter" 2>&1
    is "bad filter: exit status" 2 $?

    local jobs
    for jobs in 1 3; do # a socket, and three that share the interface
        watch down -i c0 -j $jobs -o json tcp
        ip -n $C link set c0 down
        until_true grep -q 'c0: the interface is down' "$tmp/down.err" && ok || bad "down: -j $jobs: not said"
        sleep 0.7
        ip -n $C link set c0 up
        until_true grep -q 'c0: it is up again' "$tmp/down.err" && ok || bad "up: -j $jobs: not said"
        put 8316 up/again
        stop
        is "down and up: -j $jobs: said once" 2 "$(grep -c 'c0: ' "$tmp/down.err")"
        is "down and up: -j $jobs: exchanges" 1 "$(jq .exchanges.expectation "$tmp/down.out")"

        sandboxed || continue # it would wait for it to come back, as below
        ip -n $C link add gone type veth peer name other
        ip -n $C link set gone up
        watch gone -i gone -j $jobs -o json
        ip -n $C link del gone
        ended
        is "removed: -j $jobs: exit status" 3 $status
        is "removed: -j $jobs: a report all the same" 0 "$(jq .exchanges.all "$tmp/gone.out")"
    done

    # Where the right to open it again was kept: it comes back, is captured anew, nothing comes twice.
    for jobs in 1 3; do
        returning_interface
        watch back -i back -j $jobs --no-sandbox -Z root -o json tcp
        returning_put up/before
        ip -n $C link del back
        until_true grep -q 'waiting for it to come back' "$tmp/back.err" && ok || bad "back: -j $jobs: not waited for"
        returning_interface
        until_true grep -q 'back: it is back' "$tmp/back.err" && ok || bad "back: -j $jobs: not said"
        sleep 0.8 # until the last of the sockets has looked
        returning_put up/after
        stop
        is "back: -j $jobs: exit status" 0 $status
        is "back: -j $jobs: exchanges" 2 "$(jq .exchanges.expectation "$tmp/back.out")"
        is "back: -j $jobs: nothing twice" 0 "$(jq '[.input.packets] | .[0] > 60' "$tmp/back.out" | grep -c true)"
        ip -n $C link del back
    done
}

# A second way to the same server, which can be taken away.
returning_interface() {
    ip -n $C link add back type veth peer name far netns $S
    ip -n $C addr add 10.102.0.1/24 dev back
    ip -n $S addr add 10.102.0.2/24 dev far
    ip -n $C link set back up
    ip -n $S link set far up
    sleep 0.3
}
returning_put() {
    ip netns exec $C curl -q -s -o /dev/null --max-time 10 -T "$tmp/file" -H 'Expect: 100-continue' \
        "http://10.102.0.2:8316/$1"
}

# --- the service ---

# systemd takes the unit, and what the README shows of it is in it.
service() {
    local unit=$here/../../src/dist/await100.service line
    if command -v systemd-analyze >/dev/null; then
        sed "s#/usr/local/bin/await100#$program#; /^Documentation=/d" "$unit" >"$tmp/await100.service"
        systemd-analyze verify "$tmp/await100.service" >"$tmp/unit" 2>&1
        is "service: systemd-analyze" "" "$(grep await100 "$tmp/unit")"
    fi
    sed -n '/^\[Service\]/,/^```/{/^```/d;p}' "$here/../../README.md" >"$tmp/shown"
    is "service: shown" 6 "$(wc -l <"$tmp/shown")"
    sed 's/${INTERFACE}/any/' "$unit" >"$tmp/unit"
    while read -r line; do
        grep -qxF -e "$line" "$tmp/unit" && ok || bad "service: README has '$line'"
    done <"$tmp/shown"
}

# --- losses ---

# The program sleeps while more comes than its small buffer holds.
losses() {
    watch losses -i c0 -B 128 -o ndjson
    put 8300 up/losses --expect100-timeout 3 & # not over before the program sleeps, on any machine
    local client=$!
    sleep 0.3
    kill -STOP $pid
    ip netns exec $C /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20000):
    s.sendto(bytes(1200), ("10.101.0.2", 9))'
    kill -CONT $pid
    wait $client
    put 8316 up/after
    sleep 0.5
    stop
    has "losses: told" 'packets lost by the kernel.*-B' "$tmp/losses.err"
    is "losses: of what ran meanwhile" 0 "$(jq -r 'select(.request.target == "/up/losses") | .verdict.confidence' "$tmp/losses.out" | grep -c high)"
    watch fewer -i c0 -o json
    put 8316 up/fine
    stop
    is "no losses" 0 "$(jq .input.dropped "$tmp/fewer.out")"
}

network
servers
shift
[ $# -gt 0 ] || set -- interfaces same shared last_packets stops rows watching signals outputs killed full_disk closed_pipes few_descriptors service losses
for part; do
    $part
done
echo "live: $passed checks passed, $failed failed"
[ $failed -eq 0 ]
