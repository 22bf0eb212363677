/*
 * Capture files of rare shapes, read by libpcap: pcap with longer record headers or of old
 * versions. Their packets are copied once; nobody has many of them.
 */
#ifndef AW_SOURCE_LEGACY_H
#define AW_SOURCE_LEGACY_H

#include "await100/packet.h"

struct aw_legacy;

/* Where libpcap gets the file's bytes from; answers as read(2) does. */
typedef long (*aw_legacy_read)(void *ctx, char *to, size_t room);

/* NULL: libpcap refused, its words in err. ctx is borrowed until close. */
struct aw_legacy *aw_legacy_open(aw_legacy_read read, void *ctx, char *err, size_t err_size);
void aw_legacy_close(struct aw_legacy *l); /* NULL is fine */

/* The next packet, `data` lent until the next call; 1, 0 at the end, -1 where aw_legacy_error tells
 * why there is none. Sets neither ord nor ref. */
int aw_legacy_next(struct aw_legacy *l, struct aw_packet *pkt);
const char *aw_legacy_error(struct aw_legacy *l);
uint64_t aw_legacy_offset(struct aw_legacy *l); /* bytes of the file used so far */

#endif
