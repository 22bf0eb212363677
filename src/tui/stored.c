/*
 * $XDG_CONFIG_HOME/await100/dashboard, else ~/.config/await100/dashboard. Written beside, then
 * renamed: two dashboards may end at the same time.
 */
#include "tui/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16384, PATH = 600 };

static bool find_folder(char *dir, size_t size)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/') return snprintf(dir, size, "%s/await100", base) < (int)size;
    if (home && home[0] == '/') return snprintf(dir, size, "%s/.config/await100", home) < (int)size;
    return false;
}

/* With what leads to it; that it is not there afterwards shows when the place is opened. */
static void make_folder(char *dir)
{
    for (char *p = dir + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        (void)mkdir(dir, 0777);
        *p = '/';
    }
    (void)mkdir(dir, 0777);
}

static void read_file(struct aw_settings *s, const char *path)
{
    char text[FILE_MAX];
    /* Not blocking, should somebody have put a pipe there. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return;
    const ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    (void)aw_settings_read(s, text);
}

struct aw_place *aw_stored_open(struct aw_settings *s, char *why, size_t size)
{
    char dir[PATH], path[PATH + 16];
    aw_settings_init(s);
    if (!find_folder(dir, sizeof dir)) {
        (void)snprintf(why, size, "neither XDG_CONFIG_HOME nor HOME names a folder");
        return NULL;
    }
    make_folder(dir);
    (void)snprintf(path, sizeof path, "%s/dashboard", dir);
    read_file(s, path);
    return aw_place_open(path, why, size);
}

int aw_stored_write(struct aw_place *p, const struct aw_settings *s)
{
    char temp[AW_FOLDER_NAME];
    const int fd = aw_place_begin(p, temp);
    if (fd < 0) return errno;
    FILE *out = fdopen(fd, "w");
    if (!out) {
        (void)close(fd);
        if (temp[0]) aw_place_discard(p, temp);
        return ENOMEM;
    }
    aw_settings_write(s, out);
    const bool good = !ferror(out);
    const int error = fclose(out) != 0 || !good ? EIO : 0;
    if (!temp[0]) return error;
    if (!error && aw_place_commit(p, temp) == 0) return 0;
    const int why = error ? error : errno;
    aw_place_discard(p, temp);
    return why;
}
