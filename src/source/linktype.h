/*
 * Link types have two numberings: LINKTYPE_ values stand in capture files and are what the decoder
 * speaks; DLT_ values are those of libpcap on this platform. They differ for a handful, and some
 * writers put their platform's DLT value into the file.
 */
#ifndef AW_SOURCE_LINKTYPE_H
#define AW_SOURCE_LINKTYPE_H

#include "await100/types.h"

enum { AW_LINKTYPE_UNKNOWN = 0xffff }; /* a number no link type has */

/* From what stands in a file header, or from a DLT_ value. */
uint16_t aw_linktype_from(uint32_t written);
int aw_linktype_dlt(uint16_t linktype);

#endif
