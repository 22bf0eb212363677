/*
 * Reads the input again, for what the store does not keep: the whole record of one exchange with
 * the heads of its messages, and the records of many, to a file. Slow and synchronous: made for a
 * thread of its own.
 */
#ifndef AW_VIEW_AGAIN_H
#define AW_VIEW_AGAIN_H

#include <stdatomic.h>

#include "await100.h"
#include "confine/folder.h"
#include "source/source.h"
#include "view/detail.h"
#include "view/ring.h"

struct aw_again {
    const char *const *file; /* names, for reports; borrowed, as are all here */
    size_t file_count;
    const struct aw_merge *first;   /* the first reading: its open descriptors are used */
    struct aw_ring *ring;           /* live: in place of files; NULL = none */
    const struct aw_config *config; /* of the first reading: so that the second finds the same */
    bool show_secrets;
    struct aw_folder *folder; /* where files are saved; NULL: nowhere */
    const char *folder_path;  /* its absolute path */
    atomic_bool *stop;        /* set from elsewhere: give up */
};

struct aw_again_want { /* an exchange */
    uint64_t conn;
    uint32_t nth;
    struct aw_addr addr[2];
};

/* `kept`: the record, where it is at hand already (given). NULL and a line in why: not found, not
 * readable, or told to stop. Where only the heads could not be had the detail comes without. */
struct aw_detail *aw_again_detail(const struct aw_again *a, const struct aw_again_want *want,
                                  struct aw_detail *kept, char *why, size_t why_size);

/* Writes the records of the wanted exchanges (sorted by conn, nth) in the format of that name to a
 * new file in the folder, which appears whole; `path` is a name in it, or leads there. Returns how
 * many, or -1 and a line in why. */
int64_t aw_again_records(const struct aw_again *a, const struct aw_again_want *want, size_t count,
                         const char *format, const char *path, char *why, size_t why_size);

/* Likewise the packets of their connections, every one: as pcap, or pcapng where the path ends so.
 * Returns how many packets. */
int64_t aw_again_packets(const struct aw_again *a, const struct aw_again_want *want, size_t count,
                         const char *path, char *why, size_t why_size);

/* Tests every record of the input: a bit an exchange, by its id; *count of them. Owned by the
 * caller: free. NULL: it could not be done. */
uint8_t *aw_again_match(const struct aw_again *a, const char *expression, uint64_t *count);

/* Overwrites the values of credentials in a head, and of query parameters in its first line. */
void aw_again_mask(uint8_t *head, size_t len);

#endif
