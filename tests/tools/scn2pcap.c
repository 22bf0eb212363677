/*
 * scn2pcap SCRIPT.scn OUT.pcap|-: a text scenario to a capture.
 *
 * A script is a list of lines; `#` begins a comment line. Times carry ns, us, ms or s.
 *
 * Settings, before what they concern (defaults in brackets)
 *   client ADDR PORT      server ADDR PORT     [10.0.0.1 40001, 10.0.0.2 80; IPv6 too]
 *   rtt TO_CLIENT TO_SERVER                    round trips from the capture point [10us 400us]
 *   isn CLIENT SERVER     ttl CLIENT SERVER    [100000 700000, 64 64]
 *   mss BYTES             snaplen BYTES        [1448, whole packets]
 *   link ethernet|vlan|qinq|mpls|pppoe|vxlan|gre|raw|sll|sll2|null
 *   only client|server                         capture what that side sends
 *   from TIME   until TIME                     capture only then (scenario time, from 0)
 *   ackdelay TIME         spacing TIME         [40us until a bare ACK, 2us between segments]
 *   conn NAME [client|server|rtt|isn|ttl A B]...
 *                                              the connection that the next lines are about; a new
 *                                              name is a new connection, from the next client port
 *   sync                                       what follows here comes after all that was written
 *   repeat N ... end                           N times, with $i counting from 1
 *
 * Actions: [TIME] SIDE[FLAGS]: TEXT   or   [TIME] SIDE[FLAGS] VERB ...
 *   +T  T after all the side has sent, and all the peer's lines so far have arrived [+100us]
 *   =T  T after what the side itself did last, whatever has arrived: its own timer
 *   @T  at scenario time T
 *   The time is that of the side. A packet passes the capture point, and arrives, as the round
 * trips say, and acknowledges what had arrived when it was sent. So content sent with + after a 100
 *   acknowledges it; sent with = or @ before the 100 has arrived it crosses the 100.
 *   open, join            the handshake; or a connection whose handshake was not captured
 *   C: TEXT               data, with \r \n \t \s \xHH; `| TEXT` lines below add a line each, every
 *                         one ended by CRLF (the first too); `> bytes N`, `> chunk N`, `> last`,
 *                         `> text TEXT` lines below add content to the same data
 *   C bytes N             N bytes of filler     C chunk N, C last    chunks, the last chunk
 *   C fin   C rst   C ack   C keepalive   C window N (unscaled, from then on)
 *   C syn                 a SYN alone (S syn: a SYN-ACK)
 *   C retransmit [N]      the side's N-th data line (first is 1) again; the latest
 *   Flags, separated by commas
 *     lost [K]            captured, never delivered (K: only the K-th segment)
 *     uncaptured [K]      delivered, not captured
 *     gone [K]            neither
 *     dup                 captured twice, one hop further on       swap   first two exchanged
 *     late TIME           captured later than it passed            cut N  bytes kept of each packet
 *     seg N               bytes a segment                 noack  not acknowledged by itself
 *     other               of retransmit: with another tenth byte
 *     fin                 FIN on the last segment
 */
#include "../common/scn.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    char err[512];
    if (argc != 3) {
        fprintf(stderr, "usage: scn2pcap SCRIPT.scn OUT.pcap\n");
        return 2;
    }
    struct scn *s = scn_load(argv[1], err, sizeof err);
    const bool ok = s && scn_write(s, argv[2], err, sizeof err);
    scn_free(s);
    if (!ok) fprintf(stderr, "scn2pcap: %s\n", err);
    return ok ? 0 : 3;
}
