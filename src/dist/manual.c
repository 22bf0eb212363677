/*
 * The manual as mdoc, for mandoc and groff.
 */
#include <stdio.h>
#include <string.h>

#include "app/version.h"
#include "await100.h"
#include "dist/words.h"
#include "sink/sink.h"

enum { COLUMNS = 72 };

/* Running text: nothing in it is a request or an escape, lines are short, sentences begin lines. */
static void text(const char *s)
{
    size_t column = 0;
    while (*s) {
        const size_t word = strcspn(s, " ");
        if (column > 0 && column + 1 + word > COLUMNS) {
            putchar('\n');
            column = 0;
        } else if (column > 0) {
            putchar(' ');
            column++;
        }
        if (column == 0 && (*s == '.' || *s == '\'')) fputs("\\&", stdout);
        for (size_t i = 0; i < word; i++) {
            if (s[i] == '\\')
                fputs("\\e", stdout);
            else if (s[i] == '-')
                fputs("\\-", stdout); /* to be copied as it is */
            else if (s[i] == '\'')
                fputs("\\(aq", stdout);
            else if (s[i] == '~')
                fputs("\\(ti", stdout);
            else
                putchar(s[i]);
        }
        column += word;
        const bool ends = word > 0 && (s[word - 1] == '.' || s[word - 1] == '?');
        s += word;
        s += strspn(s, " ");
        if (ends && *s) {
            putchar('\n');
            column = 0;
        }
    }
    putchar('\n');
}

/* Lines that begin with "." are requests, the others text. */
static void lines(const char *const *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i][0] == '.')
            puts(line[i]);
        else
            text(line[i]);
    }
}
#define LINES(...)                                                                                 \
    do {                                                                                           \
        static const char *const all[] = {__VA_ARGS__};                                            \
        lines(all, sizeof all / sizeof all[0]);                                                    \
    } while (0)

static void options(void)
{
    LINES(".Bl -tag -width Ds");
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *o = &option_rows[i];
        fputs(".It ", stdout);
        if (o->letter)
            printf("Fl %c%s%s , ", o->letter, o->arg ? " Ar " : "", o->arg ? o->arg : "");
        printf("Fl Fl %s%s%s\n", o->name, o->arg ? " Ar " : "", o->arg ? o->arg : "");
        text(o->help);
    }
    LINES(".El");
}

static void formats(void)
{
    LINES(".Sh FORMATS", ".Bl -tag -width ndjson");
    for (size_t i = 0; aw_formats[i]; i++) {
        printf(".It Cm %s\n", aw_formats[i]->name);
        text(aw_formats[i]->help);
    }
    LINES(".El", "All are made from one model: their figures agree.",
          "Credentials and the values of query parameters are masked in all of them.",
          "Nothing of the wire reaches a terminal, a browser or a spreadsheet unescaped.");
}

static void dashboard(void)
{
    static const struct {
        const char *shown, *help;
    } key[] = {
#define AW_BIND(action, screens, k1, k2, k3, shown, help) {shown, help},
#include "view/keys.def"
#undef AW_BIND
    };
    LINES(".Sh DASHBOARD", "Where standard output is a terminal, and nothing asks for a report,",
          ".Fl r", "and", ".Fl i",
          "open the dashboard: the exchanges, failing ones first; for each",
          "the ladder of its messages, the verdict, the fix, and the packets that prove it.",
          "Without an input it captures on any interface.", ".Fl N", "prints the report instead.",
          "The keys:", ".Bl -tag -width XXXXXXXXXX");
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        printf(".It \\&");
        text(key[i].shown);
        text(key[i].help);
    }
    LINES(".El", "Its settings are kept in", ".Pa ~/.config/await100/dashboard .");
}

static void causes(void)
{
    LINES(".Sh CAUSES",
          "In the order in which they win where more than one holds, worst severity first given.",
          ".Fl Fl explain Ar cause",
          "tells the reasons, how to confirm it, the fixes and common mistakes.",
          ".Bl -tag -width Ds");
    static const char *const worst[] = {
#define AW_CAUSE(id, slug, severity, title, meaning) #severity,
#include "await100/causes.def"
#undef AW_CAUSE
    };
    for (int c = 0; c < AW_CAUSE_COUNT; c++) {
        printf(".It Cm %s Pq ", aw_cause_slug((enum aw_cause)c));
        for (const char *p = worst[c]; *p; p++)
            putchar(*p | 0x20);
        putchar('\n');
        text(aw_cause_meaning((enum aw_cause)c));
    }
    LINES(".El");
}

static void thresholds(void)
{
    LINES(".Sh THRESHOLDS", "For", ".Fl Fl set Ar NAME Ns = Ns Ar VALUE ,", "with the defaults.",
          ".Bl -tag -width Ds");
    for (int i = 0; i < AW_T_COUNT; i++) {
        const enum aw_threshold t = (enum aw_threshold)i;
        if (aw_threshold_unit(t) == AW_UNIT_NS)
            printf(".It Cm %s Pq %.6g ms\n", aw_threshold_name(t),
                   (double)aw_threshold_default(t) / 1e6);
        else
            printf(".It Cm %s Pq %lld\n", aw_threshold_name(t), (long long)aw_threshold_default(t));
        text(aw_threshold_meaning(t));
    }
    LINES(".El");
}

static void signals_heard(void)
{
    LINES(".Sh SIGNALS", ".Bl -tag -width Ds", ".It Dv SIGINT , SIGTERM",
          "End the run with a report on what was read; a second one ends it at once.",
          ".It Dv SIGHUP", "Live: the files of", ".Fl w , Fl Fl record", "and of", ".Fl O", "with",
          ".Fl o Cm ndjson", "that were moved away are made anew, for", ".Xr logrotate 8 .",
          "A file that is still there is written on; that of", ".Fl Fl metrics",
          "is a new one each time.", ".It Dv SIGUSR1",
          "Live: the totals so far, and who waits now, to standard error.", ".El");
}

void write_manual(void)
{
    LINES(".\\\" Made from the tables of options, causes, formats and thresholds: edit those.",
          ".Dd " AW_DATE, ".Dt AWAIT100 1", ".Os await100", ".Sh NAME", ".Nm await100",
          ".Nd why Expect: 100-continue handshakes fail, from packets", ".Sh SYNOPSIS", ".Nm",
          ".Op Ar options", ".Fl r Ar file ...", ".Op Ar filter", ".Nm", ".Op Ar options",
          ".Fl i Ar interface ...", ".Op Ar filter", ".Nm", ".Fl Fl compare Ar before after", ".Nm",
          ".Op Ar options", ".Fl Fl merge Ar file ...", ".Nm", ".Fl Fl align Ar client server",
          ".Op Ar filter", ".Nm", ".Fl Fl explain Ar word", ".Sh DESCRIPTION",
          "A client that sends", ".Ql Expect: 100-continue",
          "holds its content back until the server says", ".Ql 100 Continue .",
          "When that handshake breaks, clients and servers log nothing.", ".Nm",
          "reads captured packets, follows every HTTP/1 exchange through TCP, and says what broke,",
          "whose doing it was, how sure that is, which packets prove it, what it cost, and the",
          "setting that mends it.", ".Pp",
          "Captures are pcap and pcapng, plain or compressed with gzip, zstd, lz4, xz or bzip2.",
          "HTTP is found by content, on any port and in any tunnel that is followed.",
          "TLS and HTTP/2 connections are recognised and counted, and not read.", ".Pp",
          "A bare argument that names a readable capture is taken as", ".Fl r ;",
          "all others are the capture filter, in the language of", ".Xr pcap-filter 7 .", "Unlike",
          ".Xr tcpdump 8 ,", ".Fl A", "means every exchange, and", ".Fl O",
          "names the file for the report.", ".Pp", "The options are:");
    options();
    dashboard();
    formats();
    causes();
    thresholds();
    signals_heard();
    LINES(".Sh ENVIRONMENT", ".Bl -tag -width NO_COLOR", ".It Ev NO_COLOR",
          "Where it is set and not empty, text on a terminal has no colour.", ".It Ev PAGER",
          "Shows what", ".Fl Fl explain", "says on a terminal.", ".It Ev TZ",
          "The time zone of reports for people; records are in UTC.", ".It Ev XDG_CONFIG_HOME",
          "Where the configuration is looked for, if not in", ".Pa ~/.config .", ".El", ".Sh FILES",
          ".Bl -tag -width Ds", ".It Pa ~/.config/await100/config",
          "Options by their long names, one a line:", ".Ql name = value ,", ".Ql name value ,",
          "or", ".Ql name", "alone where it takes none (or", ".Ql name = no ) .",
          "A value may stand in double quotes; # begins a comment.",
          "It is read before the command line, which wins; inputs and what only prints a text",
          "belong there.",
          "It has to be a regular file of up to 64 KiB that belongs to the user or",
          "root and that not everybody may write to.", ".El", ".Sh EXIT STATUS",
          ".Bl -tag -width Ds -compact", ".It 0", "analysed", ".It 1", ".Fl Fl fail-on",
          "matched, or", ".Fl Fl compare", "found something worse", ".It 2", "wrong use", ".It 3",
          "an input could not be opened or was damaged; what was read before is reported", ".It 4",
          "the output could not be written", ".El", ".Sh EXAMPLES",
          "Read a capture:", ".Dl await100 -r upload.pcap", ".Pp",
          "A page for a colleague, of what two servers captured:",
          ".Dl await100 -r a.pcap.gz -r b.pcap.gz -o html -O report.html", ".Pp",
          "A gate in continuous integration:",
          ".Dl await100 -r test.pcap --fail-on error,ignored -o json", ".Pp",
          "What a change brought, with the exit status for a gate:",
          ".Dl await100 --compare before.json after.json", ".Pp",
          "One report on the summaries of many machines:",
          ".Dl await100 --merge */summary.json -o html -O all.html", ".Pp",
          "What a 417 is about:", ".Dl await100 --explain 417", ".Sh SEE ALSO", ".Xr tshark 1 ,",
          ".Xr pcap-filter 7 ,", ".Xr tcpdump 8", ".Sh STANDARDS", ".Rs", ".%T HTTP Semantics",
          ".%R RFC 9110", ".%O section 10.1.1, Expect", ".Re", ".Pp", ".Rs", ".%T HTTP/1.1",
          ".%R RFC 9112", ".Re", ".Sh SECURITY CONSIDERATIONS",
          "Every byte of a capture is taken for hostile.",
          "Before the first one is read, the program gives up the right to open files, to start",
          "programs and to use the network, and as root becomes another user; see", ".Fl Z", "and",
          ".Fl Fl no-sandbox .");
}
