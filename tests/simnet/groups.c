#include "tests/simnet/groups.h"

#include "tests/simnet/draw.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 8 };

bool sim_group_of(const struct sim_world *world, const char *name, struct sim_group *out)
{
    uint32_t size = sim_world_group_size(world), number = 0;
    size_t digits = 0;
    if (size == 0 || name[0] != 'm')
        return false;
    for (const char *p = name + 1; *p >= '0' && *p <= '9' && digits < DIGITS_MAX; p++, digits++)
        number = number * 10 + (uint32_t)(*p - '0');
    bool padded = digits > 1 && name[1] == '0';
    const char *dot = name + 1 + digits;
    if (digits == 0 || padded || *dot != '.')
        return false;
    *out = (struct sim_group){
        .first = number - number % size, .count = size, .member = number, .rest = dot + 1};
    out->mixed = strncmp(out->rest, "mixed.", 6) == 0;
    out->hash = sim_hash(out->first, "group", out->rest, strlen(out->rest));
    return true;
}

bool sim_cert_series_name(const struct sim_cert *cert, uint32_t i, char out[SIM_NAME_MAX])
{
    static const char before[] = "mta-sts.m";
    const char *number = cert->san[0] + sizeof before - 1;
    char *end;
    unsigned long first = strtoul(number, &end, 10);
    int n = snprintf(out, SIM_NAME_MAX, "%s%lu%s", before, first + i, end);
    return n > 0 && n < SIM_NAME_MAX;
}
