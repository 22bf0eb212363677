/*
 * Heads without their secrets: overwrites in place, keeping every length and all that the grammar
 * is made of. What is not known to be harmless is masked: of field values only those in a table
 * stay, and of targets not the values of the query, fragment and userinfo.
 *
 * Equal values get equal masks and different ones nearly always different ones, so that attempts of
 * one request can still be told from requests of two; the key is random and not kept. Or they are
 * all stars.
 */
#ifndef AW_SINK_MASK_H
#define AW_SINK_MASK_H

#include "await100/types.h"

struct aw_masker {
    uint8_t key[32];
    bool hosts; /* names and addresses of hosts, too */
    bool stars; /* all masks are alike, for people to read: the key is not used */
};

/* A head, or as much of one as there is. */
void aw_mask_head(const struct aw_masker *m, uint8_t *head, size_t len);

#endif
