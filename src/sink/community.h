/*
 * Community ID v1: the name that Zeek, Suricata and others give to a flow.
 */
#ifndef AW_SINK_COMMUNITY_H
#define AW_SINK_COMMUNITY_H

#include "await100/record.h"

enum { AW_COMMUNITY_LEN = 30 };

/* Writes "1:" and the hash (seed 0, TCP) in base64 to `to`; not terminated. Both directions of a
 * connection have the same. */
void aw_community_id(char to[AW_COMMUNITY_LEN], const struct aw_conn_facts *conn);

#endif
