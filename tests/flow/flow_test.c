/* What a connection's segments become: scenarios, each at several initial sequence numbers (so that
 * every one wraps somewhere) and, where that changes nothing, cut into pieces of every size. */
#include <inttypes.h>
#include "lab.h"

#define SHAKE                                                                                      \
    "c S 0 0\n"                                                                                    \
    "s SA 0 0\n"                                                                                   \
    "c A 0 0\n"

struct scenario {
    const char *name, *script, *log;
    bool split;   /* the log is the same whatever the segments' size */
    aw_off watch; /* 0 = none */
};

static const struct scenario scenarios[] = {
    {"request and response",
     SHAKE "c PA 0 0 REQUEST\ns A 0 7\ns PA 0 7 RESPONSE\nc A 7 8\ns FA 8 7\nc FA 7 9\ns A 9 8\n",
     "c 0 REQUEST\ns 0 RESPONSE\ns fin 8\nc fin 7\nclose fin s", true, 0},
    {"data with FIN", SHAKE "c FPA 0 0 REQUEST\ns FPA 0 8 RESPONSE\nc A 8 9\n",
     "c 0 REQUEST\nc fin 7\ns 0 RESPONSE\ns fin 8\nclose fin c", true, 0},
    {"open at the end", SHAKE "c PA 0 0 REQ\n", "c 0 REQ\nclose input c", true, 0},
    {"out of order", SHAKE "c A 3 0 DEF\nc A 6 0 GHI\nc A 0 0 ABC\n",
     "c 0 ABCDEFGHI\nclose input c", true, 0},
    {"middle last", SHAKE "c A 0 0 ABC\nc A 6 0 GHI\nc A 3 0 DEF\n", "c 0 ABCDEFGHI\nclose input c",
     true, 0},
    {"one segment over two that wait", SHAKE "c A 2 0 CD\nc A 6 0 GH\nc A 0 0 abcdefghij\n",
     "c 0 ab!CDef!GHij\nclose input c", false, 0},
    {"overlap, equal bytes", SHAKE "c A 2 0 CD\nc A 6 0 GH\nc A 0 0 ABCDEFGHIJ\n",
     "c 0 ABCDEFGHIJ\nclose input c", false, 0},
    {"first bytes win", SHAKE "c A 3 0 DEF\nc A 1 0 bcdeXgh\nc A 0 0 A\n",
     "c 0 Abc!DEFgh\nclose input c", false, 0},
    {"retransmission", SHAKE "c A 0 0 ABC\n+300 c A 0 0 ABC\ns A 0 3\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"retransmission with more", SHAKE "c A 0 0 ABC\n+300 c A 0 0 ABCDEF\n",
     "c 0 ABC\nc again 0+3\nc 3 DEF\nclose input c", false, 0},
    {"retransmission of what waits", SHAKE "c A 3 0 DEF\n+300 c A 3 0 DEF\nc A 0 0 ABC\n",
     "c again 3+3\nc 0 ABCDEF\nclose input c", false, 0},
    {"keep-alives",
     SHAKE "c A 0 0 ABC\ns A 0 3\n+9000 c A 2 0\ns A 0 3\n+9000 c A 2 0 C\ns A 0 3\n",
     "c 0 ABC\nclose input c", false, 0},
    {"last byte again, not acknowledged", SHAKE "c A 0 0 A\n+300 c A 0 0 A\n",
     "c 0 A\nc again 0+1\nclose input c", false, 0},
    {"hole, acknowledged", SHAKE "c A 0 0 ABC\nc A 6 0 GHI\ns A 0 9\n+3 tick\n",
     "c 0 ABC\nc hole 3+3\nc 6 GHI\nclose input c", false, 0},
    {"hole of the server's, acknowledged",
     SHAKE "s A 0 0 ABC\ns A 6 0 GHI\nc A 0 9\n+3 tick\ns A 3 0 DEF\n",
     "s 0 ABC\ns hole 3+3\ns 6 GHI\nclose input c", false, 0},
    {"hole filled within the grace",
     SHAKE "c A 0 0 ABC\nc A 6 0 GHI\ns A 0 9\n+1 c A 3 0 DEF\n+3 tick\n",
     "c 0 ABCDEFGHI\nclose input c", true, 0},
    {"hole filled too late", SHAKE "c A 0 0 ABC\nc A 6 0 GHI\ns A 0 9\n+3 tick\nc A 3 0 DEF\n",
     "c 0 ABC\nc hole 3+3\nc 6 GHI\nclose input c", false, 0},
    {"bytes that a later segment counted in", SHAKE "c A 0 0 ABC\nc A 9 0\n+3000 tick\n",
     "c 0 ABC\nc hole 3+6\nclose input c", false, 0},
    {"one such number may be a FIN", SHAKE "c A 0 0 ABC\nc A 4 0\n+3000 tick\n",
     "c 0 ABC\nclose input c", false, 0},
    {"hole not acknowledged waits", SHAKE "c A 0 0 ABC\nc A 6 0 GHI\n+3000 tick\nc A 3 0 DEF\n",
     "c 0 ABCDEFGHI\nclose input c", true, 0},
    {"hole, connection ends", SHAKE "c A 0 0 ABC\nc A 6 0 GHI\n",
     "c 0 ABC\nc hole 3+3\nc 6 GHI\nclose input c", true, 0},
    {"request not captured", SHAKE "s PA 0 7 RESPONSE\n+3 tick\n",
     "c hole 0+7\ns 0 RESPONSE\nclose input c", true, 0},
    {"upload seen by its acknowledgements",
     SHAKE
     "s A 0 1000\ns A 0 2000\ns A 0 3000\n+1 s A 0 4000\n+3 tick\ns PA 0 5000 DONE\n+3 tick\n",
     "c hole 0+1000\nc hole 1000+3000\nc hole 4000+1000\ns 0 DONE\nclose input c", false, 0},
    {"response captured before its request", SHAKE "s PA 0 7 RESPONSE\nc PA 0 0 REQUEST\n",
     "c 0 REQUEST\ns 0 RESPONSE\nclose input c", true, 0},
    {"long ping-pong, all swapped",
     SHAKE "s A 0 2 ab\nc A 0 0 AB\ns A 2 4 cd\nc A 2 2 CD\ns A 4 6 ef\nc A 4 4 EF\n",
     "c 0 AB\ns 0 ab\nc 2 CD\ns 2 cd\nc 4 EF\ns 4 ef\nclose input c", true, 0},
    {"cut by the snap length", SHAKE "c A 0 0 ABC wire=10\nc A 10 0 KLM\n",
     "c 0 ABC\nc cut 3+7\nc 10 KLM\nclose input c", false, 0},
    {"cut while it waits", SHAKE "c A 3 0 DEF wire=5\nc A 0 0 ABC\nc A 8 0 IJK\n",
     "c 0 ABCDEF\nc cut 6+2\nc 8 IJK\nclose input c", false, 0},
    {"nothing but headers captured", SHAKE "c A 0 0 wire=100\ns A 0 100 wire=50\n",
     "c cut 0+100\ns cut 0+50\nclose input c", false, 0},
    {"missing piece of a cut segment comes again",
     SHAKE "c A 0 0 ABC wire=6\n+300 c A 0 0 ABCDEF\n",
     "c 0 ABC\nc cut 3+3\nc again 0+6\nclose input c", false, 0},
    {"reset in the window", SHAKE "c A 0 0 ABC\ns R 0 0\n", "c 0 ABC\nclose rst s", true, 0},
    {"reset beyond the window", SHAKE "c A 0 0 ABC\ns R 200000 0\ns R -5 0\ns A 0 3 abc\n",
     "c 0 ABC\ns 0 abc\nclose input c", true, 0},
    {"reset inside a window as wide as its scale says",
     "c S 0 0 scale=4\ns SA 0 0 scale=4\nc A 0 0 win=30000\ns A 0 0 win=30000\nc A 0 0 ABC "
     "win=30000\n"
     "s R 400000 0\n+3 tick\n",
     "c 0 ABC\ns hole 0+400000\nclose rst s", true, 0},
    {"reset beyond a window that one side does not scale",
     "c S 0 0 scale=4\ns SA 0 0\nc A 0 0 win=30000\ns A 0 0 win=30000\nc A 0 0 ABC win=30000\n"
     "s R 400000 0\n+3 tick\n",
     "c 0 ABC\nclose input c", true, 0},
    {"reset beyond a window with a scale that is none",
     "c S 0 0 scale=15\ns SA 0 0 scale=4\nc A 0 0 win=30000\ns A 0 0 win=30000\n"
     "c A 0 0 ABC win=30000\ns R 400000 0\n+3 tick\n",
     "c 0 ABC\nclose input c", true, 0},
    {"reset inside the window of who receives it, beyond that of who sends it",
     "c S 0 0 scale=4\ns SA 0 0 scale=0\nc A 0 0 win=30000\ns A 0 0 win=100\nc A 0 0 ABC "
     "win=30000\n"
     "s R 400000 0\n+3 tick\n",
     "c 0 ABC\ns hole 0+400000\nclose rst s", true, 0},
    {"reset beyond the window of who receives it, inside that of who sends it",
     "c S 0 0 scale=0\ns SA 0 0 scale=4\nc A 0 0 win=100\ns A 0 0 win=30000\nc A 0 0 ABC win=100\n"
     "s R 400000 0\n+3 tick\n",
     "c 0 ABC\nclose input c", true, 0},
    {"the scale is as large as it may be",
     "c S 0 0 scale=14\ns SA 0 0 scale=14\nc A 0 0 win=30000\ns A 0 0 win=30000\n"
     "c A 0 0 ABC win=30000\ns R 400000 0\n+3 tick\n",
     "c 0 ABC\ns hole 0+400000\nclose rst s", true, 0},
    {"reset waits for what it acknowledges", SHAKE "s RA 0 3\nc A 0 0 ABC\n",
     "c 0 ABC\nclose rst s", true, 0},
    {"nobody acknowledges beyond an end",
     SHAKE "c FA 0 0 ABC\ns A 0 5 win=0\ns A 0 4 abc\n+3 tick\n",
     "c 0 ABC\nc fin 3\ns 0 abc\nclose input c", false, 0},
    {"reset of one side of which nothing else was captured, which acknowledges nothing",
     "c S 0 0\ns R 0 0\n", "close rst s", false, 0},
    {"a reset alone is no connection", "c R 0 0\n", "", false, 0},
    {"SYN-ACK after the client's data, joined between the two",
     "c A 0 0 REQ\ns SA 0 0\ns A 0 3 res\n", "c 0 REQ\ns 0 res\nclose input c", true, 0},
    {"reset of an unanswered SYN", "c S 0 0\ns RA -5001 0\n", "close rst s", false, 0},
    {"reset that acknowledges what was not sent",
     "c S 0 0\ns RA -5001 7000\ns RA -5001 -70\ns SA 0 0\nc A 0 0 REQ\n", "c 0 REQ\nclose input c",
     true, 0},
    {"reset before the bytes it follows", SHAKE "s R 3 0\ns A 0 0 abc\n", "s 0 abc\nclose rst s",
     true, 0},
    {"reset after bytes nobody captured", SHAKE "s R 30 0\n+3 tick\n", "s hole 0+30\nclose rst s",
     false, 0},
    {"answer, FIN, then reset", SHAKE "c A 0 0 ABC\ns FPA 0 3 abc\nc A 3 4 DEF\ns R 4 0\ns R 4 0\n",
     "c 0 ABC\ns 0 abc\ns fin 3\nc 3 DEF\nclose rst s", true, 0},
    {"reset with waiting bytes", SHAKE "c A 3 0 DEF\nc R 0 0\n", "c hole 0+3\nc 3 DEF\nclose rst c",
     true, 0},
    {"after the end",
     SHAKE "c FA 0 0\ns FA 0 1\nc A 1 1\ns FA 0 1\n+300 c FA 0 1\nc R 1 0\n+200 s A 1 1\n",
     "c fin 0\ns fin 0\nclose fin c", false, 0},
    {"FIN before its last bytes", SHAKE "c FA 3 0\nc A 0 0 ABC\ns FA 0 4\n",
     "c 0 ABC\nc fin 3\ns fin 0\nclose fin c", true, 0},
    {"FIN acknowledged before it came", SHAKE "s FA 0 4\nc FA 0 0 ABC\n",
     "c 0 ABC\nc fin 3\ns fin 0\nclose fin c", true, 0},
    {"FIN not captured, acknowledged", SHAKE "c A 0 0 ABC\ns A 0 4 abc\n+3 tick\n",
     "c 0 ABC\ns 0 abc\nclose input c", true, 0},
    {"bytes after FIN", SHAKE "c FA 0 0 ABC\nc A 3 0 XX\nc A 0 0 ABCXX\n",
     "c 0 ABC\nc fin 3\nc again 0+3\nclose input c", false, 0},
    {"window closes and opens",
     SHAKE "c A 0 0 ABC\ns A 0 3 win=0\ns A 0 3 win=0\n+100 s A 0 3 win=500\n",
     "c 0 ABC\ns window closes\ns window opens\nclose input c", true, 0},
    {"window probe",
     SHAKE "c A 0 0 ABC\ns A 0 3 win=0\n+300 c A 3 0 D\ns A 0 3 win=0\n+300 s A 0 3 win=500\nc A 3 "
           "0 DEF\n",
     "c 0 ABC\ns window closes\nc 3 D\ns window opens\nc 4 EF\nclose input c", false, 0},
    {"old segment's window does not count", SHAKE "c A 0 0 ABCDEF\ns A 0 6\n+1 s A 0 3 win=0\n",
     "c 0 ABCDEF\nclose input c", true, 0},
    {"joined midstream", "c A 100 70 ABC\ns A 70 103 abc\nc A 103 73\n",
     "c 0 ABC\ns 0 abc\nclose input c", true, 0},
    {"joined at a response", "s A 70 103 abc\nc A 103 73 ABC\n", "s 0 abc\nc 0 ABC\nclose input c",
     true, 0},
    {"joined at a keep-alive", "c A 99 70\ns A 70 100\nc A 100 70 ABC\n", "c 0 ABC\nclose input c",
     true, 0},
    {"joined at a bare acknowledgement, bytes under way",
     "s A 70 100\nc A 120 70 ABC\ns A 70 123\n", "c 0 ABC\nclose input c", true, 0},
    {"SYN-ACK first", "s SA 0 0\nc A 0 0 REQ\n", "c 0 REQ\nclose input c", true, 0},
    {"SYN-ACK before SYN", "s SA 0 0\nc S 0 0\nc A 0 0 REQ\n", "c 0 REQ\nclose input c", true, 0},
    {"data before SYN", "c A 0 0 REQ\nc S 0 0\ns SA 0 0\ns A 0 3 res\n",
     "c 0 REQ\ns 0 res\nclose input c", true, 0},
    {"a later segment before SYN", "c A 3 0 DEF\nc S 0 0\ns SA 0 0\nc A 6 0 GHI\n",
     "c 0 DEFGHI\nclose input c", false, 0},
    {"SYN repeated", "c S 0 0\n+1000 c S 0 0\ns SA 0 0\n+1000 s SA 0 0\nc A 0 0 REQ\n",
     "c 0 REQ\nclose input c", true, 0},
    {"data in SYN", "c S 0 0 HELLO\ns SA 0 5\nc A 5 0 MORE\n", "c 0 HELLOMORE\nclose input c",
     false, 0},
    {"data in SYN, not taken", "c S 0 0 HELLO\ns SA 0 0\nc A 0 0 HELLO\nc A 5 0 MORE\n",
     "c 0 HELLOMORE\nclose input c", false, 0},
    {"data in SYN, part taken", "c S 0 0 HELLO\ns SA 0 2\nc A 2 0 LLOMORE\n",
     "c 0 HELLO\nc again 2+3\nc 5 MORE\nclose input c", false, 0},
    {"ports used again after the end",
     SHAKE "c FA 0 0\ns FA 0 1\nc A 1 1\n+10 c S 0 0 isn=70000\ns SA 0 0 isn=90000 ackisn=70000\n"
           "c A 0 0 isn=70000 ackisn=90000 NEW\n",
     "c fin 0\ns fin 0\nclose fin c\nc 0 NEW\nclose input c", true, 0},
    {"ports used again, end not seen",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000\ns SA 0 0 isn=90000 ackisn=70000000\n"
           "c A 0 0 isn=70000000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused c\nc 0 NEW\nclose input c", true, 0},
    {"ports used again, SYN not seen",
     SHAKE
     "c A 0 0 OLD\n+10 s SA 0 0 isn=90000 ackisn=70000000\nc A 0 0 isn=70000000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused s\nc 0 NEW\nclose input c", true, 0},
    {"SYN of a stranger, answered with what the server expects",
     SHAKE "c A 0 0 OLD\nc S 0 0 isn=70000000\ns A 0 3\nc A 3 0 MORE\ns A 0 7 old\n",
     "c 0 OLDMORE\ns 0 old\nclose input c", true, 0},
    {"SYN of a stranger after one side ended",
     SHAKE "c FA 0 0 OLD\nc S 0 0 isn=70000000\ns A 0 4\ns FA 0 4 old\n",
     "c 0 OLD\nc fin 3\ns 0 old\ns fin 3\nclose fin c", true, 0},
    {"SYN-ACK of a stranger",
     SHAKE "c A 0 0 OLD\ns SA 0 0 isn=90000 ackisn=70000000\nc A 3 0 MORE\ns A 0 7 old\n",
     "c 0 OLDMORE\ns 0 old\nclose input c", true, 0},
    {"SYN-ACK of a stranger before the server's",
     "c S 0 0\ns SA 0 0 isn=90000 ackisn=70000000\ns SA 0 0\nc A 0 0 REQ\ns A 0 3 res\n",
     "c 0 REQ\ns 0 res\nclose input c", true, 0},
    {"strangers' SYNs around those of the client",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=66000000\nc S 0 0 isn=70000000\n"
           "s SA 0 0 isn=90000 ackisn=70000000\nc S 0 0 isn=64000000\n"
           "c A 0 0 isn=70000000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused c\nc 0 NEW\nclose input c", true, 0},
    {"ports used again, a stranger's SYN before the answer",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000\nc S 0 0 isn=66000000\n"
           "s SA 0 0 isn=90000 ackisn=70000000\nc A 0 0 isn=70000000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused s\nc 0 NEW\nclose input c", true, 0},
    {"ports used again inside the window",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=1000\ns SA 0 0 isn=90000 ackisn=1000\n"
           "c A 0 0 isn=1000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused c\nc 0 NEW\nclose input c", true, 0},
    {"ports used again, refused",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000\ns RA -5001 0 ackisn=70000000\n",
     "c 0 OLD\nclose reused c\nclose rst s", true, 0},
    {"ports used again, data in SYN",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000 HELLO\ns SA 0 5 isn=90000 ackisn=70000000\n"
           "c A 5 0 isn=70000000 ackisn=90000 MORE\n",
     "c 0 OLD\nclose reused c\nc 0 HELLOMORE\nclose input c", false, 0},
    {"ports used again, a byte in SYN",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000 H\ns SA 0 1 isn=90000 ackisn=70000000\n"
           "c A 1 0 isn=70000000 ackisn=90000 I\n",
     "c 0 OLD\nclose reused c\nc 0 HI\nclose input c", false, 0},
    {"ports used again, data in SYN not taken",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000 HELLO\ns SA 0 0 isn=90000 ackisn=70000000\n"
           "c A 0 0 isn=70000000 ackisn=90000 HELLO\n",
     "c 0 OLD\nclose reused c\nc 0 HELLO\nclose input c", false, 0},
    {"ports used again, SYN-ACK not seen",
     SHAKE "c A 0 0 OLD\n+10 c S 0 0 isn=70000000\nc A 0 0 isn=70000000 ackisn=90000 NEW\n"
           "s A 0 3 isn=90000 ackisn=70000000 new\n+3 tick\n",
     "c 0 OLD\nclose reused c\nc hole 0+3\ns 0 new\nclose input c", true, 0},
    {"ports used again, client's side only",
     "c S 0 0\nc A 0 0 OLD\n+10 c S 0 0 isn=70000000\nc A 0 0 isn=70000000 ackisn=90000\n"
     "c A 0 0 isn=70000000 ackisn=90000 NEW\n",
     "c 0 OLD\nclose reused c\nc 0 NEW\nclose input c", true, 0},
    {"SYN of a stranger, client's side only",
     "c S 0 0\nc A 0 0 OLD\nc S 0 0 isn=70000000\nc A 3 0 MORE\nc A 0 0 isn=70000000 BAD\n",
     "c 0 OLDMORE\nclose input c", true, 0},
    {"ports used again, server's side only",
     "s SA 0 0\ns A 0 0 old\n+10 s SA 0 0 isn=90000 ackisn=70000000\n"
     "s A 0 0 isn=90000 ackisn=70000000 new\n+3 tick\n",
     "s 0 old\nclose reused s\ns 0 new\nclose input c", true, 0},
    {"SYN-ACK of a stranger, server's side only",
     "s SA 0 0\ns A 0 0 old\ns SA 0 0 isn=90000000 ackisn=70000000\ns A 3 0 more\n"
     "s A 0 0 isn=90000000 bad\n",
     "s 0 oldmore\nclose input c", true, 0},
    {"numbers far off after both sides were heard are a gap, no other connection",
     SHAKE "s A 0 50000000 XYZ\n+3 tick\nc A 50000000 3 MORE\n",
     "c hole 0+50000000\ns 0 XYZ\nc 50000000 MORE\nclose input c", false, 0},
    {"joined at a stranger's SYN", "c S 0 0 isn=70000000\ns A 0 0\nc A 0 0 REQ\ns A 0 3 res\n",
     "close reused s\nc 0 REQ\ns 0 res\nclose input c", true, 0},
    {"joined at a stranger's SYN-ACK",
     "s SA 0 0 isn=90000000 ackisn=70000000\nc A 0 0 REQ\ns A 0 3 res\n",
     "close reused c\nc 0 REQ\ns 0 res\nclose input c", true, 0},
    {"a stranger's SYN and bytes behind it",
     SHAKE "c A 0 0 OLD\nc S 0 0 isn=70000000\nc A 0 0 isn=70000000 BAD\ns A 0 3\nc A 3 0 MORE\n",
     "c 0 OLDMORE\nclose input c", true, 0},
    {"SYN inside the window changes nothing", SHAKE "c A 0 0 OLD\nc S 0 0 isn=1000\nc A 3 0 MORE\n",
     "c 0 OLDMORE\nclose input c", true, 0},
    {"a stranger's bytes, acknowledgement and end, all beyond the window",
     SHAKE "c A 0 0 ABC\nc A 70000 0 XYZ\ns A 800000 7000\nc FA -70000 0\ns FPA 500000 3 xyz\n"
           "c A 3 0 DEF\ns A 0 6 abc\n",
     "c 0 ABCDEF\ns 0 abc\nclose input c", false, 0},
    {"a window so wide",
     "c S 0 0 scale=3\ns SA 0 0 scale=2\nc A 0 0\nc A 200000 0 XYZ\ns A 0 200003\n+3 tick\n",
     "c hole 0+200000\nc 200000 XYZ\nclose input c", true, 0},
    {"a window not scaled by one side is not by the other",
     "c S 0 0\ns SA 0 0 scale=2\nc A 0 0\nc A 200000 0 XYZ\ns A 0 3\n+3 tick\n",
     "c hole 0+3\nclose input c", false, 0},
    {"an upload's middle not captured, its acknowledgements were",
     SHAKE "c A 0 0 ABC\ns A 0 50000\ns A 0 100000\ns A 0 150000\nc A 150000 0 XYZ\n+3 tick\n",
     "c 0 ABC\nc hole 3+49997\nc hole 50000+100000\nc 150000 XYZ\nclose input c", true, 0},
    {"both sides' middle not captured, then one goes on",
     SHAKE "c A 0 0 ABC\nc A 90000 80000 abc\nc A 90003 80000 XYZ\ns A 80000 90006 xyz\n+3 tick\n",
     "c 0 ABC\nc hole 3+90000\ns hole 0+80000\nc 90003 XYZ\ns 80000 xyz\nclose input c", false, 0},
    {"both sides' middle not captured, then the other answers",
     SHAKE "c A 0 0 ABC\nc A 90000 80000 abc\ns A 80000 90003 xyz\n+3 tick\n",
     "c 0 ABC\nc hole 3+90000\ns hole 0+80000\ns 80000 xyz\nclose input c", false, 0},
    {"far from the stream",
     SHAKE "c A 0 0 ABC\nc A 1900000000 0 XYZ\ns A 0 2000000000\nc A 3 0 DEF\n+3 tick\n",
     "c 0 ABCDEF\nclose input c", false, 0},
    {"idle, once a silence",
     SHAKE "c A 0 0 ABC ref=9\n+50000 c A 2 0\ns A 0 3\n+20000 tick\n+20000 tick\ns A 0 3 abc "
           "ref=8\n+61000 tick\n",
     "c 0 ABC\nidle since #9\ns 0 abc\nidle since #8\nclose input c", false, 0},
    {"idle without a byte is no news", SHAKE "+61000 tick\n+1000 tick\n", "close input c", false,
     0},
    {"forgotten", SHAKE "c A 0 0 ABC ref=9\n+601000 tick\n", "c 0 ABC\nclose expired c", false, 0},
    {"forgotten after idle", SHAKE "c A 0 0 ABC ref=9\n+61000 tick\n+540000 tick\n",
     "c 0 ABC\nidle since #9\nclose expired c", false, 0},
    {"watched", SHAKE "c A 0 0 ABC\ns A 0 2 ref=90\ns A 0 3 ref=91\ns A 0 3 abc ref=92\n",
     "c 0 ABC\ns ack 3 of 3 #91\ns 0 abc\nclose input c", false, 3},
    {"watched, acknowledged by the answer", SHAKE "c A 0 0 ABCDEF\ns A 0 6 abc ref=92\n",
     "c 0 ABCDEF\ns ack 6 of 3 #92\ns 0 abc\nclose input c", false, 3},
    {"watched, acknowledged before it came", SHAKE "s A 0 3 abc ref=92\nc A 0 0 ABC\n",
     "c 0 ABC\ns ack 3 of 3 #92\ns 0 abc\nclose input c", false, 3},
    {"watched, acknowledged with bytes that come later",
     SHAKE "c A 0 0 ABC\ns A 0 6 ref=92\ns A 0 9 ref=93\nc A 3 0 DEFGHI\n",
     "c 0 ABCDEFGHI\ns ack 6 of 3 #92\nclose input c", false, 3},
    {"watched, acknowledging segments swapped",
     SHAKE "c A 0 0 ABCDEF\ns A 3 6 def ref=93\ns A 0 3 abc ref=92\n",
     "c 0 ABCDEF\ns ack 3 of 3 #92\ns 0 abcdef\nclose input c", false, 3},
    {"watched, acknowledged with the FIN", SHAKE "c FA 0 0 ABC\ns A 0 4 ref=91\n",
     "c 0 ABC\nc fin 3\ns ack 3 of 3 #91\nclose input c", false, 3},
    {"watched, acknowledged but for the FIN", SHAKE "c FA 0 0 ABC\ns A 0 3 ref=91\n",
     "c 0 ABC\nc fin 3\ns ack 3 of 3 #91\nclose input c", false, 3},
    {"copies: other TTL",
     "c S 0 0 id=1\nc S 0 0 id=1 ttl=63\ns SA 0 0 id=0 ts=5\ns SA 0 0 id=0 ts=5 ttl=62\nc A 0 0 "
     "id=2\n"
     "c A 0 0 id=3 ABC\nc A 0 0 id=2 ttl=63\nc A 0 0 id=3 ttl=63 ABC\ns A 0 3 id=0 ts=9 abc\n"
     "s A 0 3 id=0 ts=9 ttl=62 abc\n",
     "c 0 ABC\ns 0 abc\nclose input c", false, 0},
    {"copies: in bursts",
     SHAKE
     "c A 0 0 id=90 ABC\nc A 3 0 id=91 DEF\nc A 0 0 id=90 ttl=63 ABC\nc A 3 0 id=91 ttl=63 DEF\n",
     "c 0 ABCDEF\nclose input c", false, 0},
    {"copies: other interface, no numbers", SHAKE "c A 0 0 id=0 ABC\nc A 0 0 id=0 ABC if=1\n",
     "c 0 ABC\nclose input c", false, 0},
    {"copies: in and out of a cooked capture",
     SHAKE "c A 0 0 id=0 ts=7 ABC dir=1\nc A 0 0 id=0 ts=7 ABC dir=2\n", "c 0 ABC\nclose input c",
     false, 0},
    {"copies: exact, same ID", SHAKE "c A 0 0 id=77 ABC\nc A 0 0 id=77 ABC\n",
     "c 0 ABC\nclose input c", false, 0},
    {"copies: of what waits", SHAKE "c A 3 0 id=77 DEF\nc A 3 0 id=77 ttl=9 DEF\nc A 0 0 ABC\n",
     "c 0 ABCDEF\nclose input c", false, 0},
    {"copies: of a FIN", SHAKE "c FA 0 0 id=77\nc FA 0 0 id=77 ttl=9\n", "c fin 0\nclose input c",
     false, 0},
    {"no copy: other ID", SHAKE "c A 0 0 id=77 ABC\nc A 0 0 id=78 ABC ttl=63\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"copy: numbered anew on the way, the same time stamp",
     SHAKE "c A 0 0 id=77 ts=7 ABC\nc A 0 0 id=9 ts=7 ABC ttl=63\n", "c 0 ABC\nclose input c",
     false, 0},
    {"no copy: another number, another time stamp",
     SHAKE "c A 0 0 id=77 ts=7 ABC\nc A 0 0 id=9 ts=8 ABC ttl=63\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"no copy: another number, the same way",
     SHAKE "c A 0 0 id=77 ts=7 ABC\nc A 0 0 id=78 ts=7 ABC\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"no copy: too late", SHAKE "c A 0 0 id=77 ABC\n+200 c A 0 0 id=77 ABC ttl=63\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"copy: the first six packets back, another TTL than anything new",
     SHAKE "c A 0 0 id=1 A\nc A 1 0 id=2 B\nc A 2 0 id=3 C\nc A 3 0 id=4 D\nc A 4 0 id=5 E\n"
           "c A 5 0 id=6 F\nc A 0 0 id=1 A ttl=63\nc A 1 0 id=2 B ttl=63\nc A 2 0 id=3 C ttl=63\n",
     "c 0 ABCDEF\nclose input c", false, 0},
    {"no copy: no numbers, same way", SHAKE "c A 0 0 id=0 ABC\n+50 c A 0 0 id=0 ABC\n",
     "c 0 ABC\nc again 0+3\nclose input c", false, 0},
    {"copy: no numbers, same way, at once", SHAKE "c A 0 0 id=0 ABC\nc A 0 0 id=0 ABC\n",
     "c 0 ABC\nclose input c", false, 0},
    {"copy: time stamps, same way", SHAKE "c A 0 0 id=0 ts=9 ABC\n+3 c A 0 0 id=0 ts=9 ABC\n",
     "c 0 ABC\nclose input c", false, 0},
    {"copy: the first six packets back, by the way of copies",
     SHAKE "c A 0 0 id=1 A if=1\nc A 0 0 id=1 A if=2\nc A 1 0 id=2 B if=1\nc A 2 0 id=3 C if=1\n"
           "c A 3 0 id=4 D if=1\nc A 4 0 id=5 E if=1\nc A 5 0 id=6 F if=1\nc A 1 0 id=2 B if=2\n"
           "c A 2 0 id=3 C if=2\nc A 3 0 id=4 D if=2\nc A 2 0 id=9 C if=1\n",
     "c 0 ABCDEF\nc again 2+1\nclose input c", false, 0},
};

static const uint32_t isns[][2] = {
    {1000, 5000},
    {UINT32_MAX, UINT32_MAX},
    {UINT32_MAX - 1, UINT32_MAX - 5},
    {UINT32_MAX - 3, 0x7ffffffc},
    {0x7fffffff, 0x80000000},
    {0, UINT32_MAX - 2},
};

static unsigned failures;

static void run_scenario(const struct scenario *sc, const uint32_t isn[2], size_t cut, bool patient)
{
    struct lab *lab = calloc(1, sizeof *lab);
    struct aw_flow_limits limits = lab_limits();
    limits.patient = patient;
    assert_true(lab_start(lab, 1 << 22, &limits));
    memcpy(lab->isn, isn, sizeof lab->isn);
    lab->cut = cut;
    if (sc->watch) lab->watch = sc->watch;
    lab_run(lab, sc->script);
    aw_flow_finish(lab->table);
    if (strcmp(lab->log, sc->log) != 0) {
        print_error("%s (ISN %u, pieces of %zu):\n%s\nwanted:\n%s\n\n", sc->name, isn[0], cut,
                    lab->log, sc->log);
        failures++;
    }
    assert_int_equal(lab->opened, lab->gone);
    assert_int_equal(aw_flow_count(lab->table), 0);
    lab_stop(lab);
    free(lab);
}

static void test_scenarios(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        for (size_t n = 0; n < sizeof isns / sizeof *isns; n++) {
            run_scenario(&scenarios[i], isns[n], 0, false);
            for (size_t cut = 1; scenarios[i].split && cut < 10; cut++)
                run_scenario(&scenarios[i], isns[n], cut, false);
        }
    }
    assert_int_equal(failures, 0);
}

/* A silence is told of when nothing can follow it any more. */
static void test_patience(void **state)
{
    (void)state;
    static const struct scenario patient[] = {
        {"a silence that ends",
         SHAKE "c A 0 0 ABC ref=9\n+90000 tick\n+20000 tick\ns A 0 3 abc ref=8\n+50000 tick\n",
         "c 0 ABC\ns 0 abc\nclose input c", false, 0},
        {"a silence up to the end", SHAKE "c A 0 0 ABC ref=9\n+61000 tick\n+20000 tick\n",
         "c 0 ABC\nidle since #9\nclose input c", false, 0},
        {"a silence with a hole up to the end", SHAKE "c A 0 0 ABC ref=9\ns A 0 5\n+61000 tick\n",
         "c 0 ABC\nc hole 3+2\nidle since #9\nclose input c", false, 0},
        {"a FIN in the silence", SHAKE "c A 0 0 ABC ref=9\n+61000 tick\nc FA 3 0\ns FA 0 4\n",
         "c 0 ABC\nc fin 3\ns fin 0\nclose fin c", false, 0},
        {"a reset in the silence", SHAKE "c A 0 0 ABC ref=9\n+61000 tick\nc R 3 0\n",
         "c 0 ABC\nclose rst c", false, 0},
        {"forgotten", SHAKE "c A 0 0 ABC ref=9\n+61000 tick\n+540000 tick\n",
         "c 0 ABC\nidle since #9\nclose expired c", false, 0},
    };
    failures = 0;
    for (size_t i = 0; i < sizeof patient / sizeof *patient; i++)
        run_scenario(&patient[i], isns[0], 0, true);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scenarios),
                                       cmocka_unit_test(test_patience)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
