#include "scanner/worker/zone_cut.h"

#include "lib/name.h"
#include <string.h>

/* NS behind an alias are of the zone that it points to. */
bool zone_cut_here(const struct dns_facts *answer)
{
    return answer->status == LOOKUP_FOUND && answer->cname.n == 0;
}

static bool is_above(const char *name, const char *asked)
{
    return strlen(name) < strlen(asked) && name_under(slice_of(asked), slice_of(name));
}

const char *zone_cut_next(const char *asked, const struct dns_facts *answer, const char *top)
{
    const char *next;
    if (lookup_is_undetermined(answer->status))
        return NULL;
    if (answer->cname.n == 0 && answer->soa && is_above(answer->soa, asked))
        next = asked + strlen(asked) - strlen(answer->soa);
    else
        next = name_parent(slice_of(asked)).p;
    return next && name_under(slice_of(next), slice_of(top)) ? next : NULL;
}
