#include "scanner/output/spent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { NAME_BYTES = 64 };

/* The i-th counter; NULL behind the last one. */
static uint64_t *counter(struct spent *s, size_t i)
{
    if (i < LOOKUP_COUNT)
        return &s->work.lookup[i];
    i -= LOOKUP_COUNT;
    if (i < PROBE_END_COUNT)
        return &s->work.probe_end[i];
    i -= PROBE_END_COUNT;
    if (i < stats_work_n)
        return (uint64_t *)(void *)((char *)&s->work + stats_work[i].offset);
    i -= stats_work_n;
    return i == 0 ? &s->cpu_ms : i == 1 ? &s->peak_bytes : NULL;
}

/* And its name. */
static void counter_name(size_t i, char name[NAME_BYTES])
{
    size_t probe = i - LOOKUP_COUNT, work = probe - PROBE_END_COUNT;
    if (i < LOOKUP_COUNT)
        snprintf(name, NAME_BYTES, "lookup.%s", lookup_name((enum lookup)i));
    else if (probe < PROBE_END_COUNT)
        snprintf(name, NAME_BYTES, "probe.%s", probe_end_name((enum probe_end)probe));
    else if (work < stats_work_n)
        snprintf(name, NAME_BYTES, "%s", stats_work[work].name);
    else
        snprintf(name, NAME_BYTES, "%s", work == stats_work_n ? "cpu_ms" : "peak_bytes");
}

void spent_add_since(struct scan_stats *into, const struct scan_stats *now,
                     const struct scan_stats *before)
{
    struct spent to = {.work = *into}, from = {.work = *before}, until = {.work = *now};
    uint64_t *n;
    for (size_t i = 0; (n = counter(&to, i)); i++)
        *n += *counter(&until, i) - *counter(&from, i);
    *into = to.work;
}

enum status spent_write(const struct spent *s, struct strbuf *out)
{
    struct spent copy = *s;
    char name[NAME_BYTES];
    const char *between = "";
    uint64_t *n;
    strbuf_addc(out, '{');
    for (size_t i = 0; (n = counter(&copy, i)); i++) {
        if (*n == 0)
            continue;
        counter_name(i, name);
        strbuf_printf(out, "%s\"%s\":%" PRIu64, between, name, *n);
        between = ",";
    }
    return strbuf_addc(out, '}');
}

void spent_read(const json_t *object, struct spent *out)
{
    char name[NAME_BYTES];
    uint64_t *n;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; (n = counter(out, i)); i++) {
        counter_name(i, name);
        json_int_t value = json_integer_value(json_object_get(object, name));
        *n = value > 0 ? (uint64_t)value : 0;
    }
}

struct spent spent_with_process(const struct spent *before)
{
    struct spent s = *before;
    struct rusage use = {0};
    getrusage(RUSAGE_SELF, &use);
    uint64_t peak = (uint64_t)use.ru_maxrss * 1024; /* in KiB on Linux */
    s.cpu_ms += (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
                (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
    if (peak > s.peak_bytes)
        s.peak_bytes = peak;
    return s;
}
