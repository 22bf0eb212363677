/*
 * Figures as the dashboard writes them: short, in eight columns.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sink/report.h"
#include "view/inside.h"

static void figure_before(char to[FIGURE], double ms, double s)
{
    if (ms > -9.95)
        (void)snprintf(to, FIGURE, "%.1f ms", ms);
    else if (ms > -999.5)
        (void)snprintf(to, FIGURE, "%.0f ms", ms);
    else if (s > -6000)
        (void)snprintf(to, FIGURE, "%.0f s", s);
    else if (s > -360000)
        (void)snprintf(to, FIGURE, "%.0f h", s / 3600);
    else
        (void)snprintf(to, FIGURE, "%.0f d", s / 86400);
}

const char *figure_span(char to[FIGURE], aw_ns ns)
{
    const double ms = (double)ns / (double)AW_MS, s = ms / 1000;
    if (ns == AW_NS_NONE)
        (void)snprintf(to, FIGURE, "-");
    else if (ns == 0)
        (void)snprintf(to, FIGURE, "0 ms");
    else if (ns < 0) /* the sign takes a digit */
        figure_before(to, ms, s);
    else if (ms < 9.995)
        (void)snprintf(to, FIGURE, "%.2f ms", ms);
    else if (ms < 999.5)
        (void)snprintf(to, FIGURE, "%.0f ms", ms);
    else if (s < 9.9995)
        (void)snprintf(to, FIGURE, "%.3f s", s);
    else if (s < 99.995)
        (void)snprintf(to, FIGURE, "%.2f s", s);
    else if (s < 6000)
        (void)snprintf(to, FIGURE, "%.0f s", s);
    else if (s < 360000)
        (void)snprintf(to, FIGURE, "%.1f h", s / 3600);
    else
        (void)snprintf(to, FIGURE, "%.0f d", s / 86400);
    return to;
}

const char *figure_size(char to[FIGURE], int64_t bytes)
{
    return bytes < 0 ? strcpy(to, "-") : aw_text_size(to, (uint64_t)bytes);
}

const char *figure_count(char to[FIGURE], uint64_t count)
{
    if (count < 1000000)
        (void)snprintf(to, FIGURE, "%llu", (unsigned long long)count);
    else if (count < 999995000)
        (void)snprintf(to, FIGURE, "%.2f M", (double)count / 1e6);
    else
        (void)snprintf(to, FIGURE, "%.2f G", (double)count / 1e9);
    return to;
}

const char *figure_clock(char to[FIGURE], aw_ns t, bool ms)
{
    uint32_t ns;
    const time_t sec = (time_t)aw_ns_seconds(t, &ns);
    struct tm tm;
    if (t == AW_NS_NONE || !localtime_r(&sec, &tm))
        (void)snprintf(to, FIGURE, "-");
    else if (ms)
        (void)snprintf(to, FIGURE, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
                       (unsigned)(ns / AW_MS));
    else
        (void)snprintf(to, FIGURE, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    return to;
}

enum aw_style severity_style(enum aw_severity s)
{
    switch (s) {
    case AW_SEV_OK:
        return AW_STYLE_OK;
    case AW_SEV_INFO:
        return AW_STYLE_INFO;
    case AW_SEV_UNKNOWN:
        return AW_STYLE_UNKNOWN;
    case AW_SEV_WARNING:
        return AW_STYLE_WARNING;
    case AW_SEV_ERROR:
        return AW_STYLE_ERROR;
    case AW_SEV_COUNT:
        break;
    }
    return AW_STYLE_PLAIN;
}

char severity_mark(enum aw_severity s)
{
    return s < AW_SEV_COUNT ? ".i?*!"[s] : ' ';
}

void endpoint_text(char to[ENDPOINT], struct aw_span addr, uint16_t port)
{
    struct aw_addr a = {.v6 = addr.len == 16};
    char text[AW_ADDR_TEXT];
    if (addr.len != 4 && addr.len != 16) {
        (void)snprintf(to, ENDPOINT, "?:%u", port); /* words ran out */
        return;
    }
    memcpy(a.b, addr.p, addr.len);
    (void)aw_addr_text(text, &a);
    (void)snprintf(to, ENDPOINT, a.v6 ? "[%s]:%u" : "%s:%u", text, port);
}

void exchange_endpoint(char to[ENDPOINT], const struct aw_exchange *x, enum aw_dir side)
{
    const struct aw_addr *a = &x->conn.addr[side];
    endpoint_text(to, (struct aw_span){a->b, a->v6 ? 16u : 4u}, x->conn.port[side]);
}

static struct aw_span print_method_target(char to[CELL_TEXT], const struct aw_rows *rows,
                                          const struct aw_row *row)
{
    const struct aw_span method = aw_rows_word(rows, row->method);
    size_t used = 0;
    if (!(row->flags & AW_ROW_REQUEST)) return aw_str("(request not captured)");
    for (; used < method.len && used < 32; used++)
        to[used] = (char)method.p[used];
    to[used++] = ' ';
    memcpy(to + used, row->target, row->target_len);
    used += row->target_len;
    if (row->flags & AW_ROW_TARGET_CUT) {
        memcpy(to + used, "...", 3);
        used += 3;
    }
    return (struct aw_span){(const uint8_t *)to, used};
}

struct aw_span column_text(char to[CELL_TEXT], const struct aw_rows *rows, const struct aw_row *row,
                           enum aw_column c, bool wide)
{
    const bool judged = row->flags & AW_ROW_JUDGED;
    char figure[FIGURE], end[ENDPOINT];
    to[0] = '\0';
    switch (c) {
    case AW_COL_SEVERITY:
        (void)snprintf(to, CELL_TEXT, "%c",
                       judged ? severity_mark((enum aw_severity)row->severity) : ' ');
        break;
    case AW_COL_TIME:
        (void)snprintf(to, CELL_TEXT, "%s", figure_clock(figure, row->time, wide));
        break;
    case AW_COL_CLIENT:
        endpoint_text(end, aw_rows_word(rows, row->client), row->client_port);
        (void)snprintf(to, CELL_TEXT, "%s", end);
        break;
    case AW_COL_SERVER:
        endpoint_text(end, aw_rows_word(rows, row->server), row->server_port);
        (void)snprintf(to, CELL_TEXT, "%s", end);
        break;
    case AW_COL_HOST:
        return aw_rows_word(rows, row->host);
    case AW_COL_REQUEST:
        return print_method_target(to, rows, row);
    case AW_COL_STATUS:
        if (row->status)
            (void)snprintf(to, CELL_TEXT, "%u", row->status);
        else
            (void)snprintf(to, CELL_TEXT, "-");
        break;
    case AW_COL_WAIT:
        return aw_str(strcpy(to, figure_span(figure, row->wait)));
    case AW_COL_STALL:
        return aw_str(strcpy(to, figure_span(figure, row->stall > 0 ? row->stall : AW_NS_NONE)));
    case AW_COL_TOTAL:
        return aw_str(strcpy(to, figure_span(figure, row->total)));
    case AW_COL_SENT:
        return aw_str(strcpy(to, figure_size(figure, row->sent)));
    case AW_COL_AGENT:
        return aw_rows_word(rows, row->agent);
    case AW_COL_PRODUCT:
        return aw_rows_word(rows, row->product);
    case AW_COL_ATTEMPT:
        if (row->attempts > 1) (void)snprintf(to, CELL_TEXT, "%u/%u", row->attempt, row->attempts);
        break;
    case AW_COL_PARTY:
        if (judged) return aw_str(aw_party_name((enum aw_party)row->party));
        break;
    case AW_COL_CAUSE:
        if (judged) return aw_str(aw_cause_title((enum aw_cause)row->cause));
        return aw_str("(no expectation)");
    case AW_COL_COUNT:
        break;
    }
    return aw_str(to);
}
