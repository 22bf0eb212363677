/* Conversations and the events they give, the same for every way of cutting them into segments. */
#include "play.h"

#include "http/http1.h"

struct row {
    const char *name;
    const char *steps[PLAY_STEPS];
    const char *log;
    bool midstream, client_unknown;
    bool whole; /* segment boundaries are part of the case: play it as written only */
};

#define GET    "GET / HTTP/1.1\r\nHost: h\r\n\r\n"                      /* 27 bytes */
#define OK0    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"           /* 38 */
#define PUT5   "PUT /x HTTP/1.1\r\nContent-Length: 5\r\n" EXPECT "\r\n" /* 60 */
#define EXPECT "Expect: 100-continue\r\n"
#define GO     "HTTP/1.1 100 Continue\r\n\r\n"                         /* 25 */
#define PUTC   "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" /* 47 */
#define GET2   "GET /2 HTTP/1.1\r\n\r\n"                               /* 19 */
#define NO417  "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"          /* 38 */

static const struct row rows[] = {
    {"one exchange",
     {"C:" GET, "S:HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "X", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-38\nS body 1 38-41 3\nS end 1 "
            "41\n"},
    {"100, content, 200",
     {"C:" PUT5, "S:" GO, "C:hello", "S:" OK0, "X", NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 100 0-25\nC body 1 60-65 5\nC end 1 65\n"
            "S response 1 200 25-63\nS end 1 63\n"},
    {"100, 102, 103 and the final one in one go",
     {"C:" PUT5, "S:" GO "HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n" OK0, NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 100 0-25\nS response 1 102 25-43\n"
            "S response 1 103 43-70\nS response 1 200 70-108\nS end 1 108\n"},
    {"interim responses end at their empty line whatever they declare",
     {"C:" PUT5, "S:HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" OK0, NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 100 0-37\nS response 1 200 37-75\nS end 1 75\n"},
    {"an interim response with content: junk, then the final one",
     {"C:" PUT5, "S:HTTP/1.1 100 C\r\nContent-Length: 6\r\n\r\nhello\n" OK0, NULL},
     .log =
         "C request 1 PUT /x 0-60\nS response 1 100 0-37\nS junk 37-43 no HTTP version or no head\n"
         "S response 1 200 43-81\nS end 1 81\n"},
    {"100 after the final response belongs to the request before",
     {"C:" GET, "S:" OK0, "S:" GO, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-38\nS end 1 38\n"
            "S response 1 100 38-63\n"},
    {"pipelined",
     {"C:" GET GET2, "S:" OK0 "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nC request 2 GET /2 27-46\nC end 2 46\n"
            "S response 1 200 0-38\nS end 1 38\nS response 2 404 38-76\nS body 2 76-78 2 \"no\"\n"
            "S end 2 78\n"},
    {"kept alive",
     {"C:" GET, "S:" OK0, "C:" GET2, "S:" OK0, "X", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-38\nS end 1 38\n"
            "C request 2 GET /2 27-46\nC end 2 46\nS response 2 200 38-76\nS end 2 76\n"},
    {"blank lines before a message, bare LF",
     {"C:\r\n\nGET / HTTP/1.1\nHost: h\n\n", "S:\r\nHTTP/1.1 200 OK\nContent-Length: 1\n\na", NULL},
     .log = "C request 1 GET / 3-27\nC end 1 27\nS response 1 200 2-37\nS body 1 37-38 1\nS end 1 "
            "38\n"},
    {"target with spaces, several spaces before the status, no reason",
     {"C:GET /a b HTTP/1.0\r\n\r\n", "S:HTTP/1.1  204\r\n\r\n", NULL},
     .log = "C request 1 GET /a b 0-21\nC end 1 21\nS response 1 204 0-17\nS end 1 17\n"},
    {"unknown method, odd version",
     {"C:FROB * HTTP/1.2\r\n\r\n", "S:" OK0, NULL},
     .log = "C request 1 FROB * 0-19\nC end 1 19\nS response 1 200 0-38\nS end 1 38\n"},
    {"HEAD, then 304, then 204: no content whatever is declared",
     {"C:HEAD / HTTP/1.1\r\n\r\n", "S:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "C:" GET2,
      "S:HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", "C:" GET2, "S:HTTP/1.1 204 N\r\n\r\n", NULL},
     .log = "C request 1 HEAD / 0-19\nC end 1 19\nS response 1 200 0-38\nS end 1 38\n"
            "C request 2 GET /2 19-38\nC end 2 38\nS response 2 304 38-75\nS end 2 75\n"
            "C request 3 GET /2 38-57\nC end 3 57\nS response 3 204 75-93\nS end 3 93\n"},
    {"chunked both ways, extensions, trailers",
     {"C:" PUTC "3;a=b\r\nabc\r\n02\r\nde\r\n0\r\nT: 1\r\n\r\n" GET2,
      "S:HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\nA \nabcdefghij\n0\n\n" OK0,
      NULL},
     .log = "C request 1 PUT /c 0-47\nC body 1 47-78 5\nC end 1 78\nC request 2 GET /2 78-97\nC "
            "end 2 97\n"
            "S response 1 200 0-53\nS body 1 53-70 10\nS end 1 70\nS response 2 200 70-108\nS end "
            "2 108\n"},
    {"chunked wins over a length",
     {"C:" GET,
      "S:HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" GO,
      NULL},
     .log =
         "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-67\nS body 1 67-78 1\nS end 1 78\n"
         "S response 1 100 78-103\n"},
    {"a bad chunk size: broken, then the next message is found",
     {"C:" PUTC "3\r\nabc\r\nzz\r\nwhat\r\n" GET2, "S:" OK0 OK0, NULL},
     .log = "C request 1 PUT /c 0-47\nC body 1 47-55 3\nC broken 1 broken chunk framing 55-55\n"
            "C junk 55-65 broken chunk framing\nC request 2 GET /2 65-84\nC end 2 84\n"
            "S response 1 200 0-38\nS end 1 38\nS response 2 200 38-76\nS end 2 76\n"},
    {"chunk size over 63 bits",
     {"C:" PUTC "fffffffffffffffff\r\n", "E", NULL},
     .log = "C request 1 PUT /c 0-47\nC body 1 47-62 0\nC broken 1 broken chunk framing 62-62\n"
            "C junk 62-66 broken chunk framing\n"},
    {"until close, ended by FIN",
     {"C:" GET, "S:HTTP/1.0 200 OK\r\n\r\nabc", "S$", "X", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-19\nS body 1 19-22 3\nS end 1 "
            "22\n"},
    {"until close, reset: not complete",
     {"C:" GET, "S:HTTP/1.0 200 OK\r\n\r\nabc", "R", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-19\nS body 1 19-22 3\n"
            "S broken 1 ended inside the content 22-22\n"},
    {"no length, but the client goes on: the response was over",
     {"C:" GET, "S:HTTP/1.1 200 OK\r\n\r\nabc", "C:" GET2, "S:" OK0, "X", NULL},
     .log =
         "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-19\nS body 1 19-22 3\n"
         "C request 2 GET /2 27-46\nC end 2 46\nS end 1 22\nS response 2 200 22-60\nS end 2 60\n"},
    {"content that looks like a response, until close",
     {"C:" GET, "S:HTTP/1.1 200 OK\r\n\r\n", "S:" OK0, "X", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-19\nS body 1 19-57 38\nS end 1 "
            "57\n"},
    {"101 switches",
     {"C:GET / HTTP/1.1\r\nUpgrade: ws\r\n\r\n", "S:HTTP/1.1 101 S\r\n\r\n\x81\x02hi",
      "C:\x81\x02HI", "X", NULL},
     .log = "C request 1 GET / 0-31\nC end 1 31\nS response 1 101 0-18\nS switched 1 18\n"},
    {"101 that was not asked for is an interim response",
     {"C:" GET, "S:HTTP/1.1 101 S\r\n\r\n" OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 101 0-18\nS response 1 200 18-56\n"
            "S end 1 56\n"},
    {"CONNECT refused, tried again, accepted",
     {"C:CONNECT h:1 HTTP/1.1\r\n\r\n", "S:HTTP/1.1 407 A\r\nContent-Length: 0\r\n\r\n",
      "C:CONNECT h:1 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n",
      "S:HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "C:\x16\x03\x01zz", "S:\x16\x03\x01zz", "X",
      NULL},
     .log = "C request 1 CONNECT h:1 0-24\nC end 1 24\nS response 1 407 0-37\nS end 1 37\n"
            "C request 2 CONNECT h:1 24-72\nC end 2 72\nS response 2 200 37-75\nS end 2 75\n"
            "S switched 2 75\n"},
    {"417, retry on the same connection",
     {"C:" PUT5, "S:" NO417, "C:PUT /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "S:" OK0, "X",
      NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 417 0-38\nS end 1 38\nC withheld 1 60 owed 5\n"
            "C request 2 PUT /x 60-98\nC body 2 98-103 5\nC end 2 103\nS response 2 200 38-76\nS "
            "end 2 76\n"},
    {"417, the acknowledgement of the retry not captured",
     {"C:" PUT5, "S:" NO417, "C?:" GET2, NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 417 0-38\nS end 1 38\nC withheld 1 60 owed 5\n"
            "C request 2 GET /2 60-79\nC end 2 79\n"},
    {"417, the content comes all the same",
     {"C:" PUT5, "S:" NO417, "C:hello" GET2, NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 417 0-38\nS end 1 38\nC body 1 60-65 5\nC end 1 "
            "65\n"
            "C request 2 GET /2 65-84\nC end 2 84\n"},
    {"417, content that begins like a request but is none",
     {"C:" PUT5, "S:" NO417, "C:GET \n" GET2, NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 417 0-38\nS end 1 38\nC body 1 60-65 5\nC end 1 "
            "65\n"
            "C request 2 GET /2 65-84\nC end 2 84\n"},
    {"413 in the middle of the content, then a new request",
     {"C:PUT /x HTTP/1.1\r\nContent-Length: 500\r\n\r\n", "C:0123456789",
      "S:HTTP/1.1 413 T\r\nContent-Length: 3\r\n\r\nbig", "C:" GET2, NULL},
     .log = "C request 1 PUT /x 0-40\nC body 1 40-50 10\nS response 1 413 0-37\nS body 1 37-40 3 "
            "\"big\"\n"
            "S end 1 40\nC withheld 1 50 owed 490\nC request 2 GET /2 50-69\nC end 2 69\n"},
    {"413, what crossed it is content, even if it looks like a request",
     {"C:PUT /x HTTP/1.1\r\nContent-Length: 19\r\n\r\n",
      "S:HTTP/1.1 413 T\r\nContent-Length: 0\r\n\r\n", "C<:" GET2, NULL},
     .log = "C request 1 PUT /x 0-39\nS response 1 413 0-37\nS end 1 37\nC body 1 39-58 19\nC end "
            "1 58\n"},
    {"an upload that begins with a request line is content",
     {"C:PUT /x HTTP/1.1\r\nContent-Length: 19\r\n\r\n", "S:" GO, "C:" GET2, "S:" OK0, NULL},
     .log = "C request 1 PUT /x 0-39\nS response 1 100 0-25\nC body 1 39-58 19\nC end 1 58\n"
            "S response 1 200 25-63\nS end 1 63\n"},
    {"401 to a chunked request, then the retry",
     {"C:" PUTC, "S:HTTP/1.1 401 A\r\nContent-Length: 0\r\n\r\n", "C:DELETE /c HTTP/1.1\r\n\r\n",
      NULL},
     .log = "C request 1 PUT /c 0-47\nS response 1 401 0-37\nS end 1 37\nC withheld 1 47 owed 0\n"
            "C request 2 DELETE /c 47-69\nC end 2 69\n"},
    {"a final answer to half a head takes its request's place",
     {"C:"
      "GET / HTTP/1.1\r\nA: b\r\n",
      "S:HTTP/1.1 431 L\r\nContent-Length: 0\r\n\r\n", "C:\r\n" GET2, "S:" OK0, NULL},
     .log = "S response 1 431 0-37\nS end 1 37\nC request 1 GET / 0-24\nC end 1 24\n"
            "C request 2 GET /2 24-43\nC end 2 43\nS response 2 200 37-75\nS end 2 75\n",
     .whole = true},
    {"a response that acknowledges nothing of the request cannot answer it",
     {"C:" GET, "S<:HTTP/1.1 408 T\r\nContent-Length: 0\r\n\r\n", "S:" OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 0 408 0-37\nS end 0 37\n"
            "S response 1 200 37-75\nS end 1 75\n"},
    {"a second final response",
     {"C:" GET, "S:" OK0 OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-38\nS end 1 38\nS response 0 "
            "200 38-76\n"
            "S end 0 76\n"},
    {"a request without a version",
     {"C:GET /\r\n", "S:<html>\n", "X", NULL},
     .log = "C broken 1 no HTTP version or no head 0-7\nS junk 0-7 no HTTP version or no head\n"},
    {"lengths that disagree",
     {"C:POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nx\n" GET2, NULL},
     .log = "C request 1 POST / 0-41\nC broken 1 unusable Content-Length 41-41\n"
            "C junk 41-43 unusable Content-Length\nC request 2 GET /2 43-62\nC end 2 62\n"},
    {"lengths that agree",
     {"C:POST / HTTP/1.1\r\nContent-Length: 1, 1\r\ncontent-length: 1\r\n\r\nx", NULL},
     .log = "C request 1 POST / 0-60\nC body 1 60-61 1\nC end 1 61\n"},
    {"head cut short by FIN",
     {"C:GET / HTTP/1.1\r\nHost", "C$", "S:" OK0, "X", NULL},
     .log = "C broken 1 ended inside the head 0-20\nS response 1 200 0-38\nS end 1 38\n"},
    {"response head cut short",
     {"C:" GET, "S:HTTP/1.1 200 OK\r\nA", "E", NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS broken 1 ended inside the head 0-18\n"},
    {"content cut short",
     {"C:" PUT5, "S:" GO, "C:he", "C$", "X", NULL},
     .log = "C request 1 PUT /x 0-60\nS response 1 100 0-25\nC body 1 60-62 2\n"
            "C broken 1 ended inside the content 62-62 owed 3\n"},
    {"TLS", {"C:\x16\x03\x01\x02", "S:\x16\x03\x03\x02", "C:x", NULL}, .log = "opaque TLS\n"},
    {"TLS, the answer is HTTP",
     {"C:\x16\x03\x01\x02", "S:HTTP/1.1 400 B\r\nContent-Length: 0\r\n\r\n", NULL},
     .log = "C junk 0-4 TLS\nS response 0 400 0-37\nS end 0 37\n"},
    {"HTTP/2",
     {"C:PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "S:hello", "E", NULL},
     .log = "opaque HTTP/2\n",
     .whole = true},
    {"HTTP/2 alone, to the end",
     {"C:PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "E", NULL},
     .log = "opaque HTTP/2\n"},
    {"not HTTP",
     {"S:220 hello\r\n", "C:EHLO x\r\n", "S:250 ok\r\n", "X", NULL},
     .log = "opaque not HTTP\n"},
    {"PROXY line first",
     {"C:PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" GET, "S:" OK0, NULL},
     .log = "C junk 0-32 not HTTP\nC request 1 GET / 32-59\nC end 1 59\nS response 1 200 0-38\nS "
            "end 1 38\n"},
    {"midstream: the tail of a response, then a request",
     {"S:tail\nof it", "C:" GET2, "S:" OK0, NULL},
     .log = "S junk 0-10 none\nC request 1 GET /2 0-19\nC end 1 19\nS response 1 200 10-48\nS end "
            "1 48\n",
     .midstream = true,
     .whole = true},
    {"midstream: response to a request unseen, which was HEAD",
     {"S:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "S:" OK0, NULL},
     .log = "S response 0 200 0-38\nS end 0 38\nS response 0 200 38-76\nS end 0 76\n",
     .midstream = true},
    {"midstream, directions mixed up: the request comes from the server's side",
     {"S:" GET, "C:" OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS response 1 200 0-38\nS end 1 38\n",
     .midstream = true,
     .client_unknown = true},
    {"midstream, directions mixed up: the response comes first",
     {"C:" OK0, "S:" GET, "C:" OK0, NULL},
     .log = "S response 0 200 0-38\nS end 0 38\nC request 1 GET / 0-27\nC end 1 27\n"
            "S response 1 200 38-76\nS end 1 76\n",
     .midstream = true,
     .client_unknown = true},
    {"hole in counted content",
     {"C:" PUT5, "S:" GO, "C:h", "C#3", "C:o" GET2, NULL},
     .log =
         "C request 1 PUT /x 0-60\nS response 1 100 0-25\nC body 1 60-61 1\nC gap 1 content 61-64\n"
         "C body 1 64-65 1\nC end 1 65\nC request 2 GET /2 65-84\nC end 2 84\n"},
    {"hole to the end of counted content",
     {"C:" PUT5, "S:" GO, "C%5", "C:" GET2, NULL},
     .log =
         "C request 1 PUT /x 0-60\nS response 1 100 0-25\nC gap 1 content 60-65 cut\nC end 1 65\n"
         "C request 2 GET /2 65-84\nC end 2 84\n"},
    {"hole in chunk data",
     {"C:" PUTC "8\r\nab", "C#6", "C:\r\n0\r\n\r\n", NULL},
     .log = "C request 1 PUT /c 0-47\nC body 1 47-52 2\nC gap 1 content 52-58\nC body 1 58-65 0\n"
            "C end 1 65\n"},
    {"hole in chunk framing",
     {"C:" PUTC "8\r\nab", "C#9", "C:tail\n" GET2, NULL},
     .log =
         "C request 1 PUT /c 0-47\nC body 1 47-52 2\nC gap 1 content 52-58\nC gap 1 content 58-61\n"
         "C broken 1 hole in chunk framing 58-58\nC junk 61-66 hole in chunk framing\n"
         "C request 2 GET /2 66-85\nC end 2 85\n"},
    {"hole in a request head: the answer is still its own",
     {"C:GET / HTTP/1.1\r\nHo", "C%7", "S:" OK0, "C:" GET2, "S:" OK0, NULL},
     .log =
         "C gap 0 head 18-25 cut\nC broken 1 head cut by the snap length 0-18\nS response 1 200 "
         "0-38\n"
         "S end 1 38\nC request 2 GET /2 25-44\nC end 2 44\nS response 2 200 38-76\nS end 2 76\n"},
    {"a response lost in a hole: the next one is not taken for it",
     {"C:" GET, "S#50", "C:" GET2, "S:" OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nS gap 1 between 0-50\nC request 2 GET /2 27-46\nC "
            "end 2 46\n"
            "S broken 1 hole in the head 0-0\nS response 2 200 50-88\nS end 2 88\n"},
    {"a refusal lost in a hole, the next request has had it: not the content owed",
     {"C:" PUT5, "S#38", "C:" GET2, "S:" OK0, NULL},
     .log =
         "C request 1 PUT /x 0-60\nS gap 1 between 0-38\nC withheld 1 60 owed 5\nC request 2 GET "
         "/2 60-79\nC end 2 79\nS broken 1 hole in the head 0-0\nS response 2 200 38-76\nS end 2 "
         "76\n"},
    {"a 100 lost in a hole, the content has had it",
     {"C:" PUT5, "S#25", "C:hello", "S:" OK0, NULL},
     .log = "C request 1 PUT /x 0-60\nS gap 1 between 0-25\nC body 1 60-65 5\nC end 1 65\nS "
            "response 1 200 25-63\nS end 1 63\n"},
    {"a response lost, pipelined: the first one found is the first one's",
     {"C:" GET GET2, "S#50", "S:" OK0, NULL},
     .log = "C request 1 GET / 0-27\nC end 1 27\nC request 2 GET /2 27-46\nC end 2 46\nS gap 1 "
            "between 0-50\n"
            "S response 1 200 50-88\nS end 1 88\n"},
    {"request lost in a hole: the response has none",
     {"C#50", "S:" OK0, "C:" GET, "S:" OK0, NULL},
     .log = "C gap 0 between 0-50\nS response 0 200 0-38\nS end 0 38\nC request 1 GET / 50-77\nC "
            "end 1 77\n"
            "S response 1 200 38-76\nS end 1 76\n"},
};

static bool same_log(const struct row *row, struct play *t, const char *how, size_t n)
{
    play(t);
    if (strcmp(t->log, row->log) == 0) return true;
    print_error("%s, %s %zu:\n--- expected\n%s--- got\n%s", row->name, how, n, row->log, t->log);
    return false;
}

static struct play fresh(const struct row *row)
{
    return (struct play){.steps = row->steps,
                         .midstream = row->midstream,
                         .client_unknown = row->client_unknown,
                         .hole_dir = -1};
}

static bool same_at_every_split(const struct row *row)
{
    struct play t = fresh(row);
    if (!same_log(row, &t, "whole", 0)) return false;
    const size_t longest = row->whole ? 0 : play_longest(row->steps);
    for (size_t n = 1; n < longest; n++) {
        t = fresh(row);
        t.piece = n;
        if (!same_log(row, &t, "pieces of", n)) return false;
        t = fresh(row);
        t.at = n;
        if (!same_log(row, &t, "cut at", n)) return false;
    }
    return true;
}

static void test_conversations_at_every_split(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        wrong += !same_at_every_split(&rows[i]);
    assert_int_equal(wrong, 0);
}

/* Whatever is lost of the first two exchanges, the last one is found and paired. */
static void test_a_hole_anywhere_does_not_hide_what_follows(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "C:" PUT5,
        "S:" GO,
        "C:hello",
        "S:" OK0,
        "C:" PUTC "3\r\nabc\r\n0\r\n\r\n",
        "S:HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "C:GET /last HTTP/1.1\r\n\r\n",
        "S:HTTP/1.1 299 Last\r\nContent-Length: 0\r\n\r\n",
        "X",
        NULL};
    static const aw_off total[2] = {60 + 5 + 47 + 13, 25 + 38 + 46 + 12};
    for (int dir = 0; dir < 2; dir++)
        for (aw_off from = 0; from < total[dir]; from++)
            for (aw_off len = 1; from + len <= total[dir]; len += len < 4 ? 1 : 11)
                for (size_t piece = 0; piece < 20; piece += 7) {
                    struct play t = {.steps = steps,
                                     .piece = piece,
                                     .hole_dir = dir,
                                     .hole_from = from,
                                     .hole_to = from + len};
                    play(&t);
                    const char *req = strstr(t.log, " GET /last"), *res = strstr(t.log, " 299 ");
                    if (req == NULL || res == NULL || strstr(t.log, "gap") == NULL)
                        fail_msg("dir %d hole %lld+%lld piece %zu:\n%s", dir, (long long)from,
                                 (long long)len, piece, t.log);
                    unsigned req_xid = 0, res_xid = 0;
                    while (req[-1] != ' ')
                        req--;
                    while (res[-1] != ' ')
                        res--;
                    (void)sscanf(req, "%u", &req_xid);
                    (void)sscanf(res, "%u", &res_xid);
                    if (req_xid != res_xid)
                        fail_msg("dir %d hole %lld+%lld piece %zu: %u answered by %u\n%s", dir,
                                 (long long)from, (long long)len, piece, req_xid, res_xid, t.log);
                }
}

static void test_memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t budget = 1; budget < 8192; budget += 211) {
            struct play t = fresh(&rows[i]);
            t.budget = budget;
            t.piece = 9;
            play(&t);
        }
    struct play t = fresh(&rows[1]);
    t.piece = 9;
    t.budget = 600; /* the connection fits, a gathered head does not */
    play(&t);
    assert_true(t.stats.no_memory != 0);
    if (strstr(t.log, "no memory") == NULL) fail_msg("%s", t.log);
}

static void test_whole_heads_take_no_memory(void **state)
{
    (void)state;
    struct play t = fresh(&rows[1]);
    play(&t);
    assert_int_equal(t.peak, 0);
    assert_true(sizeof(struct aw_http) <= 256);
}

/* A head of 200 KiB in single bytes is read; one over 256 KiB is cut off, and what follows found.
 */
static void test_long_heads(void **state)
{
    (void)state;
    const size_t sizes[] = {200 * 1024, 300 * 1024};
    for (unsigned i = 0; i < 2; i++)
        for (size_t piece = 1; piece <= 1460; piece += 1459) {
            char *step = malloc(sizes[i] + 200);
            assert_non_null(step);
            size_t n = (size_t)sprintf(step, "C:GET / HTTP/1.1\r\nA: ");
            memset(step + n, 'x', sizes[i]);
            n += sizes[i];
            (void)sprintf(step + n, "\r\n\r\n" GET2);
            const char *steps[] = {step, "S:" OK0, NULL};
            struct play t = {.steps = steps, .piece = piece, .hole_dir = -1};
            play(&t);
            if (strstr(t.log, i == 0 ? "C request 2 GET /2" : "C broken 1 head over") == NULL)
                fail_msg("%u %zu %s", i, piece, t.log);
            assert_non_null(strstr(t.log, "C request 2 GET /2"));
            assert_non_null(strstr(t.log, "S response 1 200"));
            free(step);
        }
}

/* Requests beyond what is remembered go without an answer; the remembered ones keep theirs. */
static void test_pipelining_is_bounded(void **state)
{
    (void)state;
    const unsigned many = AW_OUTSTANDING_MAX + 10;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_pool *pool = aw_pool_new(&alloc, 1u << 20);
    struct aw_http_stats stats = {0};
    struct aw_http *h = aw_http_new(pool, &stats, false, true);
    assert_non_null(h);
    struct play t = {.pool = pool, .hole_dir = -1};
    aw_off off[2] = {0, 0};
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < many; i++) {
            const char *bytes = round == 0 ? GET2 : OK0;
            t.ord = i + 1;
            t.len = 0;
            const enum aw_dir dir = round == 0 ? AW_C2S : AW_S2C;
            struct aw_chunk c = {.kind = AW_CHUNK_DATA,
                                 .dir = dir,
                                 .off = off[dir],
                                 .data = (const uint8_t *)bytes,
                                 .len = strlen(bytes),
                                 .ack_off = off[!dir]};
            off[dir] += (aw_off)c.len;
            play_chunk(&t, h, &c);
            char want[64];
            (void)sprintf(want, "S response %u 200", i < AW_OUTSTANDING_MAX ? i + 1 : 0);
            if (round == 1 && strstr(t.log, want) == NULL) fail_msg("%s: %s", want, t.log);
        }
    assert_int_equal(stats.no_memory, 10);
    aw_http_free(h);
    assert_int_equal(aw_pool_used(pool), 0);
    aw_pool_free(pool);
}

/* Content that a client kept to itself is no message that could not be read. */
static void test_withheld_content_is_not_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *steps[6];
        uint64_t unreadable;
    } cases[] = {
        {"refused, none sent", {"C:" PUT5, "S:" NO417, "X", NULL}, 0},
        {"refused, then cut off", {"C:" PUT5, "S:" NO417, "C:he", "X", NULL}, 0},
        {"given up, none sent", {"C:" PUT5, "C$", "X", NULL}, 0},
        {"cut off", {"C:" PUT5, "S:" GO, "C:he", "X", NULL}, 1},
        {"response cut off", {"C:" GET, "S:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "X"}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play t = {.steps = cases[i].steps, .piece = 1460, .hole_dir = -1};
        play(&t);
        if (t.stats.broken[AW_WHY_CONTENT_ENDED] != cases[i].unreadable)
            fail_msg("%s: %s", cases[i].name, t.log);
        assert_non_null(strstr(t.log, "ended inside the content"));
    }
}

/* t_head: the piece of a head that was captured last counts, wherever in the head it lies. */
struct marks {
    struct aw_http_event head, first_body, end;
};
static void keep_marks(void *ctx, const struct aw_http_event *ev)
{
    struct marks *m = ctx;
    if (ev->kind == AW_HTTP_REQUEST) m->head = *ev;
    if (ev->kind == AW_HTTP_BODY && m->first_body.first.ord == 0) m->first_body = *ev;
    if (ev->kind == AW_HTTP_END) m->end = *ev;
}
static void test_marks_of_a_reordered_head(void **state)
{
    (void)state;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_pool *pool = aw_pool_new(&alloc, 1u << 20);
    struct aw_http_stats stats = {0};
    struct aw_http *h = aw_http_new(pool, &stats, false, true);
    assert_non_null(h);
    static const struct {
        const char *bytes;
        uint64_t ord;
        aw_off ack;
    } piece[] = {{"PUT / HTTP/1.1\r\nCon", 5, 70},
                 {"tent-Length: 4\r\n", 9, 71},
                 {"\r\nab", 6, 72},
                 {"c", 12, 73},
                 {"d", 7, 74}};
    struct marks m = {0};
    aw_off off = 0;
    for (size_t i = 0; i < sizeof piece / sizeof *piece; i++) {
        struct aw_chunk c = {.kind = AW_CHUNK_DATA,
                             .off = off,
                             .ttl = (uint8_t)(60 + i),
                             .data = (const uint8_t *)piece[i].bytes,
                             .len = strlen(piece[i].bytes),
                             .ack_off = piece[i].ack,
                             .peer_high = piece[i].ack + 100,
                             .conflict = i == 1,
                             .seen = {(aw_ns)piece[i].ord, piece[i].ord, piece[i].ord}};
        off += (aw_off)c.len;
        assert_int_equal(aw_http_push(h, &c, keep_marks, &m), AW_HTTP_OK);
    }
    assert_int_equal(m.head.first.ord, 5);
    assert_int_equal(m.head.last.ord, 9);
    assert_int_equal(m.head.ack_off, 70);
    assert_int_equal(m.head.peer_high, 170);
    assert_int_equal(m.head.ttl, 60);
    assert_true(m.head.conflict);
    assert_int_equal(m.first_body.first.ord, 6);
    assert_int_equal(m.first_body.ack_off, 72);
    assert_false(m.first_body.conflict);
    assert_int_equal(m.end.last.ord, 12);
    aw_http_free(h);
    aw_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations_at_every_split),
        cmocka_unit_test(test_a_hole_anywhere_does_not_hide_what_follows),
        cmocka_unit_test(test_memory_may_run_out_anywhere),
        cmocka_unit_test(test_whole_heads_take_no_memory),
        cmocka_unit_test(test_long_heads),
        cmocka_unit_test(test_pipelining_is_bounded),
        cmocka_unit_test(test_marks_of_a_reordered_head),
        cmocka_unit_test(test_withheld_content_is_not_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
