/* Link layers: every link type and every shim finds the same segment; see build.h for the cuts. */
#include "build.h"

static void eth4(struct frame *f)
{
    ip4(f, 6, 0);
    ethernet(f, 0x0800);
}
static void eth6(struct frame *f)
{
    ip6(f, 6, 0);
    ethernet(f, 0x86dd);
}
static void eth_no_ip(struct frame *f)
{
    ethernet(f, 0x0806);
}
static void tag(struct frame *f, unsigned tci, unsigned inner)
{
    type(f, inner);
    type(f, tci);
}
static void vlan(struct frame *f)
{
    ip4(f, 6, 0);
    tag(f, 100, 0x0800);
    ethernet(f, 0x8100);
}
static void qinq(struct frame *f)
{
    ip6(f, 6, 0);
    tag(f, 1, 0x86dd);
    tag(f, 2, 0x8100);
    tag(f, 3, 0x9100);
    ethernet(f, 0x88a8);
}
static void tags(struct frame *f, unsigned count)
{
    ip4(f, 6, 0);
    unsigned inner = 0x0800;
    for (unsigned i = 0; i < count; i++) {
        tag(f, i, inner);
        inner = i % 2 ? 0x9100 : 0x8100;
    }
    ethernet(f, inner);
}
static void tags_32(struct frame *f)
{
    tags(f, 32);
}
static void tags_33(struct frame *f)
{
    tags(f, 33);
}
static void vntag(struct frame *f)
{
    ip4(f, 6, 0);
    type(f, 0x0800);
    FRONT(f, 0, 1, 2, 3);
    ethernet(f, 0x8926);
}
static void pbb(struct frame *f)
{
    eth4(f);
    FRONT(f, 0, 0, 0, 7);
    ethernet(f, 0x88e7);
}
static void macsec_clear(struct frame *f)
{
    ip4(f, 6, 0);
    type(f, 0x0800);
    FRONT(f, 0x20, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8);
    ethernet(f, 0x88e5);
}
static void macsec(struct frame *f)
{
    macsec_clear(f);
    frame_bytes(f)[14] |= 0x0c;
}
static void label(struct frame *f, bool bottom)
{
    FRONT(f, 0, 1, bottom, 64);
}
static void mpls4(struct frame *f)
{
    ip4(f, 6, 0);
    label(f, true);
    label(f, false);
    ethernet(f, 0x8847);
}
static void mpls6(struct frame *f)
{
    ip6(f, 6, 0);
    label(f, true);
    ethernet(f, 0x8848);
}
static void pseudowire(struct frame *f)
{
    eth4(f);
    label(f, true);
    ethernet(f, 0x8847);
}
static void pseudowire_zero(struct frame *f) /* no control word; the address looks like one */
{
    eth4(f);
    frame_bytes(f)[0] = 0;
    label(f, true);
    ethernet(f, 0x8847);
}
static void pseudowire_four(struct frame *f) /* and here like IPv4 */
{
    eth4(f);
    frame_bytes(f)[0] = 0x44;
    label(f, true);
    ethernet(f, 0x8847);
}
static void control_word(struct frame *f)
{
    eth4(f);
    FRONT(f, 0, 0, 0, 9);
    label(f, true);
    ethernet(f, 0x8847);
}
static void mpls_control(struct frame *f)
{
    FRONT(f, 0x10, 0, 0, 0x21);
    label(f, true);
    ethernet(f, 0x8847);
}
static void labels_33(struct frame *f)
{
    ip4(f, 6, 0);
    label(f, true);
    for (int i = 0; i < 32; i++)
        label(f, false);
    ethernet(f, 0x8847);
}
static void ppp4(struct frame *f)
{
    ip4(f, 6, 0);
    FRONT(f, 0x00, 0x21);
}
static void ppp6_short(struct frame *f) /* protocol field compressed */
{
    ip6(f, 6, 0);
    FRONT(f, 0x57);
}
static void ppp_framed(struct frame *f)
{
    ppp4(f);
    FRONT(f, 0xff, 0x03);
}
static void ppp_mpls(struct frame *f)
{
    ip4(f, 6, 0);
    label(f, true);
    FRONT(f, 0x02, 0x81);
}
static void ppp_lcp(struct frame *f)
{
    FRONT(f, 0xff, 0x03, 0xc0, 0x21);
}
static void ppp_mppe(struct frame *f)
{
    FRONT(f, 0x00, 0xfd);
}
static void ppp_out(struct frame *f)
{
    ppp_framed(f);
    FRONT(f, 1);
}
static void pppoe_header(struct frame *f)
{
    ppp4(f);
    const size_t n = frame_len(f);
    uint8_t *p = FRONT(f, 0x11, 0, 0, 1, 0, 0);
    set16(p + 4, n);
}
static void pppoe(struct frame *f)
{
    pppoe_header(f);
    ethernet(f, 0x8864);
}
static void pppoe_discovery(struct frame *f)
{
    pppoe_header(f);
    ethernet(f, 0x8863);
}
static void hdlc(struct frame *f)
{
    ip4(f, 6, 0);
    type(f, 0x0800);
    FRONT(f, 0x0f, 0);
}
static void slarp(struct frame *f)
{
    type(f, 0x8035);
    FRONT(f, 0x8f, 0);
}
static void snap(struct frame *f)
{
    ip4(f, 6, 0);
    type(f, 0x0800);
    FRONT(f, 0xaa, 0xaa, 3, 0, 0, 0);
}
static void eth_snap(struct frame *f)
{
    snap(f);
    ethernet(f, (unsigned)frame_len(f));
}
static void eth_llc_ip(struct frame *f)
{
    ip4(f, 6, 0);
    FRONT(f, 6, 6, 3);
    ethernet(f, (unsigned)frame_len(f));
}
static void eth_stp(struct frame *f)
{
    FRONT(f, 0x42, 0x42, 3);
    ethernet(f, (unsigned)frame_len(f));
}
static void snap_in_snap(struct frame *f) /* a length where a type should be, again and again */
{
    empty(f);
    for (int i = 0; i < 4000; i++)
        FRONT(f, 0xaa, 0xaa, 3, 0, 0, 0, 5, 0xdc);
    ethernet(f, 1500);
}
static void null_le(struct frame *f)
{
    ip4(f, 6, 0);
    FRONT(f, 2, 0, 0, 0);
}
static void null_be(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 0, 0, 0, 30);
}
static void null_freebsd(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 28, 0, 0, 0);
}
static void null_appletalk(struct frame *f)
{
    FRONT(f, 16, 0, 0, 0);
}
static void raw4(struct frame *f)
{
    ip4(f, 6, 0);
}
static void raw6(struct frame *f)
{
    ip6(f, 6, 0);
}
static void raw5(struct frame *f)
{
    ip4(f, 6, 0)[0] = 0x55;
}
static void sll(struct frame *f)
{
    ip4(f, 6, 0);
    type(f, 0x0800);
    FRONT(f, 0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0);
}
static void sll_vlan(struct frame *f)
{
    ip6(f, 6, 0);
    tag(f, 9, 0x86dd);
    type(f, 0x8100);
    FRONT(f, 0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0);
}
static void sll_netlink(struct frame *f)
{
    FRONT(f, 0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0);
}
static void sll2(struct frame *f)
{
    ip4(f, 6, 0);
    FRONT(f, 8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0);
}
static void sll2_in(struct frame *f)
{
    ip4(f, 6, 0);
    FRONT(f, 8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 2, 6, 1, 2, 3, 4, 5, 6, 0, 0);
}
static void nflog_payload(struct frame *f, bool big)
{
    ip4(f, 6, 0);
    const size_t n = frame_len(f) + 4;
    uint8_t *p = FRONT(f, 0, 0, 0, 0);
    p[big ? 0 : 1] = (uint8_t)(n >> 8);
    p[big ? 1 : 0] = (uint8_t)n;
    p[big ? 3 : 2] = 9;
}
static void nflog(struct frame *f)
{
    nflog_payload(f, false);
    FRONT(f, 2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 'x', 0, 0, 0);
}
static void nflog_be(struct frame *f)
{
    nflog_payload(f, true);
    FRONT(f, 2, 0, 0, 0, 0, 8, 0, 1, 8, 0, 1, 0);
}
static void wlan_header(struct frame *f, unsigned subtype, unsigned flags)
{
    if ((subtype & 8) && (flags & 0x80)) FRONT(f, 0, 0, 0, 0);
    if (subtype & 8) FRONT(f, 0, 0);
    if ((flags & 3) == 3) FRONT(f, 6, 6, 6, 6, 6, 6);
    uint8_t *p = front(f, NULL, 24);
    memset(p, 0, 24);
    p[0] = (uint8_t)(8 | subtype << 4);
    p[1] = (uint8_t)flags;
}
static void wlan(struct frame *f)
{
    snap(f);
    wlan_header(f, 0, 1);
}
static void wlan_wds_qos_ht(struct frame *f)
{
    snap(f);
    wlan_header(f, 8, 0x83);
}
static void wlan_protected(struct frame *f)
{
    snap(f);
    wlan_header(f, 8, 0x42);
}
static void wlan_null(struct frame *f)
{
    wlan_header(f, 4, 1);
}
static void wlan_ack(struct frame *f)
{
    empty(f);
    FRONT(f, 0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6);
}
static void wlan_fragment(struct frame *f)
{
    snap(f);
    wlan_header(f, 0, 1);
    frame_bytes(f)[22] = 1;
}
static void wlan_amsdu(struct frame *f)
{
    snap(f);
    const size_t n = frame_len(f);
    type(f, (unsigned)n);
    FRONT(f, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2);
    wlan_header(f, 8, 2);
    frame_bytes(f)[24] = 0x80;
}
static void radiotap(struct frame *f)
{
    wlan(f);
    FRONT(f, 0, 0, 8, 0, 0, 0, 0, 0);
}
static void
radiotap_padded(struct frame *f) /* TSFT, flags with the pad bit; header 26, padded 28 */
{
    snap(f);
    FRONT(f, 0, 0);
    wlan_header(f, 8, 1);
    /* present words 2: 12 bytes, aligned to 16, TSFT to 24, flags */
    FRONT(f, 0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0x20);
}
static void prism(struct frame *f)
{
    wlan(f);
    memset(front(f, NULL, 136), 0, 136);
    FRONT(f, 0x44, 0, 0, 0, 144, 0, 0, 0);
}
static void avs(struct frame *f)
{
    wlan(f);
    memset(front(f, NULL, 56), 0, 56);
    FRONT(f, 0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64);
}
/* Monitor mode under "any": wlan with a header of its device in front of it, or without. */
static void cooked(struct frame *f, unsigned hardware)
{
    FRONT(f, 0, 0, (uint8_t)(hardware >> 8), (uint8_t)hardware, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4);
}
static void sll_wlan(struct frame *f)
{
    wlan(f);
    cooked(f, 801);
}
static void sll_radiotap(struct frame *f)
{
    radiotap(f);
    cooked(f, 803);
}
static void sll_prism(struct frame *f)
{
    prism(f);
    cooked(f, 802);
}
static void ppi(struct frame *f)
{
    wlan(f);
    FRONT(f, 0, 0, 12, 0, 105, 0, 0, 0, 1, 1, 1, 1);
}
static void ppi_in_ppi(struct frame *f)
{
    eth4(f);
    FRONT(f, 0, 0, 8, 0, 1, 0, 0, 0);
    for (int i = 0; i < 32; i++)
        FRONT(f, 0, 0, 8, 0, 192, 0, 0, 0);
}
static void ppi_unknown(struct frame *f)
{
    FRONT(f, 0, 0, 8, 0, 147, 0, 0, 0);
}

static const struct row rows[] = {
    {"Ethernet, IPv4", eth4, 1, AW_DROP_NONE, 0},
    {"Ethernet, IPv6", eth6, 1, AW_DROP_NONE, 0},
    {"Ethernet, ARP", eth_no_ip, 1, AW_DROP_NOT_IP, 0},
    {"802.1Q", vlan, 1, AW_DROP_NONE, 0},
    {"802.1ad over 0x9100 over 802.1Q", qinq, 1, AW_DROP_NONE, 0},
    {"32 tags", tags_32, 1, AW_DROP_NONE, 0},
    {"33 tags", tags_33, 1, AW_DROP_LINK_DEPTH, 0},
    {"VN-Tag", vntag, 1, AW_DROP_NONE, 0},
    {"802.1ah", pbb, 1, AW_DROP_NONE, 0},
    {"MACsec, authenticated only", macsec_clear, 1, AW_DROP_NONE, 0},
    {"MACsec", macsec, 1, AW_DROP_ENCRYPTED, 0},
    {"MPLS, two labels, IPv4", mpls4, 1, AW_DROP_NONE, 0},
    {"MPLS multicast, IPv6", mpls6, 1, AW_DROP_NONE, 0},
    {"MPLS, Ethernet", pseudowire, 1, AW_DROP_NONE, 0},
    {"MPLS, Ethernet address of zero nibble", pseudowire_zero, 1, AW_DROP_NONE, 0},
    {"MPLS, Ethernet address of nibble 4", pseudowire_four, 1, AW_DROP_NONE, 0},
    {"MPLS, control word", control_word, 1, AW_DROP_NONE, 0},
    {"MPLS, associated channel", mpls_control, 1, AW_DROP_LINK_CONTROL, 0},
    {"33 labels", labels_33, 1, AW_DROP_LINK_DEPTH, 0},
    {"PPP", ppp4, 9, AW_DROP_NONE, 0},
    {"PPP, compressed protocol", ppp6_short, 9, AW_DROP_NONE, 0},
    {"PPP, HDLC-like framing", ppp_framed, 50, AW_DROP_NONE, 0},
    {"PPP, MPLS", ppp_mpls, 9, AW_DROP_NONE, 0},
    {"PPP, LCP", ppp_lcp, 9, AW_DROP_LINK_CONTROL, 0},
    {"PPP, MPPE", ppp_mppe, 9, AW_DROP_ENCRYPTED, 0},
    {"PPP with direction", ppp_out, 204, AW_DROP_NONE, 0},
    {"PPPoE in Ethernet", pppoe, 1, AW_DROP_NONE, 0},
    {"PPPoE discovery", pppoe_discovery, 1, AW_DROP_LINK_CONTROL, 0},
    {"PPPoE", pppoe_header, 51, AW_DROP_NONE, 0},
    {"Cisco HDLC", hdlc, 104, AW_DROP_NONE, 0},
    {"Cisco HDLC as PPP", hdlc, 50, AW_DROP_NONE, 0},
    {"SLARP", slarp, 104, AW_DROP_LINK_CONTROL, 0},
    {"802.3, SNAP", eth_snap, 1, AW_DROP_NONE, 0},
    {"802.3, LLC", eth_llc_ip, 1, AW_DROP_NONE, 0},
    {"802.3, spanning tree", eth_stp, 1, AW_DROP_LINK_CONTROL, 0},
    {"SNAP in SNAP", snap_in_snap, 1, AW_DROP_LINK_DEPTH, 0},
    {"RFC 1483", snap, 100, AW_DROP_NONE, 0},
    {"NULL, little-endian", null_le, 0, AW_DROP_NONE, 0},
    {"NULL, big-endian, Darwin", null_be, 0, AW_DROP_NONE, 0},
    {"LOOP", null_be, 108, AW_DROP_NONE, 0},
    {"NULL, FreeBSD", null_freebsd, 0, AW_DROP_NONE, 0},
    {"NULL, AppleTalk", null_appletalk, 0, AW_DROP_NOT_IP, 0},
    {"RAW, IPv4", raw4, 101, AW_DROP_NONE, 0},
    {"RAW, IPv6", raw6, 12, AW_DROP_NONE, 0},
    {"RAW of OpenBSD", raw6, 14, AW_DROP_NONE, 0},
    {"RAW, neither", raw5, 101, AW_DROP_IP_VERSION, 0},
    {"IPV4", raw4, 228, AW_DROP_NONE, 0},
    {"IPV4 with IPv6", raw6, 228, AW_DROP_IP_VERSION, 0},
    {"IPV6", raw6, 229, AW_DROP_NONE, 0},
    {"SLL", sll, 113, AW_DROP_NONE, 0},
    {"SLL, 802.1Q", sll_vlan, 113, AW_DROP_NONE, 0},
    {"SLL, netlink", sll_netlink, 113, AW_DROP_NOT_IP, 0},
    {"SLL, 802.11", sll_wlan, 113, AW_DROP_NONE, 0},
    {"SLL, Prism", sll_prism, 113, AW_DROP_NONE, 0},
    {"SLL, radiotap", sll_radiotap, 113, AW_DROP_NONE, 0},
    {"SLL2", sll2, 276, AW_DROP_NONE, 0},
    {"NFLOG", nflog, 239, AW_DROP_NONE, 0},
    {"NFLOG, big-endian", nflog_be, 239, AW_DROP_NONE, 0},
    {"802.11", wlan, 105, AW_DROP_NONE, 0},
    {"802.11, four addresses, QoS, HT", wlan_wds_qos_ht, 105, AW_DROP_NONE, 0},
    {"802.11, protected", wlan_protected, 105, AW_DROP_ENCRYPTED, 0},
    {"802.11, no data", wlan_null, 105, AW_DROP_LINK_CONTROL, 0},
    {"802.11, acknowledgement", wlan_ack, 105, AW_DROP_LINK_CONTROL, 0},
    {"802.11, later fragment", wlan_fragment, 105, AW_DROP_NOT_IP, 0},
    {"802.11, aggregate", wlan_amsdu, 105, AW_DROP_NONE, 0},
    {"radiotap", radiotap, 127, AW_DROP_NONE, 0},
    {"radiotap, padded header", radiotap_padded, 127, AW_DROP_NONE, 0},
    {"Prism", prism, 119, AW_DROP_NONE, 0},
    {"AVS", avs, 163, AW_DROP_NONE, 0},
    {"AVS as Prism", avs, 119, AW_DROP_NONE, 0},
    {"PPI", ppi, 192, AW_DROP_NONE, 0},
    {"PPI in PPI", ppi_in_ppi, 192, AW_DROP_LINK_DEPTH, 0},
    {"PPI, unknown", ppi_unknown, 192, AW_DROP_LINK_UNKNOWN, 0},
};

static void every_link(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_row(&rows[i]);
}

static void unknown_link(void **state)
{
    (void)state;
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    tcp(&f, PAYLOAD);
    eth4(&f);
    assert_int_equal(decode_frame(&t, 1, &f, &s), AW_DROP_NONE);
    assert_int_equal(aw_wire_stats(t.w)->unknown_link, -1);
    assert_int_equal(decode_frame(&t, 147, &f, &s), AW_DROP_LINK_UNKNOWN);
    assert_int_equal(aw_wire_stats(t.w)->unknown_link, 147);
    assert_false(aw_wire_knows(147));
    assert_false(aw_wire_knows(0xffff));
    decoder_close(&t);
}

static void directions_and_devices(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*build)(struct frame *f);
        unsigned linktype, dir, iface;
    } cases[] = {
        {"SLL, from us", sll, 113, 2, 5},     {"SLL, to us", sll_vlan, 113, 1, 5},
        {"SLL2, from us", sll2, 276, 2, 3},   {"SLL2, multicast", sll2_in, 276, 1, 7},
        {"PPP, from us", ppp_out, 204, 2, 5}, {"Ethernet", eth4, 1, 0, 5},
    };
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcp(&f, PAYLOAD);
        cases[i].build(&f);
        assert_int_equal(decode_frame(&t, cases[i].linktype, &f, &s), AW_DROP_NONE);
        if (s.link_dir != cases[i].dir || s.iface != cases[i].iface)
            fail_msg("%s: %u %u", cases[i].name, s.link_dir, s.iface);
    }
    decoder_close(&t);
}

/* The check sequence of a frame is no payload where offload left the IP length at zero. */
static void frame_check_sequence(void **state)
{
    (void)state;
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (unsigned flag = 0; flag <= 0x10; flag += 0x10) {
        tcp(&f, PAYLOAD);
        set16(ip4(&f, 6, 0) + 2, 0);
        type(&f, 0x0800);
        FRONT(&f, 0xaa, 0xaa, 3, 0, 0, 0);
        wlan_header(&f, 0, 1);
        FRONT(&f, 0, 0, 9, 0, 2, 0, 0, 0, (uint8_t)flag);
        memmove(frame_bytes(&f) - 4, frame_bytes(&f), frame_len(&f));
        f.at -= 4;
        assert_int_equal(decode_frame(&t, 127, &f, &s), AW_DROP_NONE);
        assert_int_equal(s.payload.len, flag ? PAYLOAD : PAYLOAD + 4);
        assert_int_equal(s.payload_wire, s.payload.len);
    }
    decoder_close(&t);
}

/* Where offload left the IP length at zero the lengths around it tell padding from content, unless
 * they claim more than the frame. */
static void lengths_around(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*build)(struct frame *f);
        unsigned linktype;
        size_t length_at; /* offset of the length in the frame */
    } cases[] = {{"802.3", eth_snap, 1, 12},
                 {"PPPoE", pppoe_header, 51, 4},
                 {"NFLOG", nflog_be, 239, 12},
                 {"802.11, aggregate", wlan_amsdu, 105, 38}};
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcp(&f, PAYLOAD);
        cases[i].build(&f);
        zero_length_and_trailer(&f);
        assert_int_equal(decode_frame(&t, cases[i].linktype, &f, &s), AW_DROP_NONE);
        if (s.payload.len != PAYLOAD || s.payload_wire != PAYLOAD) fail_msg("%s", cases[i].name);
        frame_bytes(&f)[cases[i].length_at] = 2; /* some 512 bytes more */
        assert_int_equal(decode_frame(&t, cases[i].linktype, &f, &s), AW_DROP_NONE);
        if (s.payload.len != PAYLOAD + 4 || s.payload_wire != PAYLOAD + 4)
            fail_msg("%s, longer than the frame", cases[i].name);
    }
    decoder_close(&t);
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < AW_DROP_COUNT; i++) {
        assert_true(aw_drop_slug((enum aw_drop)i)[0] != '\0');
        assert_true(aw_drop_meaning((enum aw_drop)i)[0] != '\0');
    }
    assert_string_equal(aw_drop_slug(AW_DROP_NOT_TCP), "not-tcp");
    assert_string_equal(aw_drop_slug(AW_DROP_COUNT), "");
    assert_string_equal(aw_drop_meaning(AW_DROP_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link),
        cmocka_unit_test(unknown_link),
        cmocka_unit_test(directions_and_devices),
        cmocka_unit_test(frame_check_sequence),
        cmocka_unit_test(lengths_around),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
