/* The configuration file; see conffile.h. */
#include "app/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES_MAX = 64 * 1024 };

/* An owned path; NULL: there is no home to look in. Relative folders count as unset, as the base
 * directory specification has it. */
static char *find_path(void)
{
    const char *home = getenv("XDG_CONFIG_HOME"), *below = "/await100/config";
    if (!home || home[0] != '/') {
        home = getenv("HOME");
        below = "/.config/await100/config";
    }
    if (!home || home[0] != '/') return NULL;
    char *path = NULL;
    return asprintf(&path, "%s%s", home, below) < 0 ? NULL : path;
}

/* Why the file is not to be believed; NULL: it is. */
static const char *distrust(const struct stat *st)
{
    if (!S_ISREG(st->st_mode)) return "is no regular file";
    if (st->st_size > BYTES_MAX) return "is larger than 64 KiB";
    if (st->st_uid != geteuid() && st->st_uid != 0) return "belongs to somebody else";
    if (st->st_mode & S_IWOTH) return "may be written to by everybody (chmod o-w mends that)";
    return NULL;
}

/* Not more than one byte beyond what is allowed, whatever the size was said to be. */
static char *read_all(int fd, const char **wrong)
{
    size_t used = 0;
    char *text = malloc(BYTES_MAX + 1);
    if (!text) errno = ENOMEM;
    for (ssize_t n = 1; text && n > 0 && used <= BYTES_MAX; used += (size_t)n) {
        n = read(fd, text + used, BYTES_MAX + 1 - used);
        if (n < 0 && errno == EINTR) {
            n = 0;
            continue;
        }
        if (n < 0) {
            free(text);
            return NULL;
        }
        if (n == 0) break;
    }
    if (!text) return NULL;
    if (used > BYTES_MAX) {
        *wrong = "is larger than 64 KiB";
    } else if (memchr(text, '\0', used)) {
        *wrong = "holds a NUL byte: it is no text";
    } else {
        text[used] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

enum aw_conf aw_conffile_open(struct aw_conffile *f, char *err, size_t err_size)
{
    struct stat st;
    *f = (struct aw_conffile){.path = find_path()};
    if (!f->path) return AW_CONF_NONE;
    /* A pipe put in its place must not make us wait. */
    const int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    /* A home that may not be looked into, as after a change of user, holds none of ours. */
    if (fd < 0 &&
        (errno == ENOENT || errno == ENOTDIR || (errno == EACCES && stat(f->path, &st) != 0))) {
        aw_conffile_free(f);
        return AW_CONF_NONE;
    }
    const char *wrong = NULL;
    const int opened = errno;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        wrong = distrust(&st);
        if (!wrong) f->text = read_all(fd, &wrong);
    }
    const int error = fd < 0 ? opened : errno;
    if (fd >= 0) (void)close(fd);
    f->next = f->text;
    if (f->text) return AW_CONF_READ;
    if (wrong)
        (void)snprintf(err, err_size, "%s %s; --no-config goes without it", f->path, wrong);
    else
        (void)snprintf(err, err_size, "%s: %s; --no-config goes without it", f->path,
                       strerror(error));
    aw_conffile_free(f);
    return AW_CONF_BAD;
}

void aw_conffile_free(struct aw_conffile *f)
{
    free(f->path);
    free(f->text);
    *f = (struct aw_conffile){.path = NULL};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Ends the text at a comment, and before the blanks at its end. */
static void trim(char *text)
{
    char *end = text;
    while (*end && !(*end == '#' && (end == text || is_blank(end[-1]))))
        end++;
    while (end > text && is_blank(end[-1]))
        end--;
    *end = '\0';
}

static const char *take_quoted(char *p, struct aw_confline *line)
{
    char *end = strchr(p + 1, '"');
    if (!end) return "the quote does not end";
    line->value = p + 1;
    *end = '\0';
    trim(end + 1);
    return end[1] ? "something follows the quoted value" : NULL;
}

/* `p`: where the name begins. */
static const char *take_line(char *p, struct aw_confline *line)
{
    if (p[0] == '-' && p[1] == '-') p += 2; /* as on the command line */
    line->name = p;
    while (is_name(*p))
        p++;
    char *end = p;
    if (end == line->name) return "a line is: name = value";
    p = skip_blanks(p);
    const bool equals = *p == '=';
    if (*p && !equals && p == end && *p != '#') return "a line is: name = value";
    if (equals) p = skip_blanks(p + 1);
    *end = '\0';
    if (*p == '"') return take_quoted(p, line);
    if (p > end) trim(p);
    if (p > end && *p) line->value = p;
    return equals && !line->value ? "the value is missing (\"\" is an empty one)" : NULL;
}

bool aw_conffile_next(struct aw_conffile *f, struct aw_confline *line)
{
    while (f->next && *f->next) {
        char *p = f->next, *end = strchr(p, '\n');
        if (end) *end = '\0';
        f->next = end ? end + 1 : NULL;
        f->line++;
        p = skip_blanks(p);
        if (*p == '\0' || *p == '#') continue;
        *line = (struct aw_confline){.no = f->line};
        line->wrong = take_line(p, line);
        return true;
    }
    return false;
}
