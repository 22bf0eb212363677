/*
 * ncurses: screen, colours, keys, mouse, signals.
 *
 * A terminal that goes away shows as HUP or ERR on its descriptor, as end of file, or as SIGHUP:
 * each ends the wait at once. Fatal signals put the terminal right by nothing but write and
 * tcsetattr, which are allowed there, and then take their course.
 */
#define NCURSES_WIDECHAR 1
#include "tui/door.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "sink/complain.h"

struct aw_door {
    SCREEN *screen;
    FILE *in, *out; /* borrowed */
    FILE *tty;      /* owned: `in` where that is not standard input; NULL */
    int in_fd;
    enum aw_theme theme;
    bool no_color, colors, utf8, mouse;
    short pair[AW_STYLE_COUNT];
    int click_y, click_x; /* of the last click: a second one there opens */
    bool clicked;
    bool unread; /* keys may wait in ncurses' own queue */
};

/* What signal handlers need: they have no other place to find it. */
static struct {
    struct termios before;
    int fd;
    volatile sig_atomic_t open, end;
} terminal = {.fd = -1};

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};

static void on_fatal(int number)
{
    /* Leaves the alternate screen, shows the cursor, ends colours and the mouse: xterm's sequences,
     * which every terminal in use either knows or passes over. */
    static const char sane[] = "\033[?1000l\033[?1006l\033[?1049l\033[?25h\033[0m\r\n";
    if (terminal.open) {
        ssize_t done = write(terminal.fd, sane, sizeof sane - 1);
        (void)done;
        (void)tcsetattr(terminal.fd, TCSANOW, &terminal.before);
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void on_end(int number)
{
    (void)number;
    terminal.end = 1;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_end};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    struct sigaction crash = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &crash, NULL);
}

/* --- colours --- */

struct look_of {
    short dark, light; /* foreground; -1 = the terminal's own */
    attr_t mono, also;
};

static const struct look_of looks[AW_STYLE_COUNT] = {
    [AW_STYLE_PLAIN] = {-1, -1, A_NORMAL, A_NORMAL},
    [AW_STYLE_DIM] = {-1, -1, A_DIM, A_DIM},
    [AW_STYLE_TITLE] = {-1, -1, A_BOLD, A_BOLD},
    [AW_STYLE_HEADER] = {COLOR_CYAN, COLOR_BLUE, A_UNDERLINE, A_BOLD},
    [AW_STYLE_KEY] = {COLOR_CYAN, COLOR_BLUE, A_BOLD, A_BOLD},
    [AW_STYLE_FRAME] = {-1, -1, A_DIM, A_DIM},
    [AW_STYLE_OK] = {COLOR_GREEN, COLOR_GREEN, A_NORMAL, A_NORMAL},
    [AW_STYLE_INFO] = {COLOR_CYAN, COLOR_BLUE, A_NORMAL, A_NORMAL},
    [AW_STYLE_UNKNOWN] = {COLOR_MAGENTA, COLOR_MAGENTA, A_NORMAL, A_NORMAL},
    [AW_STYLE_WARNING] = {COLOR_YELLOW, COLOR_MAGENTA, A_BOLD, A_NORMAL},
    [AW_STYLE_ERROR] = {COLOR_RED, COLOR_RED, A_BOLD, A_BOLD},
    [AW_STYLE_BAR] = {COLOR_CYAN, COLOR_BLUE, A_NORMAL, A_NORMAL},
    [AW_STYLE_MATCH] = {COLOR_YELLOW, COLOR_RED, A_STANDOUT, A_BOLD},
    [AW_STYLE_GOOD] = {COLOR_GREEN, COLOR_GREEN, A_NORMAL, A_NORMAL},
    [AW_STYLE_BAD] = {COLOR_RED, COLOR_RED, A_BOLD, A_BOLD},
};

static void set_colors(struct aw_door *d)
{
    for (int i = 0; i < AW_STYLE_COUNT; i++) {
        d->pair[i] = 0;
        const short c = d->theme == AW_THEME_LIGHT ? looks[i].light : looks[i].dark;
        if (!d->colors || c < 0) continue;
        if (init_pair((short)(i + 1), c, -1) == OK) d->pair[i] = (short)(i + 1);
    }
}

static attr_t attributes(const struct aw_door *d, enum aw_style style)
{
    const bool mono = !d->colors || d->theme == AW_THEME_MONO;
    return mono ? looks[style].mono : looks[style].also;
}

void aw_door_settings(struct aw_door *d, const struct aw_settings *s)
{
    d->theme = s->theme;
    set_colors(d);
    if (s->mouse != d->mouse) {
        d->mouse = s->mouse;
        (void)mousemask(d->mouse ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
    }
}

/* --- opening --- */

static bool find_streams(struct aw_door *d)
{
    d->out = stdout;
    d->in = stdin;
    if (isatty(STDIN_FILENO)) return true;
    d->tty = fopen("/dev/tty", "r+"); /* standard input is a capture, or the like */
    d->in = d->tty;
    return d->tty != NULL;
}

/* The type to drive the terminal as: the one it claims, else the first of those most terminals obey
 * that is described here, since a claim that is not known is that of a newer one. NULL: none is. */
static const char *choose_type(const char *claimed)
{
    static const char *const usual[] = {"xterm-256color", "xterm", "vt100"};
    int status;
    const char *type = setupterm(claimed, STDOUT_FILENO, &status) == OK ? claimed : NULL;
    for (size_t i = 0; !type && i < sizeof usual / sizeof *usual; i++)
        if (setupterm(usual[i], STDOUT_FILENO, &status) == OK) type = usual[i];
    if (type) (void)del_curterm(cur_term); /* newterm makes its own */
    return type;
}

static void give_up(struct aw_door *d)
{
    if (d->tty) (void)fclose(d->tty);
    free(d);
}

struct aw_door *aw_door_open(char *err, size_t err_size)
{
    const char *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO)) {
        (void)snprintf(err, err_size, "standard output is no terminal");
        return NULL;
    }
    if (!term || !*term || strcmp(term, "dumb") == 0) {
        (void)snprintf(err, err_size, "the terminal (TERM=%s) cannot show a dashboard",
                       term ? term : "");
        return NULL;
    }
    struct aw_door *d = calloc(1, sizeof *d);
    if (!d || !find_streams(d)) {
        (void)snprintf(err, err_size, "there is no terminal to take keys from");
        free(d);
        return NULL;
    }
    d->in_fd = fileno(d->in);
    terminal.fd = STDOUT_FILENO;
    const bool known = tcgetattr(terminal.fd, &terminal.before) == 0;
    (void)setenv("ESCDELAY", "25", 0);
    const char *type = choose_type(term);
    if (type && type != term)
        aw_complain("the terminal type '%s' is not known here; taken for '%s'", term, type);
    d->screen = type ? newterm(type, d->out, d->in) : NULL;
    if (!d->screen) {
        (void)snprintf(err, err_size, "the terminal type '%s' is not known here", term);
        give_up(d);
        return NULL;
    }
    (void)set_term(d->screen);
    terminal.open = known;
    watch_signals();
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)raw(); /* ^C is a key: it asks to leave */
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)mouseinterval(0);
    const char *no_color = getenv("NO_COLOR");
    d->no_color = no_color && *no_color;
    d->colors = !d->no_color && has_colors() && start_color() == OK;
    if (d->colors) (void)use_default_colors();
    d->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    d->click_y = -1;
    set_colors(d);
    return d;
}

void aw_door_close(struct aw_door *d)
{
    if (!d) return;
    (void)mousemask(0, NULL);
    (void)endwin();
    terminal.open = 0;
    delscreen(d->screen);
    give_up(d);
}

void aw_door_suspend(struct aw_door *d)
{
    (void)d;
    (void)def_prog_mode();
    (void)endwin();
    /* All of the job, as the terminal itself would; in the sandbox ourselves alone. */
    if (kill(0, SIGTSTP) != 0) (void)raise(SIGTSTP);
    (void)reset_prog_mode();
    (void)refresh();
}

void aw_door_size(const struct aw_door *d, int *rows, int *cols)
{
    (void)d;
    getmaxyx(stdscr, *rows, *cols);
}

bool aw_door_utf8(const struct aw_door *d)
{
    return d->utf8;
}

/* --- out --- */

static void show_cell(const struct aw_door *d, int y, int x, const struct aw_cell *cell, bool wide)
{
    wchar_t text[2 + AW_CELL_MARKS] = {(wchar_t)cell->c};
    int n = 1;
    /* Where the terminal's library counts columns in another way than the grid, the grid is right:
     * what would push the rest of the line aside is left out. */
    if (cell->c >= 0x80 && wcwidth((wchar_t)cell->c) != (wide ? 2 : 1)) text[0] = L'?';
    for (int i = 0; i < AW_CELL_MARKS && cell->mark[i]; i++)
        if (wcwidth((wchar_t)cell->mark[i]) == 0) text[n++] = (wchar_t)cell->mark[i];
    const enum aw_style style = (enum aw_style)cell->style;
    cchar_t out;
    attr_t attr = attributes(d, style);
    if (cell->lit) attr = (attr & ~(attr_t)A_DIM) | A_REVERSE;
    if (setcchar(&out, text, attr, d->theme == AW_THEME_MONO ? 0 : d->pair[style], NULL) == OK)
        (void)mvadd_wch(y, x, &out);
}

void aw_door_show(struct aw_door *d, const struct aw_grid *g, bool all)
{
    if (all) (void)clearok(stdscr, TRUE);
    (void)erase();
    for (int y = 0; y < g->rows; y++) {
        for (int x = 0; x < g->cols; x++) {
            const struct aw_cell *cell = &g->cell[y * g->cols + x];
            if (cell->c == 0) continue;
            const bool wide = x + 1 < g->cols && cell[1].c == 0;
            if (cell->c == ' ' && !cell->lit) continue;
            show_cell(d, y, x, cell, wide);
            if (wide && wcwidth((wchar_t)cell->c) != 2) (void)mvaddch(y, x + 1, ' ');
        }
    }
    (void)curs_set(g->cursor_y >= 0 ? 1 : 0);
    if (g->cursor_y >= 0)
        (void)move(g->cursor_y, g->cursor_x < g->cols ? g->cursor_x : g->cols - 1);
    (void)refresh();
}

/* --- in --- */

static uint32_t key_of(int code)
{
    static const struct {
        int code;
        uint32_t key;
    } table[] = {
        {KEY_UP, AW_KEY_UP},        {KEY_DOWN, AW_KEY_DOWN},
        {KEY_LEFT, AW_KEY_LEFT},    {KEY_RIGHT, AW_KEY_RIGHT},
        {KEY_PPAGE, AW_KEY_PGUP},   {KEY_NPAGE, AW_KEY_PGDN},
        {KEY_HOME, AW_KEY_HOME},    {KEY_END, AW_KEY_END},
        {KEY_ENTER, AW_KEY_ENTER},  {KEY_BACKSPACE, AW_KEY_BACKSPACE},
        {KEY_DC, AW_KEY_DELETE},    {KEY_IC, AW_KEY_INSERT},
        {KEY_BTAB, AW_KEY_BACKTAB},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) return table[i].key;
    if (code >= KEY_F(1) && code <= KEY_F(12)) return AW_KEY_F(code - KEY_F0);
    return AW_KEY_NONE;
}

static uint32_t char_key(wint_t c)
{
    switch (c) {
    case L'\r':
    case L'\n':
        return AW_KEY_ENTER;
    case L'\t':
        return AW_KEY_TAB;
    case 0x1b:
        return AW_KEY_ESC;
    case 0x7f:
    case 0x08:
        return AW_KEY_BACKSPACE;
    default:
        return (uint32_t)c;
    }
}

static bool take_mouse(struct aw_door *d, struct aw_event *e)
{
    MEVENT m;
    if (getmouse(&m) != OK) return false;
    e->y = m.y;
    e->x = m.x;
    if (m.bstate & BUTTON4_PRESSED) {
        e->key = AW_KEY_WHEEL_UP;
    } else if (m.bstate & BUTTON5_PRESSED) {
        e->key = AW_KEY_WHEEL_DOWN;
    } else if (m.bstate & BUTTON1_PRESSED) {
        const bool again = d->clicked && m.y == d->click_y;
        e->key = again ? AW_KEY_DOUBLE_CLICK : AW_KEY_CLICK;
        d->clicked = !again;
        d->click_y = m.y;
        return true;
    } else {
        return false;
    }
    d->clicked = false;
    return true;
}

/* One event off ncurses' queue. */
static enum aw_door_event take(struct aw_door *d, struct aw_event *e)
{
    wint_t c;
    const int got = get_wch(&c);
    *e = (struct aw_event){0};
    if (got == ERR) return AW_DOOR_NOTHING;
    if (got == KEY_CODE_YES && c == KEY_RESIZE) return AW_DOOR_RESIZED;
    if (got == KEY_CODE_YES && c == KEY_MOUSE) {
        return take_mouse(d, e) ? AW_DOOR_EVENT : AW_DOOR_NOTHING;
    }
    e->key = got == KEY_CODE_YES ? key_of((int)c) : char_key(c);
    d->clicked = false;
    return AW_DOOR_EVENT;
}

/* Readable, and yet no key: is that the end of the terminal? */
static bool is_gone(const struct aw_door *d)
{
    struct termios t;
    struct pollfd p = {.fd = d->in_fd, .events = POLLIN};
    if (tcgetattr(d->in_fd, &t) != 0) return true;
    return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

enum aw_door_event aw_door_wait(struct aw_door *d, int timeout_ms, int wake, struct aw_event *e)
{
    if (terminal.end) return AW_DOOR_GONE;
    enum aw_door_event got = take(d, e);
    if (got != AW_DOOR_NOTHING) return got;
    struct pollfd p[2] = {{.fd = d->in_fd, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    const int n = poll(p, wake >= 0 ? 2 : 1, timeout_ms);
    if (terminal.end) return AW_DOOR_GONE;
    if (n < 0) return errno == EINTR ? take(d, e) : AW_DOOR_GONE;
    if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) return AW_DOOR_GONE;
    if (p[0].revents & POLLIN) {
        got = take(d, e);
        if (got == AW_DOOR_NOTHING && is_gone(d)) return AW_DOOR_GONE;
        return got;
    }
    if (wake >= 0 && p[1].revents & POLLIN) return AW_DOOR_WOKEN;
    return AW_DOOR_NOTHING;
}
