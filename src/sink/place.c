/*
 * Places; see place.h.
 */
#include "sink/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct aw_place {
    int fd;                   /* written to directly; -1: by way of the folder */
    struct aw_folder *folder; /* NULL: directly */
    bool borrowed;            /* the folder; else owned */
    char *name;               /* owned: in the folder */
    unsigned mode;            /* of the file that was there, 0 = none was */
};

/* Things that cannot be replaced by renaming: pipes and devices, and the names of descriptors,
 * which may lead to a regular file that the shell holds open. */
static bool is_direct(const char *path, bool exists, const struct stat *st)
{
    return (exists && !S_ISREG(st->st_mode)) || strncmp(path, "/dev/", 5) == 0 ||
           strncmp(path, "/proc/", 6) == 0;
}

/* Takes `path`, which it changes. */
static bool open_folder(struct aw_place *p, char *path)
{
    char *slash = strrchr(path, '/');
    p->name = strdup(slash ? slash + 1 : path);
    if (!p->name) return false;
    if (p->name[0] == '\0') {
        errno = EISDIR;
        return false;
    }
    if (slash) slash[slash == path] = '\0'; /* "/x" lies in "/" */
    p->folder = aw_folder_open(slash ? path : "", p->name, AW_NAMES_ONE);
    if (p->folder) aw_folder_tidy(p->folder);
    return p->folder != NULL;
}

static bool open_place(struct aw_place *p, const char *path)
{
    struct stat st;
    const bool exists = stat(path, &st) == 0;
    if (is_direct(path, exists, &st)) {
        p->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return p->fd >= 0;
    }
    if (exists) p->mode = st.st_mode & 0777;
    /* A link to a report keeps being one: the file it names is replaced. */
    char *real = exists ? realpath(path, NULL) : strdup(path);
    const bool opened = real && open_folder(p, real);
    const int error = errno;
    free(real);
    errno = error;
    return opened;
}

struct aw_place *aw_place_open(const char *path, char *err, size_t err_size)
{
    struct aw_place *p = calloc(1, sizeof *p);
    if (p) {
        p->fd = -1;
        if (open_place(p, path)) return p;
    }
    (void)snprintf(err, err_size, "%s: %s", path, strerror(errno));
    aw_place_close(p);
    return NULL;
}

struct aw_place *aw_place_in(struct aw_folder *folder, const char *name)
{
    struct aw_place *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    *p = (struct aw_place){.fd = -1, .folder = folder, .borrowed = true, .name = strdup(name)};
    if (p->name) return p;
    free(p);
    return NULL;
}

void aw_place_close(struct aw_place *p)
{
    if (!p) return;
    if (p->fd >= 0) (void)close(p->fd);
    if (!p->borrowed) aw_folder_close(p->folder);
    free(p->name);
    free(p);
}

struct aw_folder *aw_place_folder(const struct aw_place *p)
{
    return p->folder;
}

/* A hidden file beside the report that nobody else has. By hand rather than with mkstemp, so that
 * the umask decides who may read the report. */
int aw_place_begin(struct aw_place *p, char temp[AW_FOLDER_NAME])
{
    temp[0] = '\0';
    if (!p->folder) return p->fd;
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        const int len =
            snprintf(temp, AW_FOLDER_NAME, ".%s.%ld-%u.tmp", p->name, (long)getpid(), attempt);
        if (len < 0 || len >= AW_FOLDER_NAME) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int fd = aw_folder_make(p->folder, temp, AW_MAKE_NEW, p->mode);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

int aw_place_commit(struct aw_place *p, const char *temp)
{
    return aw_folder_rename(p->folder, temp, p->name);
}

void aw_place_discard(struct aw_place *p, const char *temp)
{
    (void)aw_folder_remove(p->folder, temp);
}
