/* Places of capture files; see outfile.h. */
#include "sink/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, char *err, size_t err_size)
{
    (void)snprintf(err, err_size, "%s: %s", path, strerror(errno));
    return false;
}

static bool open_folder(struct aw_outfile *f, const char *path, enum aw_names names, char stem_end)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char dir[4096] = "", stem[AW_FOLDER_NAME];
    if (name[0] == '\0') {
        errno = EISDIR;
        return false;
    }
    if (strlen(name) >= sizeof f->name || (slash && (size_t)(slash - path) >= sizeof dir)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (slash)
        (void)snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    memcpy(f->name, name, strlen(name) + 1);
    memcpy(stem, f->name, sizeof stem);
    char *end = names == AW_NAMES_PREFIX && stem_end ? strchr(stem, stem_end) : NULL;
    if (end) *end = '\0';
    f->folder = aw_folder_open(dir, stem, stem[0] == '\0' ? AW_NAMES_ANY : names);
    return f->folder != NULL;
}

bool aw_outfile_open(struct aw_outfile *f, const char *path, enum aw_names names, char stem_end,
                     char *err, size_t err_size)
{
    struct stat st;
    *f = (struct aw_outfile){.fd = -1};
    if (strcmp(path, "-") == 0) path = "/dev/stdout";
    const bool direct = strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
                        (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
    if (!direct) return open_folder(f, path, names, stem_end) || fail(path, err, err_size);
    if (names != AW_NAMES_ONE) {
        (void)snprintf(err, err_size, "%s: only files can be rotated", path);
        return false;
    }
    f->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return f->fd >= 0 || fail(path, err, err_size);
}

int aw_outfile_again(struct aw_outfile *f, const char *name)
{
    if (f->folder) return aw_folder_make(f->folder, name, AW_MAKE_NEW, 0);
    errno = EEXIST;
    return -1;
}

int aw_outfile_make(struct aw_outfile *f, const char *name)
{
    if (f->folder) return aw_folder_make(f->folder, name, AW_MAKE_TRUNCATE, 0);
    const int fd = f->fd;
    f->fd = -1;
    if (fd < 0) errno = EBADF;
    return fd;
}

void aw_outfile_close(struct aw_outfile *f)
{
    aw_folder_close(f->folder);
    if (f->fd >= 0) (void)close(f->fd);
    f->folder = NULL;
    f->fd = -1;
}
