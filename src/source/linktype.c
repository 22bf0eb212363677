/* The two numberings of link types; see linktype.h. */
#include "source/linktype.h"

/* DLT_ values as various systems have them, and the LINKTYPE_ value of the same thing. The first of
 * each linktype is the value on this platform. */
static const struct pair {
    uint16_t dlt, linktype;
} pairs[] = {
    {11, 100}, /* ATM_RFC1483 */
    {12, 101}, /* RAW */
    {14, 101}, /* RAW on OpenBSD */
    {15, 102}, /* SLIP_BSDOS */
    {16, 103}, /* PPP_BSDOS */
    {19, 106}, /* ATM_CLIP */
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

uint16_t aw_linktype_from(uint32_t written)
{
    /* The upper six bits tell the length of a frame check sequence, which the decoder does not
     * need: IP says where its packet ends. */
    const uint32_t value = written & UINT32_C(0x03ffffff);
    if (value >= AW_LINKTYPE_UNKNOWN) return AW_LINKTYPE_UNKNOWN;
    for (unsigned i = 0; i < PAIRS; i++)
        if (pairs[i].dlt == value) return pairs[i].linktype;
    return (uint16_t)value;
}

int aw_linktype_dlt(uint16_t linktype)
{
    for (unsigned i = 0; i < PAIRS; i++)
        if (pairs[i].linktype == linktype) return pairs[i].dlt;
    return linktype;
}
