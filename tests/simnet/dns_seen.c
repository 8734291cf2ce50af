#include "tests/simnet/dns_seen.h"

enum { TENTH_MS = 100, TENTHS_A_SECOND = 10 };

void dns_seen_add(struct dns_seen *seen, int64_t at_ms, uint32_t n)
{
    if (seen->questions == 0)
        seen->first_ms = at_ms;
    seen->questions += n;
    int64_t tenth = (at_ms - seen->first_ms) / TENTH_MS;
    if (tenth < 0)
        tenth = 0; /* two sockets' worth of order is not kept */
    if (tenth < DNS_SEEN_TENTHS)
        seen->tenth[tenth] += n;
}

bool dns_seen_write(const struct dns_seen *seen, FILE *out)
{
    uint64_t second = 0, most = 0;
    for (size_t i = 0; i < DNS_SEEN_TENTHS; i++) {
        second += seen->tenth[i];
        if (i >= TENTHS_A_SECOND)
            second -= seen->tenth[i - TENTHS_A_SECOND];
        if (second > most)
            most = second;
    }
    fprintf(out,
            "{\"server\":\"dns\",\"scope\":\"thread\",\"questions\":%llu,"
            "\"max_per_second\":%llu,\"seconds\":[",
            (unsigned long long)seen->questions, (unsigned long long)most);
    for (size_t s = 0; s < DNS_SEEN_FIRST_S; s++) {
        uint32_t sum = 0;
        for (size_t i = 0; i < TENTHS_A_SECOND; i++)
            sum += seen->tenth[s * TENTHS_A_SECOND + i];
        fprintf(out, "%s%u", s > 0 ? "," : "", sum);
    }
    return fprintf(out, "]}\n") > 0;
}
