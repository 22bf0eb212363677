# The wide cases of the lab (lab.sh --all): more clients, servers and proxies; sourced by lab.sh,
# which explains the words used here. peers.sh sets up what $needs names.
# shellcheck shell=bash disable=SC2154

G=http://10.100.1.2:8401 J=http://10.100.1.2:8402 K=http://10.100.1.2:8403 JDK=http://10.100.1.2:8404
T=http://10.100.1.2:8405 Y=http://10.100.1.2:8406 U=http://10.100.1.2:8407 AIO=http://10.100.1.2:8408
WS=http://10.100.1.2:8409 PL=http://10.100.1.2:8410 WB=http://10.100.1.2:8411 PS=http://10.100.1.2:8412
H2O=http://10.100.1.2:8413 NH=http://10.100.1.2:8414 AH=http://10.100.1.2:8415
V=http://10.100.0.1 F=http://10.100.2.3:8001 # F: over 40 ms of round trip

# What the client says it took, in seconds: a regular expression for its whole part.
took() { seen "^TIME $1[.]"; }
# A client in the background, with an account of its own that is added when it has ended; together
# waits for all of them.
apart() {
    commands="$commands${commands:+ ; }$*"
    (
        account=$log log=$log.$BASHPID
        "$@"
        cat "$log" >>"$account"
    ) &
    clients+=($!)
}
together() {
    for client in "${clients[@]}"; do wait "$client"; done
    clients=()
}
clients=()
# What a server's own account holds.
said() { grep -q -e "$2" "$tmp/$1.stdout" || { echo "$name: $1 did not say '$2'"; status=bad; }; }

origin_cases() {
    if needs="go go_server" begin go-continued client; then
        put go $G/up/a 8000; code 201; seen 'got 100' 1; said go 'PUT /up/a 100-continue 8000 201'
        finish "go" "Go to Go: the 100 comes when the handler reads" "continued ok none"
    fi
    if needs="go_server" begin go-403 client; then
        transfer -T "$tmp/file" $G/forbidden/a; code 403; no_100
        finish "curl go" "a Go handler that answers without reading" "rejected-early info none"
    fi
    if needs="go_server" begin go-early-200 client; then
        transfer -T "$tmp/file" $G/early/a; code 200; no_100
        finish "curl go" "200 without reading, the content stays at home" "accepted-early info none"
    fi
    if needs="go_server" begin go-late-continue client; then
        transfer -T "$tmp/file" $G/late/a; code 201; waited
        finish "curl go" "a Go handler that thinks 1.4 s before it reads: curl gives up, the 100 comes late or never" "late-continue warning server"
    fi
    if needs="go go_server" begin go-slow-continue client; then
        put go $G/think/a 8000; code 201; seen 'got 100' 1
        finish "go" "the handler thinks 0.6 s before it reads, in time for the client" "slow-continue warning server"
    fi
    if needs="go_server" begin go-late-rejection client; then
        transfer -T "$tmp/file" $G/after/a; code 403; got_100 1; said go 'PUT /after/a 100-continue 8000 403'
        finish "curl go" "read first, then 403" "late-rejection warning server"
    fi
    if needs="go_server" begin go-server-error client; then
        transfer -T "$tmp/file" $G/error/a; code 500; got_100 1
        finish "curl go" "read first, then 500" "server-error error server"
    fi
    if needs="go_server" begin go-silent client; then
        transfer --max-time 2 -T "$tmp/file" $G/silent/a; seen 'timed out'; got_100 1
        finish "curl go" "the handler reads and never answers; curl leaves after two seconds" "no-response error server"
    fi
    if needs="go_server" begin go-unknown-417 client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $G/up/b; code 417
        finish "curl go" "an unknown expectation, refused by Go" "unknown-expectation error client"
    fi
    if needs="go_server" begin go-obfuscated client; then
        transfer -H 'Expect: y 100-continue' -T "$tmp/file" $G/up/c; code 201; got_100 1
        finish "curl go" "a malformed Expect in which Go finds its token" "desync-risk warning client"
    fi
    if needs="node_server" begin node-continued server; then
        transfer -T "$tmp/file" $J/up/a; code 201; got_100 1
        finish "curl node" "Node.js sends the 100 by itself" "continued ok none"
    fi
    if needs="node_server" begin node-417 client; then
        transfer -T "$tmp/file" $K/refused/a; seen '< HTTP/1.1 417'
        finish "curl node" "a checkContinue handler that answers 417; Node closes, curl gives up" "expect-refused error server"
    fi
    if needs="node_server" begin node-413 client; then
        transfer -T "$tmp/file" $K/large/a; code 413; no_100
        finish "curl node" "a checkContinue handler that answers 413" "rejected-early info none"
    fi
    if needs="node_server" begin node-late-continue client; then
        transfer -T "$tmp/file" $K/late/a; code 201; waited; got_100 1
        finish "curl node" "a checkContinue handler that thinks for 1.4 s" "late-continue warning server"
    fi
    if needs="node_server" begin node-unasked-100 client; then
        transfer -H 'Expect:' -T "$tmp/file" $J/unasked/a; code 201; got_100 1
        finish "curl node" "a program that calls writeContinue() for a request without Expect" "unsolicited-continue info server"
    fi
    if needs="node_server" begin node-obfuscated client; then
        transfer -H 'Expect: 100-continue, x' -T "$tmp/file" $J/up/b; code 201; got_100 1
        finish "curl node" "two members in Expect, of which Node finds the one it knows" "desync-risk warning client"
    fi
    if needs="node_server" begin node-unknown-417 client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $J/up/c; code 417
        finish "curl node" "an unknown expectation, refused by Node.js" "unknown-expectation error client"
    fi
    if needs="node_server" begin node-application-417 client; then
        transfer -T "$tmp/file" $J/needless/a; code 417; got_100 1
        finish "curl node" "a 100, the content, and then a 417 of the application" "expect-refused error server"
    fi
    if needs="node_server" begin node-application-417-plain client; then
        transfer -H 'Expect:' -T "$tmp/file" $J/needless/b; code 417
        finish "curl node" "an application's 417 to a request without Expect" "application-417 warning server"
    fi
    if needs="tomcat" begin tomcat-continued client; then
        transfer -T "$tmp/file" $T/up/a; code 201; seen '< HTTP/1.1 100' 1
        finish "curl tomcat" "Tomcat's 100 has no reason phrase" "continued ok none"
    fi
    if needs="tomcat" begin tomcat-403 client; then
        transfer -T "$tmp/file" $T/forbidden/a; seen '< HTTP/1.1 403'
        finish "curl tomcat" "Tomcat sends the 100 before the servlet, which answers 403 at once" "late-rejection warning server"
    fi
    if needs="tomcat" begin tomcat-unknown-417 client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $T/up/b; code 417
        finish "curl tomcat" "an unknown expectation, refused without a reason phrase" "unknown-expectation error client"
    fi
    if needs="jdk_server" begin jdk-continued client; then
        transfer -T "$tmp/file" $JDK/up/a; code 201; got_100 1
        finish "curl java" "com.sun.net.httpserver: the 100 has Content-Length: 0" "continued ok none"
    fi
    if needs="jdk_server" begin jdk-http10 client; then
        transfer -0 -H "$E" -T "$tmp/file" $JDK/up/b; code 201
        finish "curl java" "com.sun.net.httpserver sends a 100 to HTTP/1.0 too" "expect-http10 info client"
    fi
    if needs="jetty" begin jetty-continued client; then
        transfer -T "$tmp/file" $Y/up/a; code 201; got_100 1
        finish "curl jetty" "Jetty sends the 100 when the handler reads" "continued ok none"
    fi
    if needs="jetty" begin jetty-slow-continue client; then
        transfer -T "$tmp/file" $Y/think/a; code 201; got_100 1; unseen 'Done waiting'
        finish "curl jetty" "a handler that thinks 0.6 s before it reads" "slow-continue warning server"
    fi
    if needs="jetty" begin jetty-403 server; then
        transfer -T "$tmp/file" $Y/forbidden/a; code 403; no_100
        finish "curl jetty" "403 before any 100, with close" "rejected-early info none"
    fi
    if needs="gunicorn" begin gunicorn-continued client; then
        transfer -T "$tmp/file" $U/up/a; code 201; got_100 1
        finish "curl gunicorn" "gunicorn sends the 100 in parsing" "continued ok none"
    fi
    if needs="gunicorn" begin gunicorn-late-rejection client; then
        transfer -T "$tmp/file" $U/large/a; code 413; got_100 1
        finish "curl gunicorn" "100, content, then the application's 413" "late-rejection warning server"
    fi
    if needs="gunicorn" begin gunicorn-two-lines client; then
        transfer -H "$E" -H 'expect: 100-continue' -T "$tmp/file" $U/up/b; code 201; got_100 2
        finish "curl gunicorn" "two Expect lines, a 100 for each" "desync-risk warning client"
    fi
    if needs="gunicorn" begin gunicorn-500 client; then
        transfer -T "$tmp/file" $U/error/a; code 500; got_100 1
        finish "curl gunicorn" "100, content, 500" "server-error error server"
    fi
    if needs="aiohttp_server" begin aiohttp-417 client; then
        transfer -T "$tmp/file" $AIO/refused/a; seen '< HTTP/1.1 417'; unseen '^CODE 201'
        finish "curl aiohttp" "an expect_handler that raises 417 keeps the connection and waits for the content: the head of curl's repeat is swallowed" "desync-risk error client"
    fi
    if needs="aiohttp_server" begin aiohttp-403 client; then
        transfer -T "$tmp/file" $AIO/after/a; code 403; got_100 1
        finish "curl aiohttp" "100, content, 403" "late-rejection warning server"
    fi
    if needs="library" begin python-417 client; then
        transfer -T "$tmp/file" $PL/refused/a; seen '< HTTP/1.1 417'; code 201
        finish "curl python" "Python's http.server with a handle_expect_100 that refuses; curl repeats without" "expect-refused warning server recovered"
    fi
    if needs="wsgiref" begin wsgiref-ignored client; then
        transfer -T "$tmp/file" $WS/up/a; code 201; no_100; waited
        finish "curl python" "wsgiref, an HTTP/1.0 server, knows no Expect" "ignored warning server"
    fi
    if needs="webrick" begin webrick-ignored client; then
        transfer -T "$tmp/file" $WB/up/a; code 201; no_100; waited
        finish "curl webrick" "WEBrick sends no 100 unless its servlet asks for it" "ignored warning server"
    fi
    if needs="webrick" begin webrick-continued client; then
        transfer -T "$tmp/file" $WB/continue/a; code 201; seen '< HTTP/1.1 100' 1
        finish "curl webrick" "a servlet that asks for the 100, written in lower case" "continued ok none"
    fi
    if needs="php_server" begin php-ignored server; then
        transfer -T "$tmp/file" $PS/up/a; no_100; waited; code 201
        finish "curl php" "PHP's own server knows no Expect; captured at the server" "ignored warning server"
    fi
    if needs="h2o" begin h2o-continued client; then
        transfer -T "$tmp/file" $H2O/up/h2o1; code 20; got_100 1
        finish "curl h2o" "h2o sends the 100 at once and proxies" "continued ok none"
    fi
    if needs="h2o" begin h2o-http10 client; then
        transfer -0 -H "$E" -T "$tmp/file" $H2O/up/h2o2; code 20
        finish "curl h2o" "h2o sends a 100 to HTTP/1.0 too" "expect-http10 info client"
    fi
}

harsh_cases() {
    if needs="nginx_harsh" begin nginx-444 client; then
        transfer -T "$tmp/file" $NH/drop/a; code 000; seen 'Empty reply'
        finish "curl nginx" "return 444: closed without a word" "closed-unanswered error server"
    fi
    if needs="nginx_harsh" begin nginx-return-100 client; then
        transfer --max-time 3 -T "$tmp/file" $NH/interim/a; got_100; seen 'Content-Length: 5'; unseen '^CODE [2-5]'
        finish "curl nginx" "return 100 with a text: nginx makes a 100 with Content-Length and content of it, and nothing follows" "malformed-continue error server"
    fi
    if begin lighttpd-cgi-100 client; then
        transfer --max-time 3 -T "$tmp/file" $L/up/interim.cgi; got_100 2; seen 'Content-Length: 5'
        finish "curl lighttpd" "a CGI program that answers Status: 100 with content: lighttpd passes the head on" "malformed-continue error server"
    fi
    if needs="gunicorn" begin gunicorn-100 client; then
        transfer --max-time 3 -T "$tmp/file" $U/interim/a; got_100 2; seen 'Content-Length: 5'
        finish "curl gunicorn" "an application that takes 100 for a status with content" "malformed-continue error server"
    fi
    if needs="nginx_harsh" begin nginx-444-reset client; then
        transfer -T "$tmp/file" $NH/reset/a; code 000; seen 'reset by peer'
        finish "curl nginx" "return 444 with reset_timedout_connection: reset" "reset-unanswered error server"
    fi
    if needs="nginx_harsh" begin nginx-417-desync client; then
        transfer -T "$tmp/file" $NH/refused/a; seen '< HTTP/1.1 417'; seen 'HTTP/1.1 417' 1
        finish "curl nginx" "return 417 keeps the connection and waits for the content: the head of curl's repeat is swallowed as content" "desync-risk error client"
    fi
    if needs="nginx_harsh" begin nginx-417-desync-server server; then
        head -c 3000 /dev/zero | tr '\0' u >"$tmp/short"
        transfer -T "$tmp/short" $NH/once/a; seen '< HTTP/1.1 417'; unseen '< HTTP/1.1 201'
        finish "curl nginx" "417 only to requests with Expect, captured at the server: the repeat that would have passed is swallowed" "desync-risk error client"
    fi
    if needs="nginx_harsh" begin nginx-417-plain client; then
        transfer -H 'Expect:' -T "$tmp/file" $NH/refused/b; code 417
        finish "curl nginx" "return 417 to a request that expects nothing" "application-417 warning server"
    fi
    if needs="nginx_harsh" begin nginx-408 client; then
        script stall 10.100.1.2 8414 /up/stall; got_100 1
        finish "client.py nginx" "client_body_timeout 2s: the client has its 100 and does not go on" "request-timeout error client"
    fi
    if needs="apache_harsh" begin apache-408 client; then
        script stall 10.100.1.2 8415 /up/stall; got_100 1; seen ' 408 '
        finish "client.py apache" "RequestReadTimeout body=2: the client has its 100 and does not go on" "request-timeout error client"
    fi
    if needs="apache_harsh" begin apache-408-curl client; then
        transfer -T - $AH/up/slow < <(head -c 3000 "$tmp/file"; sleep 4); got_100 1; seen '< HTTP/1.1 408'
        finish "curl apache" "the same with a curl that reads from a slow pipe" "request-timeout error client"
    fi
    if begin apache-parameters client; then
        transfer -H 'Expect: 100-continue;q=1' -T "$tmp/file" $A/up/w40; seen '< HTTP/1.1 417'
        finish "curl apache" "parameters make it another expectation than 100-continue, or none" "desync-risk warning client"
    fi
    if begin leaves-after-100 client; then
        script after 10.100.1.2 8002 /up/w41; got_100 1
        finish "client.py apache" "the client takes the 100 for all that comes and leaves; Apache answers what is not there" "abandoned error client"
    fi
    if begin first-piece-ignored client; then
        script first 10.100.1.2 8300 /up/w42; seen '201 Created'
        finish "client.py scripted" "a piece of the content with the head, the rest 1.4 s later" "ignored warning server"
    fi
    if needs="mono" begin mono-413-reset client; then
        put mono "$(scr 21 w43)" 40000
        finish "mono scripted" "413 and the end of the connection before HttpWebRequest sends what it sends all the same" "ignored-rejection warning client"
    fi
    if needs="haproxy_rules" begin haproxy-origin-closes proxy; then
        transfer -T "$tmp/file" $V:8310/closing/w44; code 502; no_100
        finish "curl haproxy scripted" "both legs: the origin closes without a word, HAProxy makes a 502 of it" "gateway-error error server; closed-unanswered error server"
    fi
    if begin curl-two-framings client; then
        transfer -H 'Content-Length: 3000' -T - $A/up/w0 < <(head -c 3000 "$tmp/file"); code 20
        finish "curl apache" "Content-Length set by hand on content that curl sends in chunks: Expect with both framings" "desync-risk warning client"
    fi
    if begin curl-gives-up client; then
        head -c 900000 /dev/zero | tr '\0' u >"$tmp/larger"
        transfer --limit-rate 20k --max-time 1 -T "$tmp/larger" $A/up/w1; got_100 1; seen 'timed out'
        finish "curl apache" "curl leaves in the middle of its content" "abandoned error client"
    fi
    if begin pending-content client; then
        head -c 150000 /dev/zero | tr '\0' u >"$tmp/larger"
        apart transfer --limit-rate 20k --max-time 3 -T "$tmp/larger" $A/up/w2
        sleep 1
        stop
        together
        got_100 1; seen 'timed out'
        finish "curl apache" "the capture ends in the middle of the content" "pending unknown none"
    fi
    if begin pending-waiting client; then
        apart transfer --expect100-timeout 10 --max-time 3 -T "$tmp/file" "$(scr 0 w3)"
        sleep 1
        stop
        together
        no_100; seen 'timed out'
        finish "curl scripted" "the capture ends while both wait" "pending unknown none"
    fi
    if begin response-lost client; then
        put http.client "$(scr 20 w4)" 2000000; seen 'CODE 000'
        finish "python scripted" "413 and a reset in the middle of content that nobody waited with" "response-lost error server"
    fi
    if begin response-lost-far far-server; then
        put http.client http://10.100.2.3:8320/up/w5 8000000; seen 'CODE 000'
        finish "python scripted" "the same over 40 ms of round trip, captured at the server" "response-lost error server"
    fi
    if needs="go_server" begin go-response-lost client; then
        put http.client $G/forbidden/rl 2000000; seen 'CODE 000'
        finish "python go" "a Go handler that does not read: 403, then a reset of what http.client still sends" "response-lost error server"
    fi
    if begin ignored-rejection client; then
        put slow $L/forbidden.denied 8000; code 40
        finish "python lighttpd" "http.client sends on for 0.7 s after a final response with close" "ignored-rejection warning client"
    fi
    if begin ignored-rejection-close client; then
        put slow $A/forbidden/ir1 8000; code 40
        finish "python apache" "the same to Apache, captured at the client: 403 with close, and the content goes on" "ignored-rejection warning client"
    fi
    if begin ignored-rejection-kept server; then
        put slow $N/forbidden/ir2 8000; code 403
        finish "python nginx" "the same to nginx, which keeps the connection and reads on; captured at the server" "ignored-rejection info client"
    fi
    if needs="gunicorn" begin retry-loop-500 client; then
        transfer --retry 5 --retry-delay 1 -T "$tmp/file" $U/error/rl1; seen '< HTTP/1.1 500' 6
        finish "curl gunicorn" "curl --retry: six attempts a second apart, 500 each time" "server-error error server x4; retry-loop error client x2"
    fi
    if needs="mono" begin mono-403 far-client; then
        put mono $F/forbidden/a 8000
        finish "mono nginx" "HttpWebRequest hardly waits: the content is gone when the 403 comes" "not-awaited info client"
    fi
    if needs="nginx_harsh" begin keepalive-race far-client; then
        script reuse 10.100.2.3 8414 /up/race
        finish "client.py nginx" "a request that crosses the server's close of an idle connection" "closed-unanswered warning none"
    fi
    if begin malformed-length client; then
        transfer -T "$tmp/file" "$(scr 17 w5)"
        finish "curl scripted" "a 100 with Content-Length: 5 and five bytes" "malformed-continue error server"
    fi
    if begin malformed-chunked client; then
        transfer -T "$tmp/file" "$(scr 18 w6)"
        finish "curl scripted" "a 100 with Transfer-Encoding: chunked" "malformed-continue error server"
    fi
    if begin continue-after-final client; then
        transfer -T "$tmp/file" "$(scr 19 w7)"
        finish "curl scripted" "a 100 after the final response" "malformed-continue error server"
    fi
    if begin no-content-delete client; then
        transfer -X DELETE -H "$E" $A/up/none; code 404
        finish "curl apache" "Expect on a DELETE without content" "no-content warning client"
    fi
    if begin nginx-417-desync-post client; then
        transfer -H "$E" --data-binary 0123456789 $N/refused/a; seen '< HTTP/1.1 417'
        finish "curl nginx" "Expect set by hand: the repeat is swallowed as content, what is left of it answered with 400" "desync-risk error client; rejected-early info none"
    fi
    if needs="nginx_harsh" begin curl-307 client; then
        transfer -L -T "$tmp/file" $NH/moved/a; got_100 2; code 201
        finish "curl nginx" "return 307: a 100 and the redirect together, then the upload at the other place" "rejected-early info none; continued ok none"
    fi
}

# A Go origin of its own, to be stopped and killed: $victim.
victim() {
    serve victim 8416 "$tmp/serve-go" 10.100.1.2:8416
    victim=${pids[-1]}
    sleep 0.2
}
fault_cases() {
    local W=http://10.100.1.2:8416
    if needs="go_server" begin stopped-late-continue client; then
        victim
        kill -STOP $victim
        apart transfer -T "$tmp/file" $W/up/s
        sleep 1.6
        kill -CONT $victim
        together
        code 201; waited; got_100 1
        finish "curl go" "the server's process is stopped for 1.6 s: its system acknowledges, the 100 comes late" "late-continue warning server"
        kill $victim
    fi
    if needs="go_server" begin stopped-no-response server; then
        victim
        kill -STOP $victim
        transfer --max-time 3 -T "$tmp/file" $W/up/s; seen 'timed out'; no_100
        finish "curl go" "the server's process is stopped for good; curl sends its content after a second and leaves" "no-response error server"
        kill -KILL $victim
        wait $victim 2>/dev/null
    fi
    if needs="go_server" begin killed-thinking client; then
        victim
        apart transfer -T "$tmp/file" $W/think/s
        sleep 0.4
        kill -KILL $victim
        wait $victim 2>/dev/null
        together
        code 000; no_100; seen 'Empty reply'
        finish "curl go" "the server's process is killed before it has answered" "closed-unanswered error server"
    fi
    # What is left of one case may come up in the next: each has a server, and so a port, of its own.
    if needs="nft" filter='tcp port 8001' begin full-packets-lost client; then
        fault 'tcp dport 8001 meta length > 1000 drop'
        transfer --max-time 6 -T "$tmp/file" $N/up/w60; seen 'timed out'; got_100 1
        stop # before what is sent again passes
        mend
        finish "curl nginx" "small packets pass the router, full ones do not: the content never arrives" "network-loss error network"
    fi
    if needs="nft" filter='tcp port 8002' begin head-never-arrives client; then
        fault 'tcp dport 8002 meta length > 150 drop'
        transfer --expect100-timeout 10 --max-time 4 -T "$tmp/file" $A/up/w61; seen 'timed out'; no_100
        stop # before what is sent again passes
        mend
        finish "curl apache" "the handshake of TCP passes the router, the head does not" "network-loss error network"
    fi
    if needs="nft nginx_harsh" filter='tcp port 8414' begin lost-100-any proxy; then
        fault 'tcp sport 8414 meta length 77 quota until 150 bytes drop'
        transfer -T "$tmp/file" $NH/up/w62; code 201; got_100 1
        mend
        finish "curl nginx" "the router drops the 100 once; captured on its any device" "network-loss warning network"
    fi
    if needs="nft" filter='tcp port 8003' begin firewall-resets-head client; then
        fault 'tcp dport 8003 meta length > 150 reject with tcp reset'
        transfer -T "$tmp/file" $L/up/put.cgi; code 000; seen 'reset by peer'
        mend
        finish "curl lighttpd" "a firewall answers the head with a reset in the server's name" "reset-unanswered error server"
    fi
}

client_cases() {
    if needs="wget" begin wget-not-awaited far-client; then
        put wget $F/up/wg1 8000; seen 'HTTP/1.1 201'
        finish "wget nginx" "wget with Expect by hand: head and content back to back" "not-awaited info client"
    fi
    if needs="go" begin go-ignored client; then
        put go "$(scr 0 w8)" 8000; code 201; took 1
        finish "go scripted" "ExpectContinueTimeout of one second" "ignored warning server"
    fi
    if needs="go" begin go-at-once far-client; then
        put go $F/up/go1 8000 0s; code 20; took 0
        finish "go nginx" "ExpectContinueTimeout 0: Expect is sent, the content follows at once" "not-awaited info client"
    fi
    if needs="go" begin go-417 client; then
        put go "$(scr 3 w9)" 8000; code 417
        finish "go scripted" "Go reports a 417 and does not repeat" "expect-refused error server"
    fi
    if needs="java" begin java-url-ignored client; then
        put java-url "$(scr 0 w10)" 8000; code 201; took 5
        finish "java scripted" "HttpURLConnection waits five seconds; its value is 100-Continue" "ignored warning server"
    fi
    if needs="java" begin java-url-continued client; then
        put java-url $A/up/j1 8000; code 20; took 0
        finish "java apache" "HttpURLConnection, 100-Continue" "continued ok none"
    fi
    if needs="java" begin java-http-deadlock client; then
        put java-http "$(scr 0 w11)" 8000 3; code 000; took 3
        finish "java scripted" "java.net.http waits until its timeout of three seconds and leaves" "deadlock error server"
    fi
    if needs="java" begin java-http-continued client; then
        put java-http $A/up/j2 8000; code 20
        finish "java apache" "java.net.http" "continued ok none"
    fi
    if needs="java" begin java-apache-ignored client; then
        put java-apache "$(scr 0 w12)" 8000; code 201; took '[34]'
        finish "httpclient scripted" "Apache HttpClient waits three seconds" "ignored warning server"
    fi
    if needs="java" begin java-apache-413 client; then
        put java-apache $A/small/a 8000; code 413
        finish "httpclient apache" "Apache HttpClient keeps its content at home" "rejected-early info none"
    fi
    if needs="php" begin php-continued client; then
        put php $A/up/p1 8000; code 20; got_100 1
        finish "php apache" "PHP's curl extension sends Expect by itself" "continued ok none"
    fi
    if needs="php" begin php-ignored-client client; then
        put php "$(scr 0 w13)" 8000; code 201; waited
        finish "php scripted" "and gives up after a second" "ignored warning server"
    fi
    if needs="perl" begin perl-continued client; then
        put perl $A/up/l1 8000; code 20
        finish "perl apache" "LWP" "continued ok none"
    fi
    if needs="perl" begin perl-dies client; then
        put perl "$(scr 0 w14)" 8000; took 2; unseen 'CODE 201'
        finish "perl scripted" "LWP waits two seconds, then dies" "deadlock error server"
    fi
    if needs="ruby" begin ruby-at-once far-client; then
        put ruby $F/up/r1 8000; code 20
        finish "ruby nginx" "Net::HTTP without continue_timeout: at once" "not-awaited info client"
    fi
    if needs="ruby" begin ruby-ignored client; then
        put ruby "$(scr 0 w15)" 8000 0.7; code 201
        finish "ruby scripted" "Net::HTTP with a continue_timeout of 0.7 s" "ignored warning server"
    fi
    if needs="node" begin node-client-continued client; then
        put node $A/up/n1 8000; code 20; seen 'got 100' 1
        finish "node apache" "a program that sends on 'continue'" "continued ok none"
    fi
    if needs="node" begin node-client-deadlock client; then
        put node "$(scr 0 w16)" 8000 never 3; code 000; took 3
        finish "node scripted" "a program that has no timer waits until it gives all up" "deadlock error server"
    fi
    if needs="node" begin node-client-at-once far-client; then
        put node $F/up/n2 8000 0; code 20
        finish "node nginx" "a program that does not listen to 'continue'" "not-awaited info client"
    fi
    if begin python-client-at-once far-server; then
        put http.client $F/up/py1 8000; code 20
        finish "python nginx" "http.client with Expect by hand never waits" "not-awaited info client"
    fi
    if needs="aiohttp" begin aiohttp-continued client; then
        put aiohttp $A/up/ai1 8000; code 20
        finish "aiohttp apache" "expect100=True" "continued ok none"
    fi
    if needs="aiohttp" begin aiohttp-deadlock server; then
        put aiohttp "$(scr 0 w17)" 8000 3; code 000; took 3
        finish "aiohttp scripted" "waits for ever, until the total timeout; captured at the server" "deadlock error server"
    fi
    if needs="aiohttp" begin aiohttp-http10 client; then
        put aiohttp10 "$(scr 1 w18)" 8000; code 201
        finish "aiohttp scripted" "HTTP/1.0 with Expect, and the client waits 1.3 s for a 100 that it should not get" "expect-http10 warning client"
    fi
    if needs="botocore" begin s3-continued client; then
        put s3 $G/up/s3 8000; code 201; said go 'PUT /up/s3 100-continue 8000 201'
        finish "botocore go" "put_object sends Expect by itself" "continued ok none"
    fi
    if needs="botocore webrick" begin s3-ignored client; then
        put s3 $WB/up/s3 8000; code 201; took 1
        finish "botocore webrick" "and gives up after a second" "ignored warning server"
    fi
    if needs="mono" begin mono-at-once client; then
        put mono $A/up/m1 8000; code 20
        finish "mono apache" "HttpWebRequest sends Expect by itself and hardly waits" "continued ok none"
    fi
    if needs="mono" begin mono-ignored client; then
        put mono "$(scr 0 w20)" 8000; code 201; took 0
        finish "mono scripted" "nobody answers: the content comes within milliseconds" "not-awaited info client"
    fi
    if needs="soup" begin soup-continued client; then
        put soup $A/up/so1 8000; code 20
        finish "soup apache" "libsoup 2" "continued ok none"
    fi
}

relay_cases() {
    if needs="apache_proxy" begin apache-proxy-continued proxy; then
        transfer -T "$tmp/file" $V:8301/up/x1; code 20; got_100 1
        finish "curl apache" "both legs of an Apache that passes Expect and the 100 on, with Via" "continued ok none x2"
    fi
    if needs="apache_proxy" begin apache-proxy-503 client; then
        transfer -T "$tmp/file" $V:8321/up/x4; code 503
        finish "curl apache" "nothing listens at the origin" "server-error error server"
    fi
    if needs="varnish" begin varnish-continued proxy; then
        transfer -T "$tmp/file" $V:8302/up/v1; code 20; got_100 1
        finish "curl varnish apache" "Varnish sends its own 100 and forwards no Expect" "continued ok none"
    fi
    if needs="varnish" begin varnish-unknown-417 client; then
        transfer -H 'Expect: 200-ok' -T "$tmp/file" $V:8302/up/v2; code 417
        finish "curl varnish" "Varnish's own 417, without any field" "unknown-expectation error client"
    fi
    if needs="varnish" begin varnish-503 client; then
        transfer -T "$tmp/file" $V:8302/dead/v3; code 503; got_100 1
        finish "curl varnish" "a 100, the content, and then: the backend is dead" "gateway-error error intermediary"
    fi
    if needs="varnish" begin varnish-403 client; then
        transfer -T "$tmp/file" $V:8302/forbidden/v4; code 403; got_100 1
        finish "curl varnish" "Varnish sends the 100 before its own 403" "late-rejection warning intermediary"
    fi
    if needs="tinyproxy" begin tinyproxy-late proxy; then
        transfer -x $V:8303 -T "$tmp/file" $A/up/t1; code 20; waited
        finish "curl tinyproxy apache" "Tinyproxy reads the whole content before it listens to the origin: the 100 comes too late" "late-continue warning intermediary; continue-unheeded warning client"
    fi
    if needs="tinyproxy" begin tinyproxy-deadlock proxy; then
        transfer -x $V:8303 --expect100-timeout 10 --max-time 3 -T "$tmp/file" $A/up/t2; code 000; no_100
        finish "curl tinyproxy apache" "the same with a patient client: the 100 stays in the proxy until the client leaves" "continue-not-relayed error intermediary; abandoned error client"
    fi
    if needs="tinyproxy" begin tinyproxy-417 proxy; then
        transfer -x $V:8303 -T "$tmp/file" "$(scr 4 t3)"; seen 417
        finish "curl tinyproxy scripted" "the origin refuses at once, the client learns it after its content" "expect-refused error server x2"
    fi
    if needs="tinyproxy" begin tinyproxy-holds-413 proxy; then
        transfer -x $V:8303 -T "$tmp/file" $N/small/t4; code 413; no_100; waited
        finish "curl tinyproxy nginx" "the origin's 413 is there at once, Tinyproxy passes it on after the content, which it sends on all the same" "ignored warning intermediary; ignored-rejection warning client"
    fi
    if needs="privoxy" begin privoxy-late proxy; then
        transfer -x $V:8307 -T "$tmp/file" $A/up/pr1; code 20
        finish "curl privoxy apache" "Privoxy hands the 100 on with the final response" "late-continue warning intermediary; continue-unheeded warning client"
    fi
    if needs="privoxy" begin privoxy-deadlock proxy; then
        transfer -x $V:8307 --expect100-timeout 10 --max-time 2 -T "$tmp/file" $A/up/pr3; code 000; no_100
        finish "curl privoxy apache" "the same with a patient client: the 100 stays in the proxy until the client leaves; the origin answers what is left with 400" "continue-not-relayed error intermediary; abandoned error client"
    fi
    if needs="privoxy" begin privoxy-417 client; then
        transfer -x $V:8307 -H 'Expect: 200-ok' -T "$tmp/file" $A/up/pr2; code 417
        finish "curl privoxy" "Privoxy's own 417 to an unknown expectation" "unknown-expectation error client"
    fi
    if needs="ats" begin ats-continued proxy; then
        transfer -x $V:8304 -T "$tmp/file" $A/up/ats1; code 20; got_100 1
        finish "curl ats apache" "Traffic Server passes Expect and the 100 on" "continued ok none x2"
    fi
    if needs="ats" begin ats-holds-back proxy; then
        transfer -x $V:8304 --max-time 5 -T "$tmp/file" "$(scr 0 ats2)"; waited; code 000
        finish "curl ats scripted" "the origin ignores Expect and Traffic Server holds the content back for ever; its own connection is open when the capture ends" "no-response error server; pending unknown none"
    fi
    if needs="ats" begin ats-502 client; then
        transfer -x $V:8304 -T "$tmp/file" http://10.100.1.2:9/up; code 502
        finish "curl ats" "nothing listens at the origin" "gateway-error error intermediary"
    fi
    if needs="caddy" begin caddy-two proxy; then
        transfer -T "$tmp/file" $V:8305/up/c1; code 20; got_100 2
        finish "curl caddy apache" "Caddy sends a 100 of its own and the origin's" "duplicate-continue info server; continued ok none"
    fi
    if needs="caddy" begin caddy-two-client client; then
        transfer -T "$tmp/file" $V:8305/up/c2; code 20; got_100 2
        finish "curl caddy apache" "the same, captured at the client" "duplicate-continue info server"
    fi
    if needs="caddy" begin caddy-502 client; then
        transfer -T "$tmp/file" $V:8315/up/c3; code 502
        finish "curl caddy" "nothing listens at the origin" "gateway-error error intermediary"
    fi
    if needs="caddy" begin caddy-403 client; then
        transfer -T "$tmp/file" $V:8325/forbidden/c4; code 403; no_100
        finish "curl caddy" "403 without reading" "rejected-early info none"
    fi
    if needs="nghttpx" begin nghttpx-continued proxy; then
        transfer -T "$tmp/file" $V:8306/up/ng1; code 20; got_100 1
        finish "curl nghttpx apache" "nghttpx passes Expect and the 100 on" "continued ok none x2"
    fi
    if needs="nginx_gateway" begin nginx-forwards-expect client; then
        transfer -T "$tmp/file" $V:8308/up/g1
        finish "curl nginx apache" "proxy_set_header Expect: the origin's 100 is passed on as if it were final, after one of its own; on the wire, two" "duplicate-continue info server"
    fi
    if needs="nginx_gateway" begin nginx-502 client; then
        transfer -T "$tmp/file" $V:8309/up/g2; code 502; got_100 1
        finish "curl nginx" "nginx takes the content and finds no origin" "gateway-error error intermediary"
    fi
    if needs="nginx_gateway go_server" begin nginx-504 client; then
        transfer -T "$tmp/file" $V:8319/silent/g3; code 504; got_100 1
        finish "curl nginx" "the origin is silent for longer than proxy_read_timeout" "gateway-error error intermediary"
    fi
    if needs="nginx_gateway" begin nginx-interim-as-final client; then
        transfer -T "$tmp/file" $V:8329/up/g4; got_100 2; seen 'Empty reply'
        finish "curl nginx scripted" "an origin's 100 that nobody asked for: nginx takes it for the final response, passes it on and closes" "closed-unanswered error server"
    fi
    if needs="haproxy_rules" begin haproxy-strips-expect proxy; then
        transfer -T "$tmp/file" $V:8310/strip/h1; code 201; waited; no_100
        finish "curl haproxy scripted" "http-request del-header Expect: nobody is left to send a 100" "expect-dropped warning intermediary"
    fi
    if needs="haproxy_rules" begin haproxy-strips-expect-deadlock proxy; then
        transfer --expect100-timeout 10 --max-time 1.5 -T "$tmp/file" $V:8310/strip/h2; code 000; no_100
        finish "curl haproxy scripted" "the same with a patient client" "expect-dropped error intermediary"
    fi
    if needs="haproxy_rules" begin haproxy-strips-expect-apache proxy; then
        transfer -T "$tmp/file" $V:8310/up/strip-h7; code 201; waited; no_100
        finish "curl haproxy apache" "the same before an Apache, which would have sent its 100" "expect-dropped warning intermediary"
    fi
    if needs="haproxy_rules" begin haproxy-reject client; then
        transfer -T "$tmp/file" $V:8310/reject/h3; code 000
        finish "curl haproxy" "http-request reject: closed without a word" "closed-unanswered error server"
    fi
    if needs="haproxy_rules" begin haproxy-silent-drop client; then
        transfer --expect100-timeout 10 --max-time 2 -T "$tmp/file" $V:8310/drop/h4; code 000; seen 'timed out'
        finish "curl haproxy" "http-request silent-drop" "deadlock error server"
    fi
    if needs="haproxy_rules" begin haproxy-504 client; then
        transfer -T "$tmp/file" $V:8310/silent/h5; code 504; got_100 1
        finish "curl haproxy" "the origin sends its 100 and is silent for longer than timeout server" "gateway-error error intermediary"
    fi
    if needs="haproxy_rules" begin haproxy-417-proxied client; then
        transfer -x $V:8310 -T "$tmp/file" http://10.100.1.2:8002/needless/h6; seen '417'
        finish "curl haproxy" "a 417 of the proxy's own to an absolute target" "expect-refused-by-proxy error intermediary"
    fi
    if needs="squid_rules" begin squid-refuses-expect client; then
        transfer -x $V:3129 --max-time 3 -T "$tmp/file" $A/up/sr1; seen '< HTTP/1.1 417' 1; seen 'timed out'
        finish "curl squid" "deny_info 417 for requests with Expect: Squid keeps the connection and swallows curl's repeat as content" "desync-risk error client"
    fi
    if needs="squid_rules" begin squid-refuses-expect-legs proxy; then
        transfer -x $V:3129 -H 'Connection: close' -T "$tmp/file" $A/up/sr2; seen '< HTTP/1.1 417' 1
        finish "curl squid apache" "the same with a client that closes, captured at the proxy" "expect-refused-by-proxy error intermediary"
    fi
    if needs="squid_rules" begin squid-strips-expect proxy; then
        transfer -x $V:3130 -T "$tmp/file" "$(scr 0 sr3)"; code 201; waited; no_100
        finish "curl squid scripted" "request_header_access Expect deny: nobody is left to send a 100" "expect-dropped warning intermediary"
    fi
}

busy_cases() {
    if needs="go go_server node_server gunicorn" begin busy-mixed client; then
        for i in 1 2 3 4 5 6; do
            apart transfer -T "$tmp/file" $A/up/b$i
            apart transfer -T "$tmp/file" $G/forbidden/b$i
            apart transfer -T "$tmp/file" "$(scr 0 b$i)"
            apart put go "$(scr 2 c$i)" 3000
            apart transfer -T "$tmp/file" $U/large/b$i
            together
        done
        seen '^CODE 201' 18; seen '^CODE 403' 6; seen '^CODE 413' 6
        finish "curl go apache gunicorn scripted" "thirty uploads to five servers, five at a time" \
            "continued ok none x6; rejected-early info none x6; ignored warning server x6; slow-continue warning server x6; late-rejection warning server x6"
    fi
    if needs="haproxy_rules varnish nginx_gateway" begin busy-proxies proxy; then
        for i in 1 2 3 4; do
            apart transfer -T "$tmp/file" $V:8201/up/d$i
            apart transfer -x $V:3128 -T "$tmp/file" $A/up/e$i
            apart transfer -T "$tmp/file" $V:8310/strip/d$i
            apart transfer -T "$tmp/file" $V:8309/up/d$i
            together
        done
        seen '^CODE 20' 12; seen '^CODE 502' 4
        finish "curl haproxy squid nginx apache scripted" "both legs of three proxies, four uploads at a time" \
            "continued ok none x16; expect-dropped warning intermediary x4; gateway-error error intermediary x4"
    fi
    if needs="nginx_harsh jetty tomcat" begin busy-failures server; then
        for i in 1 2 3 4; do
            apart transfer -T "$tmp/file" $NH/drop/f$i
            apart transfer -T "$tmp/file" $Y/think/f$i
            apart transfer -T "$tmp/file" $T/up/f$i
            apart transfer -T "$tmp/file" "$(scr 4 f$i)"
            apart transfer --max-time 2 -T "$tmp/file" "$(scr 13 f$i)"
            apart transfer -T "$tmp/file" "$(scr 1 f$i)"
            together
        done
        seen '^CODE 201' 12; seen '^CODE 417' 4; seen '^CODE 000' 4
        finish "curl nginx jetty tomcat scripted" "twenty-four uploads to six servers, captured at the servers" \
            "closed-unanswered error server x4; slow-continue warning server x4; continued ok none x4; expect-refused error server x4; no-response error server x4; late-continue warning server x4"
    fi
}
busy_answers() {
    if needs="go_server node_server gunicorn tomcat" begin busy-answers client; then
        for i in 1 2 3 4; do
            apart transfer -T "$tmp/file" $N/forbidden/g$i
            apart transfer -T "$tmp/file" $A/small/g$i
            apart transfer -T "$tmp/file" $K/refused/g$i
            apart transfer -T "$tmp/file" $G/early/g$i
            apart transfer -H 'Expect: 200-ok' -T "$tmp/file" $T/up/g$i
            apart transfer -T "$tmp/file" $U/error/g$i
            apart transfer -H "$E" $N/up/a?$i
            apart transfer -0 -H "$E" -T "$tmp/file" $N/up/h$i
            together
        done
        seen '^CODE 403' 4; seen '^CODE 413' 4; seen '^CODE 417' 8; seen '^CODE 500' 4
        finish "curl nginx apache node go tomcat gunicorn" "thirty-two uploads to six servers, eight at a time, all answered at once" \
            "rejected-early info none x8; expect-refused error server x4; accepted-early info none x4; unknown-expectation error client x4; server-error error server x4; no-content warning client x4; expect-http10 info client x4"
    fi
}
# Idleness takes longer than a minute of capture time: these run beside all others, each with a port
# of its own. The last upload shows that time went on.
long_deadlock() {
    if filter='tcp port 8381' needs="aiohttp php_long" begin deadlock-idle client; then
        apart put aiohttp http://10.100.1.2:8381/up/a 8000 66
        sleep 62
        transfer --expect100-timeout 0.2 -T "$tmp/file" http://10.100.1.2:8381/up/b; code 201; waited
        finish "aiohttp curl php" "a client without a timer and a server without a 100: both wait for more than a minute" "deadlock error server; ignored warning server"
        together
    fi
}
long_silence() {
    if filter='tcp port 8382' needs="go_long" begin no-response-idle client; then
        apart transfer --max-time 66 -T "$tmp/file" http://10.100.1.2:8382/silent/a
        sleep 62
        transfer -T "$tmp/file" http://10.100.1.2:8382/up/b; code 201
        finish "curl go" "a handler that does not answer within a minute" "no-response error server; continued ok none"
        together
    fi
}
long_stall() {
    if filter='tcp port 8383' needs="go_long" begin abandoned-idle server; then
        apart script freeze 10.100.1.2 8383 /up/c
        sleep 62
        transfer -T "$tmp/file" http://10.100.1.2:8383/up/d; code 201
        finish "client.py curl go" "a client that stops in the middle of its content for more than a minute" "abandoned error client; continued ok none"
        together
    fi
}
setup_php_long() { have php && serve php_long 8381 php -S 10.100.1.2:8381 "$here/servers/serve.php"; }
setup_go_long() { ready go_server && serve go_long 8382 "$tmp/serve-go" 10.100.1.2:8382 &&
    serve go_long2 8383 "$tmp/serve-go" 10.100.1.2:8383; }

long_jobs=()
long_cases() {
    ready aiohttp && ready php_long && ready go_long
    for long in long_deadlock long_silence long_stall; do
        $long >"$tmp/$long" &
        long_jobs+=($!)
    done
}
long_cases_end() {
    for job in "${long_jobs[@]}"; do wait "$job"; done
    cat "$tmp"/long_*
}

wide_cases() {
    origin_cases
    harsh_cases
    fault_cases
    client_cases
    relay_cases
    busy_cases
    busy_answers
}
