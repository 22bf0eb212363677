/*
 * Facts of exchanges, each by its definition and on both sides of its borders: conversations played
 * through flow and http, compared fact by fact. What a row does not name it does not care about.
 */
#include "../common/talk.h"
#include "exchange/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PUT(n)                                                                                     \
    "C: PUT /up HTTP/1.1\n| Host: h\n| User-Agent: probe\n| Content-Length: " #n                   \
    "\n| Expect: 100-continue\n|\n"
#define PUT_CHUNKED                                                                                \
    "C: PUT /up HTTP/1.1\n| Host: h\n| Transfer-Encoding: chunked\n| Expect: 100-continue\n|\n"
#define PLAIN(n)      "C: PUT /up HTTP/1.1\n| Host: h\n| Content-Length: " #n "\n|\n> bytes " #n "\n"
#define CONTINUE      "S: HTTP/1.1 100 Continue\\r\\n\\r\\n\n"
#define FINAL(status) "S: HTTP/1.1 " status "\n| Server: s/1\n| Content-Length: 2\n|\n> bytes 2\n"
#define OVER          "C fin\nS fin\n"
#define LATER         "conn later\n+90s open\nC: GET /later HTTP/1.1\\r\\n\\r\\n\n" FINAL("200 OK") OVER

enum { WANTS = 4 };

struct row {
    const char *name, *script;
    const char *want[WANTS]; /* facts of each exchange, in the order of closing */
};

static const struct row rows[] = {
    /* --- the handshake --- */
    {"a 100 that is answered",
     "open\n" PUT(5000) "+2ms " CONTINUE "C bytes 5000\n" FINAL("201 Created") OVER,
     {"nth=1 status=201 head=0.000 ack_head=0.440 i0=2.400 continues=1 i0_acks_head=yes "
      "answers_100=yes answers_final=no body=2.510 sent=5000 before=0 after=0 declared=5000 "
      "content=whole final_whole=yes end_ord=13 -kept -pipelined -midstream pause=- gap=0.110"}},
    {"silence, then content",
     "open\n" PUT(5000) "=1s C bytes 5000\n+3ms " FINAL("201 Created") OVER,
     {"status=201 continues=0 body=1000.000 before=5000 sent=5000 answers_final=no ahead=no"}},
    {"the 100 crosses the content",
     "rtt 10us 20ms\nopen\n" PUT(5000) "=1s C bytes 5000\n@1030ms " CONTINUE
                                       "+20ms " FINAL("201 Created") OVER,
     {"status=201 continues=1 answers_100=no before=5000"}},
    {"the 100 was captured before the content that does not answer it",
     "rtt 30ms 10us\nopen\n" PUT(5000) "=1s C bytes 5000\n=1015ms " CONTINUE
                                       "+20ms " FINAL("201 Created") OVER,
     {"answers_100=no ahead=yes before=5000"}},
    {"content acknowledged while no answer had been sent",
     "open\n" PUT(5000) "=1s C bytes 5000\n+300ms " CONTINUE "+1ms " FINAL("201 Created") OVER,
     {"answers_100=no body=1000.000 ack_body=1000.440 i0=1300.406"}},
    {"... and once a 100 had been sent, which was not captured",
     "open\n" PUT(5000) "+1ms S[gone]: HTTP/1.1 100 Continue\\r\\n\\r\\n\n=1s C bytes 5000\n"
                        "+300ms S retransmit\n+1ms " FINAL("201 Created") OVER,
     {"answers_100=no ack_body=- continues=1"}},
    {"... only by the 100 itself",
     "ackdelay 500ms\nopen\n" PUT(5000) "=1s C bytes 5000\n+1ms " CONTINUE
                                        "+1ms " FINAL("201 Created") OVER,
     {"answers_100=no ack_body=- continues=1"}},
    {"... after the pause, not before it",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: 100-continue\n|\n> bytes 50\n"
     "=1s C bytes 100\n+300ms " CONTINUE "+1ms " FINAL("200 OK") OVER,
     {"resume=1000.000 ack_body=1000.440"}},
    {"... which the 100 answered",
     "open\n" PUT(5000) "+1ms " CONTINUE "C bytes 5000\n+1ms " FINAL("201 Created") OVER,
     {"answers_100=yes ack_body=-"}},
    {"content in the segment of the head",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 200\n| Expect: 100-continue\n|\n> bytes "
     "200\n" FINAL("200 OK") OVER,
     {"body=0.000 head=0.000 sent=200 before=200 content=whole"}},
    {"two 100s",
     "open\n" PUT(50) "+2ms " CONTINUE "+1ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"continues=2 interims=2 i0=2.400 i1=3.400 answers_100=yes"}},
    {"other interim responses count, too",
     "open\n" PUT(50) "+1ms S: HTTP/1.1 103 Early Hints\\r\\nLink: x\\r\\n\\r\\n\n+1ms " CONTINUE
                      "C bytes 50\n+1ms S: HTTP/1.1 102 Processing\\r\\n\\r\\n\n+1ms " FINAL(
                          "201 Created") OVER,
     {"continues=1 interims=3 i0_status=103 i1_status=100 i2_status=102"}},
    {"more interim responses than are kept: the first five and the last",
     "open\n" PUT(50) "repeat 8\n+1ms " CONTINUE
                      "end\n+1ms S: HTTP/1.1 102 P\\r\\n\\r\\n\nC bytes 50\n" FINAL("200 OK") OVER,
     {"continues=8 interims=9 i4_status=100 i5_status=102"}},
    {"a 100 with framing fields and content",
     "open\n" PUT(50) "+1ms S: HTTP/1.1 100 Continue\\r\\nContent-Length: 5\\r\\n\\r\\nhello\n"
                      "C bytes 50\n+1ms " FINAL("200 OK") OVER,
     {"continues=1 i0_odd=length,nonzero,content, status=200"}},
    {"a harmless Content-Length: 0 in a 100",
     "open\n" PUT(50) "+1ms S: HTTP/1.1 100 Continue\\r\\nContent-Length: 0\\r\\n\\r\\n\n"
                      "C bytes 50\n+1ms " FINAL("200 OK") OVER,
     {"continues=1 i0_odd=length, status=200"}},
    {"a 100 whose head never ends",
     "open\n" PUT(50) "+1ms S: HTTP/1.1 100 Continue\\r\\n\nS fin\nC fin\n",
     {"continues=1 i0_odd=unfinished, status=0 -final-unended"}},
    {"a 100 before the head is complete",
     "open\nC: PUT /up HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 5\\r\\n\n+1ms " CONTINUE
     "+1ms C: Expect: 100-continue\\r\\n\\r\\n\nC bytes 5\n+1ms " FINAL("200 OK") OVER,
     {"nth=1 continues=1 i0_acks_head=no status=200 -unseen -head-unended expect=100-continue "
      "reason=0"}},
    {"a 100 nobody asked for",
     "open\n" PLAIN(50) "+1ms " CONTINUE "+1ms " FINAL("200 OK") OVER,
     {"continues=1 status=200 expect=-"}},
    {"a 100 after the final response, within settle",
     "open\n" PUT(200) "> bytes 200\n+2ms " FINAL("201 Created") "+990ms " CONTINUE OVER,
     {"continues=1 +100-after-final status=201 end=2.400 reason=0"}},
    {"a 100 after the final response, after settle: a response of its own",
     "open\n" PUT(200) "> bytes 200\n+2ms " FINAL("201 Created") "+1010ms " CONTINUE OVER,
     {"continues=0 status=201 -100-after-final",
      "continues=1 +unseen reason=4 +100-after-final status=0"}},

    /* --- final responses before content --- */
    {"417, and the retry on the same connection",
     "open\n" PUT(5000) "+2ms " FINAL("417 Expectation Failed") "+1ms " PLAIN(5000) "+3ms " FINAL(
         "201 Created") OVER,
     {"nth=1 status=417 sent=0 body=- +withheld owed=5000 -swallowed next=3.410 end=3.410 "
      "-input-ended -kept",
      "nth=2 status=201 +kept -pipelined sent=5000 -withheld"}},
    {"a retry that takes longer than settle",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms " PLAIN(50) "+3s " FINAL("201 Created") OVER,
     {"nth=1 status=417 +withheld -swallowed end=3003.810 next=3.410", "nth=2 status=201"}},
    {"a retry that is swallowed",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms " PLAIN(50) "+5s C fin\nS fin\n",
     {"nth=1 status=417 +withheld +swallowed", "nth=2 status=0 -swallowed +kept"}},
    {"a retry whose answer was not captured is not known to be swallowed",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms " PLAIN(
         50) "+1s S[uncaptured]: HTTP/1.1 204 No Content\\r\\n\\r\\n\n+1ms C fin\nS fin\n",
     {"nth=1 status=417 +withheld -swallowed", "nth=2 status=0"}},
    {"... nor one that the server had only just received",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms C[lost]: PUT /up HTTP/1.1\\r\\nHost: "
                                              "h\\r\\n\\r\\n\n=300ms C retransmit\n+50ms C fin\nS "
                                              "fin\n",
     {"nth=1 status=417 +withheld -swallowed", "nth=2 status=0"}},
    {"a retry on which the client gave up at once is not known to be swallowed",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms " PLAIN(50) "+50ms C fin\nS fin\n",
     {"nth=1 status=417 +withheld -swallowed", "nth=2 status=0"}},
    {"a retry after Connection: close is not swallowed",
     "open\n" PUT(50) "+2ms S: HTTP/1.1 417 No\\r\\nConnection: close\\r\\nContent-Length: "
                      "0\\r\\n\\r\\n\n+1ms " PLAIN(50) "+5s C fin\nS fin\n",
     {"nth=1 +withheld -swallowed", "nth=2 status=0"}},
    {"a retry that the input's end leaves open is not known to be swallowed",
     "open\n" PUT(50) "+2ms " FINAL("417 No") "+1ms " PLAIN(50),
     {"nth=1 +withheld -swallowed -input-ended end=3.410", "nth=2 +input-ended end_ord=input"}},
    {"401 and close",
     "open\n" PUT(5000) "+2ms S: HTTP/1.1 401 No\n| Connection: close\n| Content-Length: 0\n|\nS "
                        "fin\nC fin\n",
     {"status=401 sent=0 content=part final_whole=yes close=1 by=1 -withheld"}},
    {"content after a final response that the client had",
     "open\n" PUT(5000) "+2ms " FINAL("403 No") "+1ms C bytes 5000\n" OVER,
     {"status=403 answers_final=yes sent=5000 after=5000 before=0 after_final=3.410"}},
    {"content that crosses the final response",
     "open\n" PUT(50) "@1s " FINAL("403 No") "@1s C bytes 50\n" OVER,
     {"status=403 answers_final=no after=0 before=50 after_final=-"}},
    {"the server resets a client that went on",
     "open\n" PUT(5000) "+2ms " FINAL("413 Big") "=1us C bytes 5000\n+1ms S rst\n",
     {"status=413 sent=5000 content=whole close=2 by=1"}},
    {"... also after a 100",
     "open\n" PUT(5000) "+2ms " CONTINUE
                        "C bytes 1000\n+2ms " FINAL("413 Big") "+1ms C bytes 4000\n+1ms S rst\n",
     {"status=413 continues=1 sent=5000 content=whole close=2 by=1"}},
    {"417 at the end of the input",
     "open\n" PUT(50) "+2ms " FINAL("417 No"),
     {"status=417 final_whole=yes content=part +input-ended end_ord=input"}},

    /* --- content --- */
    {"a pause of W after a piece with the head",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: 100-continue\n|\n> bytes 50\n"
     "=101ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
     {"body=0.000 pause=0.000 resume=101.000 before_pause=50 sent=150 gap=101.000"}},
    {"a pause of less than W",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: 100-continue\n|\n> bytes 50\n"
     "=99ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
     {"body=0.000 pause=- resume=- before_pause=0 gap=99.000"}},
    {"W is two round trips where that is more",
     "rtt 10us 80ms\nopen\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: "
     "100-continue\n|\n> bytes 50\n"
     "=150ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
     {"pause=- gap=150.000"}},
    {"no pause after a first piece that itself came late",
     "open\n" PUT(150) "=150ms C bytes 50\n=500ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
     {"body=150.000 pause=- gap=500.000"}},
    {"no pause once the content answers the 100",
     "open\n" PUT(150) "+1ms " CONTINUE "C bytes 50\n=500ms C bytes 100\n+1ms " FINAL("200 OK")
         OVER,
     {"answers_100=yes pause=- gap=500.000"}},
    {"a closed window is no pause",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: 100-continue\n|\n> bytes 50\n"
     "+1ms S window 0\n+500ms S window 500\n+1ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
     {"pause=- zero_s=1.400 closed_s=0"}},
    {"chunked content is decoded",
     "open\n" PUT_CHUNKED "+1ms " CONTINUE
     "C chunk 1000\n+1ms C chunk 2000\nC last\n" FINAL("200 OK") OVER,
     {"declared=-1 sent=3000 content=whole answers_100=yes"}},
    {"the silence of a client that owes content lasts until the server closes",
     "open\n" PUT(500) "+1ms " CONTINUE "C bytes 100\n+2s S fin\n+3s C fin\n",
     {"status=0 content=part sent=100 gap=2000.400 by=1"}},
    {"... and counts from the 100 where no content came",
     "open\n" PUT(500) "+1ms " CONTINUE "=2s S fin\n+3s C fin\n",
     {"status=0 sent=0 body=- gap=2000.000"}},
    {"... and ends with a final response",
     "open\n" PUT(500) "+1ms " CONTINUE "C bytes 100\n+2s S: HTTP/1.1 408 No\\r\\nContent-Length: "
                       "0\\r\\n\\r\\n\n+3s C fin\nS fin\n",
     {"status=408 sent=100 gap=2000.400"}},
    {"no 100 and no content: no such silence",
     "open\n" PUT(500) "+2s S fin\nC fin\n",
     {"gap=0.000 status=0"}},

    /* --- several requests --- */
    {"pipelined: the clock of the second starts at the end of the first answer",
     "open\nC: GET /a HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\n=10us C: PUT /b "
     "HTTP/1.1\\r\\nContent-Length: 50\\r\\nExpect: 100-continue\\r\\n\\r\\n\n"
     "+400ms " FINAL("200 OK") "=200us " CONTINUE "C bytes 50\n+1ms " FINAL("201 Created") OVER,
     {"nth=1 target=/a -pipelined",
      "nth=2 target=/b +pipelined +kept prev_end=400.400 answers_100=yes before=0"}},
    {"kept: the next request ends the settling",
     "open\n" PUT(50) "> bytes 50\n+1ms " FINAL(
         "200 OK") "+10ms C: GET / HTTP/1.1\\r\\n\\r\\n\n" FINAL("200 OK") OVER,
     {"nth=1 next=11.410 end=1.400 -pipelined", "nth=2 +kept -pipelined"}},
    {"HEAD and 304 have no content",
     "open\nC: HEAD / HTTP/1.1\\r\\n\\r\\n\n+1ms S: HTTP/1.1 200 OK\\r\\nContent-Length: "
     "900\\r\\n\\r\\n\n"
     "+1ms C: GET / HTTP/1.1\\r\\n\\r\\n\n+1ms S: HTTP/1.1 304 Not Modified\\r\\nContent-Length: "
     "900\\r\\n\\r\\n\n" OVER,
     {"method=HEAD status=200 final_whole=yes", "nth=2 status=304 final_whole=yes"}},
    {"HTTP/1.0, content until close",
     "open\nC: PUT /up HTTP/1.0\n| Content-Length: 5\n| Expect: 100-continue\n|\n> bytes 5\n+1ms "
     "S: HTTP/1.0 200 OK\\r\\n\\r\\nabc\nS fin\nC fin\n",
     {"status=200 final_whole=yes content=whole"}},
    {"an upgrade ends HTTP",
     "open\nC: GET /ws HTTP/1.1\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n\n+1ms "
     "S: HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n\\r\\n\nC bytes 30\nS bytes "
     "30\n" OVER,
     {"status=101 +upgraded final_whole=yes interims=0 reason_phrase=Switching_Protocols"}},
    {"a tunnel",
     "open\nC: CONNECT a:443 HTTP/1.1\\r\\nHost: a:443\\r\\n\\r\\n\n+1ms S: HTTP/1.1 200 "
     "OK\\r\\n\\r\\n\nC bytes 30\nS bytes 30\n" OVER,
     {"method=CONNECT status=200 +upgraded"}},

    /* --- ends --- */
    {"the client gives up after 5 s",
     "open\n" PUT(50) "+5s C fin\nS fin\n",
     {"status=0 close=1 by=0 body=- ack_head=0.440 -idle-ended"}},
    {"a half-closed client is still answered",
     "open\n" PLAIN(50) "=10us C fin\n+5s " FINAL("200 OK") "S fin\n",
     {"status=200 final_whole=yes"}},
    {"a reset while sending",
     "open\n" PUT(5000) "+1ms " CONTINUE "C bytes 1000\n+1ms S rst\n",
     {"status=0 close=2 by=1 sent=1000 content=part"}},
    {"idle: the end is a moment, whatever packet shows it",
     "open\n" PUT(50) LATER,
     {"status=0 +idle-ended end=60000.000", "target=/later"}},
    {"an answer after the idle end is late",
     "conn a\nopen\n" PUT(50) "conn b\n@90s open\nconn a\n@100s " FINAL("200 OK") OVER,
     {"nth=1 status=0 +idle-ended end=60000.000", "nth=2 status=200 +unseen reason=7 -idle-ended"}},
    {"the input ends",
     "open\n" PUT(50) "+1ms " CONTINUE,
     {"status=0 +input-ended end_ord=input content=part continues=1"}},
    {"the input ends in a request head",
     "open\nC: PUT /up HTTP/1.1\\r\\nHost: h\\r\\nExpect: 100-continue\\r\\n\n",
     {"status=0 +head-unended head=- expect=100-continue target=/up"}},
    {"an answer to half a head",
     "open\nC: PUT /up HTTP/1.1\\r\\nHost: h\\r\\n\n+5s S: HTTP/1.1 408 No\\r\\nContent-Length: "
     "0\\r\\n\\r\\n\nS fin\nC fin\n",
     {"nth=1 status=408 +head-unended -unseen target=/up reason=0"}},

    /* --- what is missing --- */
    {"a hole where the 100 stood",
     "open\n" PUT(5000) "+2ms S[uncaptured]: HTTP/1.1 100 Continue\\r\\n\\r\\n\n+50us C bytes "
                        "5000\n+3ms " FINAL("201 Created") OVER,
     {"+hole-response -hole-content -hole-final continues=0 before=0 ahead=yes -cut"}},
    {"the next request in a hole: its 100 is not one after the final response",
     "open\n" PUT(50) "+1ms " CONTINUE "C bytes 50\n" FINAL(
         "200 OK") "C[uncaptured]: PUT /2 HTTP/1.1\n| Content-Length: 5\n| Expect: "
                   "100-continue\n|\n"
                   "+1ms " CONTINUE "C bytes 5\n" FINAL(
                       "201 Created") "C: GET /3 HTTP/1.1\\r\\n\\r\\n\n" FINAL("200 OK") OVER,
     {"status=200 continues=1 -100-after-final -after-unseen",
      "status=201 continues=1 +unseen -100-after-final", "status=200 +after-unseen"}},
    {"a hole in the content",
     "open\n" PUT(20000) "+2ms " CONTINUE "C[uncaptured 3] bytes 20000\n" FINAL("201 Created") OVER,
     {"+hole-content -hole-response sent=18552 content=whole status=201"}},
    {"the first content is in the hole",
     "open\n" PUT(20000) "+2ms " CONTINUE "C[uncaptured 1] bytes 20000\n" FINAL("201 Created") OVER,
     {"+hole-content answers_100=unknown sent=18552"}},
    {"a hole in the head",
     "open\nC[seg 20,uncaptured 3]: PUT /up HTTP/1.1\n| Host: h\n| Content-Length: 5\n| Expect: "
     "100-continue\n|\n+1ms " FINAL("200 OK") OVER,
     {"+hole-head status=200 target=/up sent=-1 -cut"}},
    {"the snap length cuts the content",
     "snaplen 300\nopen\n" PUT(5000) "+2ms " CONTINUE "C bytes 5000\n" FINAL("201 Created") OVER,
     {"+hole-content +cut -hole-head -hole-response sent=5000 content=whole answers_100=yes "
      "before=0"}},
    {"the snap length cuts chunk sizes",
     "snaplen 300\nopen\n" PUT_CHUNKED "+2ms " CONTINUE
     "C chunk 1000\nC last\n" FINAL("201 Created") OVER,
     {"+hole-content +cut answers_100=yes status=201"}},
    {"the snap length cuts chunk framing",
     "snaplen 250\nopen\n" PUT_CHUNKED "> chunk 300\n> chunk 300\n> last\n+1ms " FINAL("200 OK")
         OVER,
     {"+hole-content +cut +cut-size sent=-1 declared=-1 status=200 content=part body=0.000"}},
    {"chunk framing that breaks",
     "open\n" PUT_CHUNKED "+1ms " CONTINUE "C: 5\\r\\nhelloXX\\r\\n\n+1ms " FINAL("400 Bad Request")
         OVER,
     {"+chunk-bad -cut-size sent=5 status=400 content=part"}},
    {"lengths that disagree",
     "open\nC: PUT /up HTTP/1.1\n| Content-Length: 5\n| Content-Length: 6\n| Expect: "
     "100-continue\n|\n> bytes 5\n+1ms " FINAL("400 Bad Request") OVER,
     {"status=400 sent=-1 content=part body=0.000 -input-ended"}},
    {"an answer without a head",
     "open\n" PUT(5) "+1ms S: no such thing\\r\\n\nS fin\nC fin\n",
     {"status=0 +final-unended final_first=1.400 final=-"}},
    {"an answer whose head never ends",
     "open\n" PUT(5) "+1ms S: HTTP/1.1 500 Oops\\r\\nServer: x\\r\\n\nS fin\nC fin\n",
     {"status=500 +final-unended final_first=1.400 final=- final_whole=no server=x"}},
    {"an answer whose content breaks off",
     "open\n" PUT(
         5) "> bytes 5\n+1ms S: HTTP/1.1 200 OK\n| Content-Length: 500\n|\n> bytes 100\nS rst\n",
     {"status=200 final=1.400 final_whole=no -final-unended close=2"}},
    {"the snap length cuts the head",
     "snaplen 96\nopen\n" PUT(50) "+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"+hole-head +cut target=/up head=- sent=-1"}},
    {"only the client was captured",
     "only client\nopen\n" PUT(50) "+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"+no-server status=0 sent=50 ack_head=-"}},
    {"only the server was captured",
     "only server\nopen\n" PUT(50) "+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"+no-client +unseen reason=3 status=201 continues=1 sent=-1"}},
    {"joined after the request",
     "from 10ms\nopen\n" PUT(50) "+20ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"+midstream +unseen -no-client reason=1 status=201 continues=1"}},
    {"joined between requests",
     "from 10ms\nopen\n" PLAIN(5)
         FINAL("200 OK") "+20ms " PUT(50) "+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"+midstream -unseen status=201 answers_100=yes"}},

    /* --- loss --- */
    {"the head was lost on the way",
     "open\nC[lost]: PUT /up HTTP/1.1\n| Content-Length: 50\n| Expect: 100-continue\n|\n=300ms C "
     "retransmit\n+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"lost_head=1 lost_content=0 head=0.000 ack_head=300.440"}},
    {"... and by its IP IDs had been sent before, which was not captured",
     "open\nC[gone]: PUT /up HTTP/1.1\n| Content-Length: 50\n| Expect: 100-continue\n|\n=300ms C "
     "retransmit\n+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"lost_head=0 missed_c=1 missed_s=0"}},
    {"... too short a time before",
     "open\nC[gone]: PUT /up HTTP/1.1\n| Content-Length: 50\n| Expect: 100-continue\n|\n=100ms C "
     "retransmit\n+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"lost_head=0 missed_c=0 missed_s=0"}},
    {"the 100 by its IP ID had been sent before",
     "open\n" PUT(50) "+1ms S[gone]: HTTP/1.1 100 Continue\\r\\n\\r\\n\n=300ms S retransmit\n"
                      "C bytes 50\n" FINAL("201 Created") OVER,
     {"lost_100=0 missed_c=0 missed_s=1"}},
    {"silence alone passes no ID over",
     "open\n=300ms " PUT(50) "+300ms " CONTINUE "=900ms C bytes 50\n+1s " FINAL("201 Created") OVER,
     {"missed_c=0 missed_s=0"}},
    {"a piece of the head was lost on the way, before the head was complete",
     "open\nC: PUT /up HTTP/1.1\\r\\nContent-Length: 50\\r\\n\n=300ms C retransmit\n=1ms C: "
     "Expect: 100-continue\\r\\n\\r\\n\n+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created") OVER,
     {"lost_head=1 head=301.000 status=201"}},
    {"a piece of the head was lost before the capture point",
     "open\nC[seg 40,gone 2]: PUT /up HTTP/1.1\n| Host: h\n| Content-Length: 50\n| Expect: "
     "100-continue\n|\n=300ms C retransmit\n+2ms " CONTINUE "C bytes 50\n" FINAL("201 Created")
         OVER,
     {"head=300.002 status=201 -hole-head"}},
    {"the 100 was sent again",
     "rtt 20ms 10us\nopen\n" PUT(50) "+1ms S[lost]: HTTP/1.1 100 Continue\\r\\n\\r\\n\n=300ms S "
                                     "retransmit\nC bytes 50\n" FINAL("201 Created") OVER,
     {"lost_100=1 lost_head=0 lost_final=0 answers_100=yes"}},
    {"the content was sent again",
     "open\n" PUT(50) "+1ms " CONTINUE
                      "C[lost] bytes 50\n=300ms C retransmit\n" FINAL("201 Created") OVER,
     {"lost_content=1 lost_head=0 unacked=0"}},
    {"the content was sent again and never acknowledged",
     "open\n" PUT(50) "+1ms " CONTINUE
                      "C[lost] bytes 50\n=300ms C[lost] retransmit\n=600ms C[lost] retransmit\n",
     {"lost_content=2 unacked=1 status=0"}},
    {"the final head was sent again",
     "open\n" PUT(50) "> bytes 50\n+1ms S[lost]: HTTP/1.1 200 OK\\r\\nContent-Length: "
                      "0\\r\\n\\r\\n\n=300ms S retransmit\n" OVER,
     {"lost_final=1 lost_100=0 status=200"}},
    {"every packet twice, one hop on: no retransmissions",
     "open\nC[dup]: PUT /up HTTP/1.1\n| Content-Length: 50\n| Expect: 100-continue\n|\n+1ms "
     "S[dup]: HTTP/1.1 100 Continue\\r\\n\\r\\n\nC[dup] bytes 50\n" FINAL("201 Created") OVER,
     {"lost_head=0 lost_100=0 lost_content=0 head=0.000 answers_100=yes"}},

    /* --- responses without a request --- */
    {"a second final response that nobody asked for",
     "open\nC: GET / HTTP/1.1\\r\\n\\r\\n\n+1ms " FINAL("200 OK") "+1ms " FINAL(
         "417 Expectation Failed") OVER,
     {"status=200 -unseen", "nth=2 status=417 +unseen reason=4 -input-ended"}},

    /* --- strings --- */
    {"field lines of one name are joined",
     "open\nC: PUT /up HTTP/1.1\n| Host: h\n| Via: 1.1 a\n| Content-Length: 1\n| via: 1.0 b\n| "
     "Expect: 100-continue\n| Expect: x\n| VIA:\n|\n> bytes 1\n"
     "+1ms S: HTTP/1.1 404 Not  Found\n| Via: 1.1 c\n| Content-Length: 5\n| Via: 1.1 d\n|\n> text "
     "hello\n" OVER,
     {"req_via=1.1_a,_1.0_b,_ expect=100-continue,_x via=1.1_c,_1.1_d error=hello "
      "reason_phrase=Not__Found xff=-"}},
    {"the server's name from an interim response, and over it from the final one",
     "open\n" PUT(1) "+1ms S: HTTP/1.1 100 C\\r\\nServer: first\\r\\n\\r\\n\nC bytes "
                     "1\n+1ms " FINAL("200 OK") OVER,
     {"server=s/1"}},
    {"... that says nothing",
     "open\n" PUT(1) "+1ms S: HTTP/1.1 100 C\\r\\nServer: first\\r\\n\\r\\n\nC bytes 1\n+1ms S: "
                     "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\n" OVER,
     {"server=first"}},
};

/* Returns how much of the row does not hold; says what. */
static int check_row(const struct row *r, const struct talk_options *opt, const char *how)
{
    struct talk *t = talk_play(r->script, opt);
    char facts[16384], lack[256];
    int wrong = 0;
    size_t n = 0;
    while (n < WANTS && r->want[n])
        n++;
    if (t->count != n) {
        print_error("%s%s: %zu exchanges, not %zu\n", r->name, how, t->count, n);
        wrong++;
    }
    for (size_t i = 0; i < t->count; i++) {
        talk_facts(t->ex[i], facts, sizeof facts);
        const char *l = i < n ? talk_lacks(facts, r->want[i], lack, sizeof lack) : NULL;
        if (l || t->count != n)
            print_error("%s%s: exchange %zu lacks %s: %s\n", r->name, how, i + 1, l ? l : "-",
                        facts);
        wrong += l != NULL;
    }
    if (t->opened != t->count || t->disorder != 0 || t->pool_used != 0) {
        print_error("%s%s: opened %zu, closed %zu, disorder %zu, pool %zu\n", r->name, how,
                    t->opened, t->count, t->disorder, t->pool_used);
        wrong++;
    }
    talk_free(t);
    return wrong;
}

static void facts_by_definition(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        wrong += check_row(&rows[i], NULL, "");
    assert_int_equal(wrong, 0);
}

/* Where segments begin and end changes times by microseconds and nothing else. */
static void any_segments(void **state)
{
    (void)state;
    static const char *const mss[] = {"mss 1\n", "mss 2\n", "mss 7\n", "mss 64\n", "mss 65000\n"};
    static const struct row some[] = {
        {"continued",
         "open\n" PUT(300) "+2ms " CONTINUE "C bytes 300\n+1ms " FINAL("201 Created") OVER,
         {"status=201 continues=1 i0_acks_head=yes answers_100=yes answers_final=no sent=300 "
          "before=0 after=0 "
          "content=whole final_whole=yes expect=100-continue server=s/1 pause=- -unseen "
          "-hole-response"}},
        {"chunked",
         "open\n" PUT_CHUNKED "+2ms " CONTINUE
         "C chunk 100\nC chunk 200\nC last\n+1ms " FINAL("201 Created") OVER,
         {"status=201 answers_100=yes sent=300 before=0 declared=-1 content=whole"}},
        {"refused and repeated",
         "open\n" PUT(300) "+2ms " FINAL("417 No") "+2ms " PLAIN(300) "+3ms " FINAL("201 Created")
             OVER,
         {"status=417 sent=0 +withheld owed=300 -swallowed",
          "nth=2 status=201 sent=300 +kept -pipelined expect=-"}},
        {"early final, content went on",
         "open\n" PUT(300) "+2ms " FINAL("403 No") "+2ms C bytes 300\n" OVER,
         {"status=403 answers_final=yes after=300 before=0 sent=300"}},
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        for (size_t m = 0; m < sizeof mss / sizeof *mss; m++) {
            char script[4096];
            snprintf(script, sizeof script, "%s%s", mss[m], some[i].script);
            struct row r = some[i];
            r.script = script;
            wrong += check_row(&r, NULL, mss[m]);
        }
    }
    assert_int_equal(wrong, 0);
}

/* Thresholds in force, not their defaults, decide. */
static void thresholds_hold(void **state)
{
    (void)state;
    static const struct row floor = {
        "wait-floor 50 ms",
        "open\nC: PUT /up HTTP/1.1\n| Content-Length: 150\n| Expect: 100-continue\n|\n> bytes 50\n"
        "=60ms C bytes 100\n+1ms " FINAL("200 OK") OVER,
        {"pause=0.000 resume=60.000"}};
    static const struct row settle = {
        "settle 10 ms",
        "open\n" PUT(20) "> bytes 20\n+2ms " FINAL("201 Created") "+20ms " CONTINUE OVER,
        {"continues=0 status=201", "continues=1 +unseen"}};
    const struct talk_options low = {.threshold[AW_T_WAIT_FLOOR] = 50 * AW_MS};
    const struct talk_options brief = {.threshold[AW_T_SETTLE] = 10 * AW_MS};
    assert_int_equal(check_row(&floor, &low, "") + check_row(&settle, &brief, ""), 0);
}

static bool in_order(const struct aw_mark *a, const struct aw_mark *b)
{
    return !aw_seen(a) || !aw_seen(b) || a->ord <= b->ord;
}

/* What holds of any exchange, whatever is missing. */
static void is_sound(const struct aw_exchange *x, const char *name)
{
    const struct aw_mark *at = x->at;
    bool ok = aw_seen(&at[AW_AT_END]) || x->end_ord == UINT64_MAX;
    ok = ok && in_order(&at[AW_AT_BODY], &at[AW_AT_BODY_END]);
    ok = ok && in_order(&at[AW_AT_PAUSE], &at[AW_AT_RESUME]);
    ok = ok && aw_seen(&at[AW_AT_PAUSE]) == aw_seen(&at[AW_AT_RESUME]);
    ok = ok && in_order(&at[AW_AT_FINAL_FIRST], &at[AW_AT_FINAL_END]);
    ok = ok && (!x->final_complete || (x->status != 0 && aw_seen(&at[AW_AT_FINAL_END])));
    ok =
        ok && (x->sent < 0 || (x->sent_before_answer <= x->sent && x->sent_after_final <= x->sent));
    ok = ok && x->continue_count <= x->interim_count && x->content_gap >= 0;
    ok = ok && ((x->flags & AW_F_REQ_UNSEEN) != 0) == (x->unseen != AW_UNSEEN_NONE);
    ok = ok && (!(x->flags & AW_F_SWALLOWED) || (x->flags & AW_F_WITHHELD));
    ok = ok && x->nth != 0 && x->ord != 0;
    if (ok) return;
    char facts[16384];
    fail_msg("%s: %s", name, talk_facts(x, facts, sizeof facts));
}

static void is_sound_with(const struct row *r, const struct talk_options *opt)
{
    struct talk *t = talk_play(r->script, opt);
    for (size_t i = 0; i < t->count; i++)
        is_sound(t->ex[i], r->name);
    assert_int_equal(t->pool_used, 0);
    assert_int_equal(t->disorder, 0);
    assert_int_equal(t->opened, t->count);
    talk_free(t);
}

/* Any one packet left out, and the input cut after any packet: facts may be fewer, not absurd. */
static void packets_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct talk *whole = talk_play(rows[i].script, NULL);
        const size_t packets = whole->packets;
        talk_free(whole);
        for (uint64_t k = 1; k <= packets; k++) {
            is_sound_with(&rows[i], &(struct talk_options){.without = k});
            is_sound_with(&rows[i], &(struct talk_options){.until = k});
        }
    }
}

/* Whatever the pool refuses: no crash, nothing kept, and what is told is told in order. */
static void little_memory(void **state)
{
    (void)state;
    size_t told = 0, refused = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t memory = 2048; memory <= 16384; memory += 512) {
            const struct talk_options opt = {.memory = memory};
            struct talk *t = talk_play(rows[i].script, &opt);
            assert_int_equal(t->pool_used, 0);
            assert_int_equal(t->disorder, 0);
            assert_int_equal(t->opened, t->count);
            told += t->count;
            refused += t->stats.no_memory != 0;
            talk_free(t);
        }
    }
    assert_true(told > 0);
    assert_true(refused > 0);
}

static char *append(char *at, char *end, const char *text)
{
    const size_t n = strlen(text);
    assert_true(n < (size_t)(end - at));
    memcpy(at, text, n + 1);
    return at + n;
}

/* Nobody can make a connection hold more than 128 open exchanges, or take more than a sixteenth of
 * memory with them. */
static void many_open(void **state)
{
    (void)state;
    static const char script[] = "open\nrepeat 138\nC: GET / HTTP/1.1\\r\\n\\r\\n\nend\n";
    const struct talk_options plenty = {.memory = 256 << 20}, little = {.memory = 1 << 20};
    struct talk *t = talk_play(script, &little);
    assert_int_equal(t->count, 138);
    assert_true(t->ex[100]->flags & AW_F_EVICTED);
    assert_false(t->ex[137]->flags & AW_F_EVICTED);
    talk_free(t);
    t = talk_play(script, &plenty);
    assert_int_equal(t->count, 138);
    for (size_t i = 0; i < t->count; i++) {
        assert_int_equal(t->ex[i]->nth, i + 1);
        assert_int_equal((t->ex[i]->flags & AW_F_EVICTED) != 0, i < 10);
    }
    assert_int_equal(t->stats.no_memory, 10);
    talk_free(t);
}

/* Long strings are cut at their caps, and a copy is as good as what it copies. */
static void long_strings(void **state)
{
    (void)state;
    static char script[60000];
    char *at = script, *const end = script + sizeof script;
    at = append(at, end, "open\nC: PUT /");
    for (int i = 0; i < 4000;
         i++) /* lines of a script have a length: what does not fit goes into fields */
        at = append(at, end, "t");
    at = append(at, end, " HTTP/1.1\n");
    for (int line = 0; line < 12; line++) {
        at = append(at, end, "| Via: ");
        for (int i = 0; i < 300; i++)
            at = append(at, end, "v");
        at = append(at, end, "\n");
    }
    at = append(at, end, "| User-Agent: ");
    for (int i = 0; i < 2000; i++)
        at = append(at, end, "u");
    at = append(at, end, "\n|\n+1ms S: HTTP/1.1 404 No\n| Content-Length: 3000\n|\n> bytes 3000\n");
    struct talk *t = talk_play(script, NULL);
    assert_int_equal(t->count, 1);
    const struct aw_exchange *x = t->ex[0];
    assert_int_equal(x->text[AW_TEXT_TARGET].len, 4001);
    assert_int_equal(x->text[AW_TEXT_USER_AGENT].len, 1024);
    assert_int_equal(x->text[AW_TEXT_REQ_VIA].len, 1024);
    assert_memory_equal(x->text[AW_TEXT_REQ_VIA].p + 299, "v, v", 4);
    assert_int_equal(x->text[AW_TEXT_ERROR_BODY].len, 1024);

    const size_t size = aw_exchange_size(x);
    void *mem = malloc(size);
    assert_non_null(mem);
    assert_null(aw_exchange_copy(mem, size - 1, x));
    struct aw_exchange *copy = aw_exchange_copy(mem, size, x);
    for (int i = 0; i < AW_TEXT_COUNT; i++) {
        assert_int_equal(copy->text[i].len, x->text[i].len);
        assert_int_equal(copy->text[i].p == NULL, x->text[i].p == NULL);
        if (x->text[i].len > 0) {
            assert_ptr_not_equal(copy->text[i].p, x->text[i].p);
            assert_memory_equal(copy->text[i].p, x->text[i].p, x->text[i].len);
        }
    }
    free(mem);
    talk_free(t);
}

/* A connection between two exchanges keeps this and no more. */
static void idle_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct aw_exchanges_rest) <= 72);
}

/* The clock is set back between any two packets of the handshake: that is seen wherever HTTP goes
 * on after it, and not by an exchange that begins later. */
static void clock_set_back(void **state)
{
    (void)state;
    static const char script[] = "open\n" PUT(5000) "+2ms " CONTINUE "C bytes 5000\n+3ms " FINAL(
        "201 Created") "+1s C: GET / HTTP/1.1\\r\\n\\r\\n\n" FINAL("200 OK") OVER;
    enum { HEAD = 4, ANSWER = 13, NEXT = 15 };
    for (uint64_t at = 1; at <= NEXT; at++) {
        const struct talk_options back = {.set_at = at, .set_back = 500 * AW_MS};
        struct talk *t = talk_play(script, &back);
        assert_int_equal(t->count, 2);
        const bool stepped = (t->ex[0]->flags & AW_F_TIME_STEPPED) != 0;
        if (stepped != (at > HEAD && at <= ANSWER)) fail_msg("set before packet %d", (int)at);
        assert_false(t->ex[1]->flags & AW_F_TIME_STEPPED);
        talk_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_by_definition), cmocka_unit_test(any_segments),
        cmocka_unit_test(thresholds_hold),     cmocka_unit_test(packets_missing),
        cmocka_unit_test(little_memory),       cmocka_unit_test(many_open),
        cmocka_unit_test(long_strings),        cmocka_unit_test(idle_is_small),
        cmocka_unit_test(clock_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
