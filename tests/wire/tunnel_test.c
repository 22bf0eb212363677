/* Tunnels: each finds the same segment inside, alone and nested; see build.h for the cuts. */
#include "build.h"

/* What is inside most tunnels here, and what goes around: IPv4 of other addresses. */
static void inner(struct frame *f)
{
    ip4(f, 6, 0);
}
static void inner_frame(struct frame *f)
{
    ip4(f, 6, 0);
    ethernet(f, 0x0800);
}
static void outer(struct frame *f, uint8_t protocol)
{
    ip4(f, protocol, 9);
    ethernet(f, 0x0800);
}
static void outer_udp(struct frame *f, unsigned port)
{
    udp(f, 50000, port);
    outer(f, 17);
}

static void ip_in_ip(struct frame *f)
{
    inner(f);
    outer(f, 4);
}
static void six_in_four(struct frame *f)
{
    ip6(f, 6, 0);
    outer(f, 41);
}
static void four_in_six(struct frame *f)
{
    inner(f);
    ip6(f, 4, 9);
    ethernet(f, 0x86dd);
}
static void six_in_six(struct frame *f)
{
    ip6(f, 6, 0);
    ip6(f, 41, 9);
    ethernet(f, 0x86dd);
}
static void ether_ip(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x30, 0);
    outer(f, 97);
}
static void mpls_in_ip(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 1, 1, 64);
    outer(f, 137);
}
static void gre(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 8, 0);
    outer(f, 47);
}
static void gre_all_fields(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 0xb0, 0, 0x86, 0xdd, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1);
    outer(f, 47);
}
static void gre_routing(struct frame *f)
{
    inner(f);
    FRONT(f, 0x40, 0, 8, 0, 0, 0, 0, 0);
    outer(f, 47);
}
static void gre_keepalive(struct frame *f)
{
    FRONT(f, 0, 0, 0x88, 0xb5);
    outer(f, 47);
}
static void gre_mpls(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 0x88, 0x47, 0, 1, 1, 64);
    outer(f, 47);
}
static void nvgre(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x20, 0, 0x65, 0x58, 0, 0, 9, 0);
    outer(f, 47);
}
static void wccp(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 0x88, 0x3e, 0, 0, 0, 1);
    outer(f, 47);
}
static void wccp_1(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 0x88, 0x3e);
    outer(f, 47);
}
static void erspan_1(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0, 0, 0x88, 0xbe);
    outer(f, 47);
}
static void erspan_2(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 2);
    outer(f, 47);
}
static void erspan_3(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0);
    outer(f, 47);
}
static void erspan_3_platform(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 1, 2, 3, 4, 5, 6, 7, 8);
    FRONT(f, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1);
    outer(f, 47);
}
static void pptp_header(struct frame *f, bool ack)
{
    const size_t n = frame_len(f);
    if (ack) FRONT(f, 0, 0, 0, 8);
    uint8_t *p = FRONT(f, 0x30, ack ? 0x81 : 1, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 9);
    set16(p + 4, n);
    outer(f, 47);
}
static void pptp(struct frame *f)
{
    inner(f);
    FRONT(f, 0xff, 3, 0, 0x21);
    pptp_header(f, false);
}
static void pptp_ack(struct frame *f)
{
    inner(f);
    FRONT(f, 0x21);
    pptp_header(f, true);
}
static void pptp_mppe(struct frame *f)
{
    FRONT(f, 0xfd, 0x90, 1);
    pptp_header(f, false);
}
static void pptp_bare_ack(struct frame *f)
{
    empty(f);
    FRONT(f, 0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 9);
    outer(f, 47);
}
static void vxlan(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 8, 0, 0, 0, 0, 0, 9, 0);
    outer_udp(f, 4789);
}
static void vxlan_linux(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 8, 0, 0, 0, 0, 0, 9, 0);
    udp(f, 50000, 8472);
    ip6(f, 17, 9);
    ethernet(f, 0x86dd);
}
static void vxlan_no_flag(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0, 0, 0, 0, 0, 0, 9, 0);
    outer_udp(f, 4789);
}
static void vxlan_arp(struct frame *f)
{
    ethernet(f, 0x0806);
    FRONT(f, 8, 0, 0, 0, 0, 0, 9, 0);
    outer_udp(f, 4789);
}
static void gpe_ip(struct frame *f)
{
    inner(f);
    FRONT(f, 0x0c, 0, 0, 1, 0, 0, 9, 0);
    outer_udp(f, 4790);
}
static void gpe_ip6(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 0x0c, 0, 0, 2, 0, 0, 9, 0);
    outer_udp(f, 4790);
}
static void gpe_frame(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x0c, 0, 0, 3, 0, 0, 9, 0);
    outer_udp(f, 4790);
}
static void gpe_other(struct frame *f)
{
    FRONT(f, 0x0c, 0, 0, 4, 0, 0, 9, 0);
    outer_udp(f, 4790);
}
static void geneve(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 2, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 1, 5, 6, 7, 8);
    outer_udp(f, 6081);
}
static void geneve_ip(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 8, 0, 0, 0, 9, 0);
    outer_udp(f, 6081);
}
static void geneve_control(struct frame *f)
{
    FRONT(f, 0, 0x80, 8, 0, 0, 0, 9, 0);
    outer_udp(f, 6081);
}
static void geneve_version(struct frame *f)
{
    FRONT(f, 0x40, 0, 8, 0, 0, 0, 9, 0);
    outer_udp(f, 6081);
}
static void mpls_in_udp(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 1, 1, 64);
    outer_udp(f, 6635);
}
static void gre_in_udp(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 8, 0);
    outer_udp(f, 4754);
}
static void gtp_header(struct frame *f, unsigned flags, unsigned message)
{
    const size_t n = frame_len(f);
    uint8_t *p = FRONT(f, 0x30, 0, 0, 0, 0, 0, 0, 7);
    p[0] |= (uint8_t)flags;
    p[1] = (uint8_t)message;
    set16(p + 2, n);
    udp(f, 2152, 2152);
    outer(f, 17);
}
static void gtp(struct frame *f)
{
    inner(f);
    gtp_header(f, 0, 255);
}
static void gtp_sequence(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 0, 1, 0, 0);
    gtp_header(f, 2, 255);
}
static void gtp_extensions(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 1, 0, 0x85, 1, 0x10, 9, 0xc0, 2, 1, 2, 3, 4, 5, 6, 0);
    gtp_header(f, 4, 255);
}
static void gtp_extension_zero(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 1, 0, 0x85, 0, 0x10, 9, 0);
    gtp_header(f, 4, 255);
}
static void gtp_echo(struct frame *f)
{
    gtp_header(f, 0, 1);
}
static void teredo(struct frame *f)
{
    ip6(f, 6, 0);
    outer_udp(f, 3544);
}
static void teredo_indications(struct frame *f)
{
    ip6(f, 6, 0);
    FRONT(f, 0, 0, 1, 2, 3, 4, 5, 6);
    FRONT(f, 0, 1, 2, 3, 'i', 'd', 'a', 'u', 't', 1, 2, 3, 4, 5, 6, 7, 8, 0);
    udp(f, 3544, 50000);
    outer(f, 17);
}
static void teredo_not(struct frame *f)
{
    inner(f);
    outer_udp(f, 3544);
}
static void l2tp(struct frame *f)
{
    inner(f);
    FRONT(f, 0xff, 3, 0, 0x21);
    FRONT(f, 0, 2, 0, 7, 0, 9);
    outer_udp(f, 1701);
}
static void l2tp_all_fields(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0x21);
    FRONT(f, 0, 7, 0, 9, 0, 1, 0, 2, 0, 3, 'p', 'a', 'd');
    const size_t n = frame_len(f) + 4;
    uint8_t *p = FRONT(f, 0x4a, 2, 0, 0);
    set16(p + 2, n);
    udp(f, 1701, 1701);
    outer(f, 17);
}
static void l2tp_control(struct frame *f)
{
    FRONT(f, 0xc8, 2, 0, 12, 0, 7, 0, 9, 0, 1, 0, 2);
    outer_udp(f, 1701);
}
static void l2tp_short_length(struct frame *f)
{
    inner(f);
    FRONT(f, 0x40, 2, 0, 3, 0, 7, 0, 9, 0, 0x21);
    outer_udp(f, 1701);
}
static void ayiya(struct frame *f)
{
    ip6(f, 6, 0);
    memset(front(f, NULL, 36), 0, 36);
    FRONT(f, 0x41, 0x52, 0x11, 41, 0, 0, 0, 0);
    outer_udp(f, 5072);
}
static void ah(struct frame *f)
{
    const uint8_t src[] = {10, 0, 0, 1}, dst[] = {10, 0, 0, 2};
    tcp_sum(f, src, dst, 4);
    FRONT(f, 6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    ip4(f, 51, 0);
    ethernet(f, 0x0800);
}
static void esp(struct frame *f)
{
    FRONT(f, 0, 0, 0, 9, 0, 0, 0, 1);
    outer(f, 50);
}
static void esp_in_udp(struct frame *f)
{
    FRONT(f, 0, 0, 0, 9, 0, 0, 0, 1);
    outer_udp(f, 4500);
}
static void ike(struct frame *f)
{
    FRONT(f, 0, 0, 0, 0, 1, 2, 3, 4);
    outer_udp(f, 4500);
}
static void dns(struct frame *f)
{
    outer_udp(f, 53);
}
static void icmp(struct frame *f)
{
    outer(f, 1);
}
static void vlan_vxlan_vlan_gre(struct frame *f)
{
    inner_frame(f);
    FRONT(f, 0x20, 0, 0x65, 0x58, 0, 0, 9, 0);
    ip6(f, 47, 3);
    type(f, 0x86dd);
    type(f, 5);
    ethernet(f, 0x8100);
    FRONT(f, 8, 0, 0, 0, 0, 0, 9, 0);
    udp(f, 1, 4789);
    ip4(f, 17, 4);
    type(f, 0x0800);
    type(f, 6);
    ethernet(f, 0x88a8);
}
static void deep(struct frame *f, unsigned tunnels)
{
    inner(f);
    for (unsigned i = 0; i < tunnels; i++)
        ip4(f, 4, (uint8_t)(i + 1));
    ethernet(f, 0x0800);
}
static void deep_16(struct frame *f)
{
    deep(f, 16);
}
static void deep_17(struct frame *f)
{
    deep(f, 17);
}
static void deep_100(struct frame *f)
{
    deep(f, 100);
}
static void deep_ah(struct frame *f)
{
    for (int i = 0; i < 33; i++)
        FRONT(f, i ? 51 : 6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2);
    ip4(f, 51, 0);
    ethernet(f, 0x0800);
}
static void deep_gre_udp(struct frame *f)
{
    inner(f);
    FRONT(f, 0, 0, 8, 0);
    for (int i = 0; i < 20; i++) {
        udp(f, 1, 4754);
        ip4(f, 17, 1);
        FRONT(f, 0, 0, 8, 0);
    }
    outer(f, 47);
}

static const struct row rows[] = {
    {"IP in IP", ip_in_ip, 1, AW_DROP_NONE, 1},
    {"6in4", six_in_four, 1, AW_DROP_NONE, 1},
    {"4in6", four_in_six, 1, AW_DROP_NONE, 1},
    {"6in6", six_in_six, 1, AW_DROP_NONE, 1},
    {"EtherIP", ether_ip, 1, AW_DROP_NONE, 1},
    {"MPLS in IP", mpls_in_ip, 1, AW_DROP_NONE, 1},
    {"GRE", gre, 1, AW_DROP_NONE, 1},
    {"GRE, checksum, key and sequence", gre_all_fields, 1, AW_DROP_NONE, 1},
    {"GRE, routing", gre_routing, 1, AW_DROP_NOT_TCP, 0},
    {"GRE, unknown type", gre_keepalive, 1, AW_DROP_NOT_IP, 0},
    {"GRE, MPLS", gre_mpls, 1, AW_DROP_NONE, 1},
    {"NVGRE", nvgre, 1, AW_DROP_NONE, 1},
    {"WCCP version 2", wccp, 1, AW_DROP_NONE, 1},
    {"WCCP version 1", wccp_1, 1, AW_DROP_NONE, 1},
    {"ERSPAN type I", erspan_1, 1, AW_DROP_NONE, 1},
    {"ERSPAN type II", erspan_2, 1, AW_DROP_NONE, 1},
    {"ERSPAN type III", erspan_3, 1, AW_DROP_NONE, 1},
    {"ERSPAN type III, platform header", erspan_3_platform, 1, AW_DROP_NONE, 1},
    {"PPTP", pptp, 1, AW_DROP_NONE, 1},
    {"PPTP with acknowledgement", pptp_ack, 1, AW_DROP_NONE, 1},
    {"PPTP, MPPE", pptp_mppe, 1, AW_DROP_ENCRYPTED, 0},
    {"PPTP, acknowledgement only", pptp_bare_ack, 1, AW_DROP_LINK_CONTROL, 0},
    {"VXLAN", vxlan, 1, AW_DROP_NONE, 1},
    {"VXLAN of Linux in IPv6", vxlan_linux, 1, AW_DROP_NONE, 1},
    {"VXLAN's port only", vxlan_no_flag, 1, AW_DROP_NOT_TCP, 0},
    {"VXLAN, ARP", vxlan_arp, 1, AW_DROP_NOT_IP, 0},
    {"VXLAN-GPE, IPv4", gpe_ip, 1, AW_DROP_NONE, 1},
    {"VXLAN-GPE, IPv6", gpe_ip6, 1, AW_DROP_NONE, 1},
    {"VXLAN-GPE, Ethernet", gpe_frame, 1, AW_DROP_NONE, 1},
    {"VXLAN-GPE, other", gpe_other, 1, AW_DROP_NOT_TCP, 0},
    {"GENEVE with options", geneve, 1, AW_DROP_NONE, 1},
    {"GENEVE, IPv4", geneve_ip, 1, AW_DROP_NONE, 1},
    {"GENEVE, control", geneve_control, 1, AW_DROP_LINK_CONTROL, 0},
    {"GENEVE's port only", geneve_version, 1, AW_DROP_NOT_TCP, 0},
    {"MPLS in UDP", mpls_in_udp, 1, AW_DROP_NONE, 1},
    {"GRE in UDP", gre_in_udp, 1, AW_DROP_NONE, 1},
    {"GTP-U", gtp, 1, AW_DROP_NONE, 1},
    {"GTP-U, sequence", gtp_sequence, 1, AW_DROP_NONE, 1},
    {"GTP-U, extension headers", gtp_extensions, 1, AW_DROP_NONE, 1},
    {"GTP-U, extension header of no length", gtp_extension_zero, 1, AW_DROP_LINK_SHORT, 0},
    {"GTP-U, echo", gtp_echo, 1, AW_DROP_LINK_CONTROL, 0},
    {"Teredo", teredo, 1, AW_DROP_NONE, 1},
    {"Teredo, authentication and origin", teredo_indications, 1, AW_DROP_NONE, 1},
    {"Teredo's port only", teredo_not, 1, AW_DROP_NOT_TCP, 0},
    {"L2TP", l2tp, 1, AW_DROP_NONE, 1},
    {"L2TP, length, sequence and offset", l2tp_all_fields, 1, AW_DROP_NONE, 1},
    {"L2TP, control", l2tp_control, 1, AW_DROP_LINK_CONTROL, 0},
    {"L2TP, length within the header", l2tp_short_length, 1, AW_DROP_NOT_TCP, 0},
    {"AYIYA", ayiya, 1, AW_DROP_NONE, 1},
    {"AH", ah, 1, AW_DROP_NONE, 0},
    {"ESP", esp, 1, AW_DROP_ENCRYPTED, 0},
    {"ESP in UDP", esp_in_udp, 1, AW_DROP_ENCRYPTED, 0},
    {"key exchange in UDP", ike, 1, AW_DROP_NOT_TCP, 0},
    {"UDP", dns, 1, AW_DROP_NOT_TCP, 0},
    {"ICMP", icmp, 1, AW_DROP_NOT_TCP, 0},
    {"tags around VXLAN around tags around NVGRE", vlan_vxlan_vlan_gre, 1, AW_DROP_NONE, 1},
    {"16 tunnels", deep_16, 1, AW_DROP_NONE, 1},
    {"17 tunnels", deep_17, 1, AW_DROP_LINK_DEPTH, 0},
    {"100 tunnels", deep_100, 1, AW_DROP_LINK_DEPTH, 0},
    {"33 authentication headers", deep_ah, 1, AW_DROP_LINK_DEPTH, 0},
    {"GRE in UDP, 20 deep", deep_gre_udp, 1, AW_DROP_LINK_DEPTH, 0},
};

static void every_tunnel(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_row(&rows[i]);
}

/* The addresses, hop limit and ID of the segment are those of the innermost header. */
static void innermost(void **state)
{
    (void)state;
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    tcp(&f, PAYLOAD);
    ip6(&f, 6, 0);
    ip4(&f, 41, 9)[8] = 200;
    assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_NONE);
    assert_true(s.src.v6 && s.dst.v6 && s.src.b[15] == 1 && s.dst.b[15] == 2 && s.src.b[14] == 0);
    assert_int_equal(s.ttl, 59);
    assert_false(s.has_ip_id);

    tcp(&f, PAYLOAD);
    ip4(&f, 6, 0);
    ip6(&f, 4, 9);
    assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_NONE);
    assert_false(s.src.v6);
    for (int i = 4; i < 16; i++)
        assert_true(s.src.b[i] == 0 && s.dst.b[i] == 0);
    assert_true(s.src.b[0] == 10 && s.src.b[3] == 1 && s.dst.b[3] == 2);
    assert_true(s.ttl == 61 && s.has_ip_id && s.ip_id == 0x1234);
    decoder_close(&t);
}

/* Where offload left the inner IP length at zero, the tunnel's own length tells trailers apart. */
static void lengths_around(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*build)(struct frame *f);
    } cases[] = {{"UDP", vxlan}, {"PPTP", pptp}, {"GTP-U", gtp}, {"L2TP", l2tp_all_fields}};
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcp(&f, PAYLOAD);
        cases[i].build(&f);
        zero_length_and_trailer(&f);
        frame_bytes(&f)[17] += 4; /* the outer IP header takes the trailer in */
        ip4_sum(frame_bytes(&f) + 14);
        assert_int_equal(decode_frame(&t, 1, &f, &s), AW_DROP_NONE);
        if (s.payload.len != PAYLOAD || s.payload_wire != PAYLOAD) fail_msg("%s", cases[i].name);
    }
    decoder_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tunnel),
        cmocka_unit_test(innermost),
        cmocka_unit_test(lengths_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
