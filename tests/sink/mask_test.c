/*
 * Heads without their secrets: what stays, what is masked, and that lengths and line ends do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/mask.h"

enum { SIZE = 512 };

/* Masks and, in the result, writes '*' where a byte is another than before; a mask hits the same
 * byte by chance one time in 62, so what is masked is longer than a byte or two and is of bytes
 * that no mask has: '-'. */
static void masked(char *to, const char *head, bool hosts)
{
    const struct aw_masker m = {.key = {1, 2, 3}, .hosts = hosts};
    const size_t len = strlen(head);
    assert_true(len < SIZE);
    memcpy(to, head, len + 1);
    aw_mask_head(&m, (uint8_t *)to, len);
    for (size_t i = 0; i < len; i++)
        if (to[i] != head[i]) to[i] = '*';
}

static void what_is_masked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *head, *want, *no_hosts;
    } rows[] = {
        {"nothing to hide", "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
         "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", NULL},
        {"query", "GET /a?b=--&c=---;d=&--- HTTP/1.1\r\n\r\n",
         "GET /a?b=**&c=***;d=&*** HTTP/1.1\r\n\r\n", NULL},
        {"query with a blank", "GET /a?b=- - HTTP/1.1\r\n\r\n", "GET /a?b=*** HTTP/1.1\r\n\r\n",
         NULL},
        {"fragment", "GET /a#--- HTTP/1.1\r\n\r\n", "GET /a#*** HTTP/1.1\r\n\r\n", NULL},
        {"no version", "GET /a?b=---\r\n", "GET /a?b=***\r\n", NULL},
        {"userinfo", "GET http://---@-.-:80/a?-- HTTP/1.1\r\n\r\n",
         "GET http://***@-.-:80/a?** HTTP/1.1\r\n\r\n",
         "GET http://***@***:80/a?** HTTP/1.1\r\n\r\n"},
        {"userinfo in a query's URL", "GET /a?u=----://--@-/ HTTP/1.1\r\n\r\n",
         "GET /a?u=************ HTTP/1.1\r\n\r\n", NULL},
        {"connect", "CONNECT --:443 HTTP/1.1\r\n\r\n", "CONNECT --:443 HTTP/1.1\r\n\r\n",
         "CONNECT **:443 HTTP/1.1\r\n\r\n"},
        {"credentials", "GET / HTTP/1.1\r\nAuthorization: Basic ---\r\n\r\n",
         "GET / HTTP/1.1\r\nAuthorization: Basic ***\r\n\r\n", NULL},
        {"credentials without a scheme", "GET / HTTP/1.1\r\nauthorization:---\r\n\r\n",
         "GET / HTTP/1.1\r\nauthorization:***\r\n\r\n", NULL},
        {"a field nobody knows", "GET / HTTP/1.1\r\nX-Key: --- ---  \r\n\r\n",
         "GET / HTTP/1.1\r\nX-Key: *******  \r\n\r\n", NULL},
        {"a folded line", "GET / HTTP/1.1\r\nX-Key: ---\r\n ---\r\nServer: -\r\n\r\n",
         "GET / HTTP/1.1\r\nX-Key: ***\r\n ***\r\nServer: -\r\n\r\n", NULL},
        {"a folded Expect", "GET / HTTP/1.1\r\nExpect:\r\n 100-continue\r\n\r\n",
         "GET / HTTP/1.1\r\nExpect:\r\n 100-continue\r\n\r\n", NULL},
        {"an odd Expect", "GET / HTTP/1.1\r\n\vExpect\x01 : --\r\n\r\n",
         "GET / HTTP/1.1\r\n\vExpect\x01 : --\r\n\r\n", NULL},
        {"no field", "GET / HTTP/1.1\r\n------\r\n\r\n", "GET / HTTP/1.1\r\n******\r\n\r\n", NULL},
        {"bare line feeds", "GET / HTTP/1.1\nCookie: --=--\n\n",
         "GET / HTTP/1.1\nCookie: *****\n\n", NULL},
        {"a response", "HTTP/1.1 200 a?b=--\r\nSet-Cookie: ---\r\nServer: --\r\n\r\n",
         "HTTP/1.1 200 a?b=--\r\nSet-Cookie: ***\r\nServer: --\r\n\r\n", NULL},
        {"a place", "HTTP/1.1 302 -\r\nLocation: http://--:--@-.-/a?b=--\r\n\r\n",
         "HTTP/1.1 302 -\r\nLocation: http://*****@-.-/a?b=**\r\n\r\n",
         "HTTP/1.1 302 -\r\nLocation: http://*****@***/a?b=**\r\n\r\n"},
        {"hosts", "GET / HTTP/1.1\r\nHost: ---\r\nX-Forwarded-For: -.-\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: ---\r\nX-Forwarded-For: -.-\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: ***\r\nX-Forwarded-For: ***\r\n\r\n"},
        {"empty lines before", "\r\n\r\nGET /?a=-- HTTP/1.1\r\n\r\n",
         "\r\n\r\nGET /?a=** HTTP/1.1\r\n\r\n", NULL},
        {"cut in a name", "GET / HTTP/1.1\r\nHos", "GET / HTTP/1.1\r\n***", NULL},
        {"nothing", "", "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[SIZE];
        const char *const want[2] = {rows[i].want,
                                     rows[i].no_hosts ? rows[i].no_hosts : rows[i].want};
        for (int hosts = 0; hosts < 2; hosts++) {
            masked(got, rows[i].head, hosts);
            if (strcmp(got, want[hosts]) != 0)
                fail_msg("%s:\n%s\nwas wanted, not\n%s", rows[i].name, want[hosts], got);
        }
    }
}

static void equal_values_stay_equal(void **state)
{
    (void)state;
    const struct aw_masker m = {.key = {1}}, other = {.key = {2}};
    uint8_t a[] = "GET /?a=12345678&b=12345678&c=12345679 HTTP/1.1\r\n\r\n", b[sizeof a];
    memcpy(b, a, sizeof a);
    aw_mask_head(&m, a, sizeof a - 1);
    aw_mask_head(&other, b, sizeof b - 1);
    assert_memory_equal(a + 8, a + 19, 8);
    assert_memory_not_equal(a + 8, a + 30, 8);
    assert_memory_not_equal(a + 8, b + 8, 8);
}

static void stars_hide_all_the_same(void **state)
{
    (void)state;
    const struct aw_masker m = {.stars = true};
    char head[] = "GET /?a=1&b=* HTTP/1.1\r\nCookie: a=b\r\nAccept: */*\r\n\r\n";
    aw_mask_head(&m, (uint8_t *)head, sizeof head - 1);
    assert_string_equal(head, "GET /?a=*&b=* HTTP/1.1\r\nCookie: ***\r\nAccept: */*\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_masked),
        cmocka_unit_test(equal_values_stay_equal),
        cmocka_unit_test(stars_hide_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
