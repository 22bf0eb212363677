/* See order.h. */
#include "source/order.h"

size_t aw_order_next(const struct aw_lane *lane, size_t count, aw_ns late, size_t *which)
{
    const struct aw_lane *first = NULL, *second = NULL; /* by the time of what they show */
    aw_ns looked = INT64_MAX;                           /* at all that show nothing */
    for (const struct aw_lane *l = lane; l < lane + count; l++) {
        if (l->next == l->end) {
            if (l->looked < looked) looked = l->looked;
        } else if (!first || l->next->ts < first->next->ts) {
            second = first;
            first = l;
        } else if (!second || l->next->ts < second->next->ts) {
            second = l;
        }
    }
    if (!first || first->came > looked - late) return 0;
    *which = (size_t)(first - lane);
    if (!second) return (size_t)(first->end - first->next);
    /* Times before the other's, and the same time where ties are this one's. */
    const aw_ns until = second->next->ts - (second < first);
    size_t n = 1;
    while (first->next + n < first->end && first->next[n].ts <= until)
        n++;
    return n;
}
