/*
 * Community ID v1: base64 of the SHA-1 of seed, addresses, protocol and ports, the lower end first.
 */
#include "sink/community.h"

#include <arpa/inet.h>
#include <string.h>

#include <sha1.h>

static uint8_t *put(uint8_t *to, const void *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}

static void base64(char *to, const uint8_t *p, size_t len)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; len > 0; p += 3, to += 4, len -= len < 3 ? len : 3) {
        const unsigned bits = (unsigned)p[0] << 16 | (len > 1 ? (unsigned)p[1] << 8 : 0) |
                              (len > 2 ? (unsigned)p[2] : 0);
        to[0] = letters[bits >> 18];
        to[1] = letters[bits >> 12 & 63];
        to[2] = len > 1 ? letters[bits >> 6 & 63] : '=';
        to[3] = len > 2 ? letters[bits & 63] : '=';
    }
}

void aw_community_id(char to[AW_COMMUNITY_LEN], const struct aw_conn_facts *conn)
{
    enum { PROTO_TCP = 6 };
    const size_t len = conn->addr[0].v6 ? 16 : 4;
    const int order = memcmp(conn->addr[0].b, conn->addr[1].b, len);
    const unsigned low = order < 0 || (order == 0 && conn->port[0] <= conn->port[1]) ? 0 : 1;
    const unsigned high = 1 - low;

    /* All of it and its padding are one block: the library's own padding comes byte by byte and
     * takes four times as long as the hash. */
    uint8_t block[SHA1_BLOCK_LENGTH] = {0}, *p = block;
    _Static_assert(2 + 2 * 16 + 2 + 4 + 1 + 8 <= SHA1_BLOCK_LENGTH, "one block");
    p = put(p, (const uint8_t[]){0, 0}, 2); /* seed */
    p = put(p, conn->addr[low].b, len);
    p = put(p, conn->addr[high].b, len);
    p = put(p, (const uint8_t[]){PROTO_TCP, 0}, 2);
    const uint16_t a = conn->port[low], b = conn->port[high];
    p = put(p, (const uint8_t[]){(uint8_t)(a >> 8), (uint8_t)a, (uint8_t)(b >> 8), (uint8_t)b}, 4);

    const unsigned bits = (unsigned)(p - block) * 8;
    *p = 0x80;
    block[SHA1_BLOCK_LENGTH - 2] = (uint8_t)(bits >> 8);
    block[SHA1_BLOCK_LENGTH - 1] = (uint8_t)bits;
    SHA1_CTX ctx;
    SHA1Init(&ctx);
    SHA1Transform(ctx.state, block);
    uint8_t digest[SHA1_DIGEST_LENGTH];
    for (unsigned i = 0; i < SHA1_DIGEST_LENGTH / 4; i++) {
        const uint32_t word = htonl(ctx.state[i]);
        memcpy(digest + (size_t)i * 4, &word, sizeof word);
    }
    to[0] = '1';
    to[1] = ':';
    base64(to + 2, digest, sizeof digest);
}
