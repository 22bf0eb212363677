# The cases of the lab: sourced by lab.sh, which explains the words used here.
# shellcheck shell=bash disable=SC2154

N=http://10.100.1.2:8001 A=http://10.100.1.2:8002 L=http://10.100.1.2:8003
E='Expect: 100-continue'
scr() { echo "http://10.100.1.2:$((8300 + $1))/up/$2"; }

nginx_cases() {
    if begin nginx-continued client; then
        transfer -T "$tmp/file" $N/up/a; code 201; got_100 1
        finish "curl nginx" "the handshake as it should be" "continued ok none"
    fi
    if begin nginx-continued-server server; then
        transfer -T "$tmp/file" $N/up/b; code 201; got_100 1
        finish "curl nginx" "the same, captured at the server" "continued ok none"
    fi
    if begin nginx-continued-any proxy; then
        transfer -T "$tmp/file" $N/up/c; code 201; got_100 1
        finish "curl nginx" "captured on a router's any device: every packet is there twice, one hop apart" "continued ok none"
    fi
    if begin nginx-continued-chunked client; then
        transfer -T - $N/up/d <"$tmp/file"; code 201; got_100 1
        finish "curl nginx" "chunked content after the 100" "continued ok none" .pcapng
    fi
    if begin nginx-keepalive client; then
        transfer -T "$tmp/file" $N/up/e -o /dev/null -T "$tmp/file" $N/up/f -o /dev/null -T "$tmp/file" $N/up/g; got_100 3
        finish "curl nginx" "three uploads on one connection" "continued ok none x3"
    fi
    if begin nginx-413 client; then
        transfer -T "$tmp/file" $N/small/a; code 413; no_100
        finish "curl nginx" "too large by its Content-Length: refused before the content, connection closed" "rejected-early info none"
    fi
    if begin nginx-403 client; then
        transfer -T "$tmp/file" $N/forbidden/a; code 403; no_100
        finish "curl nginx" "forbidden before the content; nginx would keep the connection, curl closes it" "rejected-early info none"
    fi
    if begin nginx-401-retry client; then
        transfer --anyauth -u user:pass -T "$tmp/file" $N/secret/a; code 201; got_100 1; seen '< HTTP/1.1 401'
        finish "curl nginx" "401 before the content, then the upload with credentials" "rejected-early info none; continued ok none"
    fi
    if begin nginx-return-200 client; then
        transfer -T "$tmp/file" $N/early/a; code 200; got_100 1
        finish "curl nginx" "return 200: the 100 and the final response leave together, the content follows all the same" "accepted-early info none"
    fi
    if begin nginx-get-expect client; then
        transfer -H "$E" $N/up/a; code 200
        finish "curl nginx" "Expect on a GET without content" "no-content warning client"
    fi
    if begin nginx-http10 client; then
        transfer -0 -H "$E" -T "$tmp/file" $N/up/h; code 201
        finish "curl nginx" "Expect on HTTP/1.0, content at once, no 100" "expect-http10 info client"
    fi
    if begin nginx-no-expect client; then
        transfer -H 'Expect:' -T "$tmp/file" $N/up/i; code 201; no_100
        finish "curl nginx" "no expectation at all" "none"
    fi
    if begin nginx-unknown-ignored client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $N/up/j; code 201; no_100
        finish "curl nginx" "an unknown expectation, ignored" "unknown-expectation info client"
    fi
    if begin one-direction client -Q in; then
        transfer -T "$tmp/file" $N/up/k; code 201; got_100 1
        finish "curl nginx" "only what the server sent was captured" "incomplete unknown capture"
    fi
    if begin one-direction-client client -Q out; then
        transfer -T "$tmp/file" $N/up/l; code 201; got_100 1
        finish "curl nginx" "only what the client sent was captured" "incomplete unknown capture"
    fi
    if begin snaplen-96 client -s 96; then
        transfer -T "$tmp/file" $N/up/m; code 201; got_100 1
        finish "curl nginx" "96 bytes of each packet: the request head is cut" "incomplete unknown capture"
    fi
}

apache_cases() {
    if begin apache-continued client; then
        transfer -T "$tmp/file" $A/up/ap1; code 201; got_100 1
        finish "curl apache" "the handshake as it should be" "continued ok none"
    fi
    if begin apache-post-small server; then
        transfer -H "$E" -X PUT -d name=value $A/up/ap2; code 201; got_100 1
        finish "curl apache" "Expect set by hand on ten bytes of content" "continued ok none" .gz
    fi
    if begin apache-401-retry client; then
        transfer --anyauth -u user:pass -T "$tmp/file" $A/secret/ap3; code 201; got_100 1; seen '< HTTP/1.1 401'
        finish "curl apache" "401 with close before the content, then the upload on a new connection" "rejected-early info none; continued ok none"
    fi
    if begin apache-403 client; then
        transfer -T "$tmp/file" $A/forbidden/a; code 403; no_100
        finish "curl apache" "forbidden before the content, with close" "rejected-early info none"
    fi
    if begin apache-413 client; then
        transfer -T "$tmp/file" $A/small/a; code 413; no_100
        finish "curl apache" "too large by its Content-Length, with close" "rejected-early info none"
    fi
    if begin apache-unknown-417 client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $A/up/ap4; code 417
        finish "curl apache" "an unknown expectation, refused" "unknown-expectation error client"
    fi
}

lighttpd_cases() {
    if begin lighttpd-continued client; then
        transfer -T "$tmp/file" $L/up/put.cgi; code 201; got_100 1
        finish "curl lighttpd" "the handshake as it should be" "continued ok none" .zst
    fi
    if begin lighttpd-413 client; then
        head -c 20000 /dev/zero | tr '\0' u >"$tmp/larger"
        transfer -T "$tmp/larger" $L/up/put.cgi; code 413; no_100
        finish "curl lighttpd" "too large by its Content-Length" "rejected-early info none"
    fi
    if begin lighttpd-401-retry client; then
        cp "$tmp/www/up/put.cgi" "$tmp/www/secret/put.cgi"
        transfer --anyauth -u user:pass -T "$tmp/file" $L/secret/put.cgi; code 201; got_100 1; seen '< HTTP/1.1 401'
        finish "curl lighttpd" "401 before the content, then the upload with credentials" "rejected-early info none; continued ok none"
    fi
    if begin lighttpd-403 server; then
        touch "$tmp/www/up/x.denied"
        transfer -T "$tmp/file" $L/up/x.denied; code 403; no_100
        finish "curl lighttpd" "forbidden before the content" "rejected-early info none"
    fi
}

scripted_cases() {
    if begin python-http-server client; then
        transfer -T "$tmp/file" http://10.100.1.2:8399/up/a; code 201; got_100 1
        finish "curl python" "Python's http.server sends the 100 in parsing" "continued ok none"
    fi
    if begin ignored client; then
        transfer -T "$tmp/file" "$(scr 0 a)"; code 201; no_100; waited
        finish "curl scripted" "a server that ignores Expect: curl gives up after a second" "ignored warning server"
    fi
    if begin ignored-300ms server; then
        transfer --expect100-timeout 0.3 -T "$tmp/file" "$(scr 0 b)"; code 201; no_100; waited
        finish "curl scripted" "the same with a timer of 300 ms, captured at the server" "ignored warning server"
    fi
    if begin ignored-large client; then
        head -c 24000 /dev/zero | tr '\0' u >"$tmp/larger"
        transfer -H "$E" --data-binary "@$tmp/larger" "$(scr 0 c)"; code 201; no_100; waited
        finish "curl scripted" "a POST of 24 kB with Expect set by hand, ignored" "ignored warning server"
    fi
    if begin late-continue client; then
        transfer -T "$tmp/file" "$(scr 1 a)"; code 201; waited; got_100 1
        finish "curl scripted" "the 100 comes 1.3 s after the head, curl waits one" "late-continue warning server"
    fi
    if begin slow-continue client; then
        transfer -T "$tmp/file" "$(scr 2 a)"; code 201; got_100 1; unseen 'Done waiting'
        finish "curl scripted" "the 100 comes after 0.6 s, in time for curl" "slow-continue warning server"
    fi
    if begin refused-retry client; then
        transfer -T "$tmp/file" "$(scr 3 a)"; code 201; seen '< HTTP/1.1 417' 1
        finish "curl scripted" "417 on a kept connection: curl repeats at once without Expect" "expect-refused warning server recovered"
    fi
    if begin refused-closed client; then
        transfer -T "$tmp/file" "$(scr 4 a)"; code 417
        finish "curl scripted" "417 with close: curl gives up" "expect-refused error server"
    fi
    if begin retry-loop client; then
        transfer -L -H "$E" --data-binary 0123456789 "$(scr 5 a)"; seen '< HTTP/1.1 417' 51
        finish "curl scripted" "Expect set by hand, 417 each time: 51 attempts" "expect-refused error server; retry-loop error client x50"
    fi
    if begin reset-unanswered client; then
        transfer -T "$tmp/file" "$(scr 6 a)"; code 000; no_100; seen 'reset by peer'
        finish "curl scripted" "RST instead of an answer" "reset-unanswered error server"
    fi
    if begin closed-unanswered client; then
        transfer -T "$tmp/file" "$(scr 7 a)"; code 000; no_100; seen 'Empty reply'
        finish "curl scripted" "FIN instead of an answer" "closed-unanswered error server"
    fi
    if begin deadlock-408 client; then
        transfer --expect100-timeout 10 -T "$tmp/file" "$(scr 8 a)"; code 408; no_100
        finish "curl scripted" "both wait until the server answers 408" "deadlock error server"
    fi
    if begin deadlock-client client; then
        transfer --expect100-timeout 10 --max-time 2 -T "$tmp/file" "$(scr 0 d)"; code 000; no_100; seen 'timed out'
        finish "curl scripted" "both wait until the client leaves" "deadlock error server"
    fi
    if begin request-timeout client; then
        script stall 10.100.1.2 8309; got_100; seen 408
        finish "client.py scripted" "the client has its 100 and does not go on" "request-timeout error client"
    fi
    if begin abandoned client; then
        script leave 10.100.1.2 8310; got_100
        finish "client.py scripted" "the client leaves in the middle of its content" "abandoned error client"
    fi
    if begin continue-unheeded client; then
        script slow 10.100.1.2 8316; got_100; seen '201 Created'
        finish "client.py scripted" "the client begins 0.9 s after its 100" "continue-unheeded warning client"
    fi
    if begin not-awaited client; then
        script at-once 10.100.1.2 8316; got_100; seen '201 Created'
        finish "client.py scripted" "head and content back to back" "not-awaited info client"
    fi
    if begin server-error client; then
        transfer -T "$tmp/file" "$(scr 10 a)"; code 500; got_100 1
        finish "curl scripted" "100, content, 500" "server-error error server"
    fi
    if begin duplicate-continue client; then
        transfer -T "$tmp/file" "$(scr 11 a)"; code 201; got_100 2
        finish "curl scripted" "two 100s" "duplicate-continue info server"
    fi
    if begin late-rejection client; then
        transfer -T "$tmp/file" "$(scr 12 a)"; code 413; got_100 1
        finish "curl scripted" "100, content, and then a 413" "late-rejection warning server"
    fi
    if begin no-response client; then
        transfer --max-time 2 -T "$tmp/file" "$(scr 13 a)"; code 100; got_100 1; seen 'timed out'
        finish "curl scripted" "100, content, silence; the client leaves" "no-response error server"
    fi
    if begin unsolicited-continue client; then
        transfer -d name=value "$(scr 14 a)"; code 200; got_100 1; unseen '> Expect'
        finish "curl scripted" "a 100 that nobody asked for" "unsolicited-continue info server"
    fi
}

proxy_cases() {
    if begin squid-continued proxy; then
        transfer -x http://10.100.0.1:3128 -T "$tmp/file" $A/up/sq1; code 201; got_100 1
        finish "curl squid apache" "both legs of a Squid that passes Expect and the 100 on" "continued ok none x2"
    fi
    if begin squid-unknown-417 client; then
        transfer -x http://10.100.0.1:3128 -H 'Expect: 200-ok' -T "$tmp/file" $A/up/sq2; code 417; seen 'X-Squid-Error'
        finish "curl squid" "Squid's own 417 to an unknown expectation" "unknown-expectation error client"
    fi
    if begin squid-origin-417 proxy; then
        transfer -x http://10.100.0.1:3128 -T "$tmp/file" "$(scr 3 sq3)"; code 201; seen '< HTTP/1.1 417' 1
        finish "curl squid scripted" "both legs: the origin refuses Expect, Squid passes the 417 on, curl repeats without" "expect-refused warning server recovered x2"
    fi
    if begin squid-dead-origin client; then
        transfer -x http://10.100.0.1:3128 -T "$tmp/file" http://10.100.1.2:9/up; code 503; seen 'X-Squid-Error'
        finish "curl squid" "nothing listens at the origin: Squid answers 503 itself" "gateway-error error intermediary"
    fi
    if begin haproxy-continued proxy; then
        transfer -T "$tmp/file" http://10.100.0.1:8201/up/ha1; code 201; got_100 1
        finish "curl haproxy apache" "both legs of an HAProxy that passes Expect and the 100 on" "continued ok none x2"
    fi
    if begin haproxy-417 client; then
        transfer -T "$tmp/file" http://10.100.0.1:8201/refused/x; seen '417'
        finish "curl haproxy" "HAProxy's own 417 bears no sign of a proxy; what curl repeats is refused too" "expect-refused error server"
    fi
    if begin haproxy-ignored proxy; then
        transfer -T "$tmp/file" http://10.100.0.1:8203/up/ha2; code 201; no_100; waited
        finish "curl haproxy scripted" "both legs: the origin ignores Expect, on both sides it was waited" "ignored warning server x2"
    fi
    if begin haproxy-503 client; then
        transfer -T "$tmp/file" http://10.100.0.1:8202/up/ha3; code 503; no_100; waited
        finish "curl haproxy" "dead backend: HAProxy tries for three seconds, curl gives up waiting after one" "gateway-error error intermediary"
    fi
    if begin nginx-proxy-answers proxy; then
        transfer -T "$tmp/file" http://10.100.0.1:8101/up/ng1; code 201; got_100 1
        finish "curl nginx apache" "both legs of an nginx that sends its own 100 and forwards no Expect" "continued ok none"
    fi
}

far_cases() {
    local F=http://10.100.2.3
    if begin far-continued far-client; then
        transfer -T "$tmp/file" $F:8001/up/f1; code 201; got_100 1
        finish "curl nginx" "over 40 ms of round trip, captured at the client" "continued ok none"
    fi
    if begin far-continued-server far-server; then
        transfer -T "$tmp/file" $F:8001/up/f2; code 201; got_100 1
        finish "curl nginx" "the same, captured at the server" "continued ok none"
    fi
    if begin far-crossed far-client; then
        transfer -T "$tmp/file" $F:8315/up/f3; code 201; waited; got_100 1
        finish "curl scripted" "the 100 is sent 20 ms before curl gives up, 40 ms of round trip away: it crosses the content" "late-continue warning server"
    fi
    if begin far-crossed-server far-server; then
        transfer -T "$tmp/file" $F:8315/up/f4; code 201; waited; got_100 1
        finish "curl scripted" "the same, captured at the server, where the 100 is seen before the content" "late-continue warning server"
    fi
    if begin far-lost-100 far-server; then
        echo "3 100 Continue" >"$tmp/trouble"
        transfer -T "$tmp/file" $F:8001/up/f5; code 201; waited
        : >"$tmp/trouble"
        finish "curl nginx" "the 100 is lost three times on its way; captured at the server" "network-loss warning network"
    fi
    if begin far-lost-head far-client; then
        echo "2 PUT " >"$tmp/trouble"
        transfer -T "$tmp/file" $F:8001/up/f6; code 201
        : >"$tmp/trouble"
        finish "curl nginx" "the head is lost twice on its way; captured at the client" "network-loss warning network"
    fi
    if begin far-pair far-both; then
        { head -c 4000 /dev/zero | tr '\0' u; printf middle; head -c 3994 /dev/zero | tr '\0' u; } >"$tmp/marked"
        transfer -T "$tmp/file" $F:8001/up/f7; code 201; got_100 1
        echo "1 middle" >"$tmp/trouble"
        transfer -T "$tmp/marked" $F:8001/up/f8; code 201; got_100 2
        echo "2 100 Continue" >"$tmp/trouble"
        transfer -T "$tmp/file" $F:8001/up/f9; code 201; got_100 3; unseen 'Done waiting'
        echo "1+150 PUT " >"$tmp/trouble"
        transfer -T "$tmp/file" $F:8001/up/f10; code 201; got_100 4
        : >"$tmp/trouble"
        finish "curl nginx" "four uploads: nothing befalls the first; of the second a piece of content is lost, of the third its 100 twice; the head of the fourth comes 150 ms late" \
            "continued ok none x3; slow-continue warning server" "" "continued ok none x3; network-loss warning network"
    fi
}

cases() {
    nginx_cases
    apache_cases
    lighttpd_cases
    scripted_cases
    proxy_cases
    far_cases
}
