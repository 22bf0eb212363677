/*
 * Packets of several interfaces in the order of time. Each interface hands over its own in order
 * but late by up to a block's age, so a packet waits until every other interface has shown a later
 * one, or has had its time to. Knows nothing of libpcap. One thread.
 */
#ifndef AW_SOURCE_ORDER_H
#define AW_SOURCE_ORDER_H

#include "source/live.h"

struct aw_order;
struct aw_order *aw_order_new(size_t feeds); /* NULL: no memory */
void aw_order_free(struct aw_order *o);

/* Where that feed's next packets go: behind those in it already, room for one of `largest` bytes at
 * least. NULL: it holds as much as it may, or there is no memory. Valid until the next call. */
struct aw_lot_room *aw_order_room(struct aw_order *o, size_t feed, size_t largest);

/* Moves what is due at the steady time `now` behind what is in `to`, copying the bytes: packets
 * that came `patience` ago or earlier, and those before which no other can come any more. */
void aw_order_take(struct aw_order *o, struct aw_lot_room *to, aw_ns now, aw_ns patience);
bool aw_order_holds(const struct aw_order *o); /* anything */

#endif
