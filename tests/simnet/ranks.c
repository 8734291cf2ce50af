#include "tests/simnet/ranks.h"

#include "tests/simnet/draw.h"
#include "tests/simnet/list.h"
#include "tests/simnet/normalize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 65536 };

struct entry {
    uint64_t hash; /* two names of one hash would share a rank: of 20 M names, hardly any do */
    uint32_t rank;
};

struct sim_ranks {
    struct entry *entries; /* by hash, then rank */
    size_t count, room;
};

static uint64_t hash_of(const char *name)
{
    return sim_hash(0, "rank", name, strlen(name));
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static bool add(struct sim_ranks *ranks, const char *name, uint32_t rank)
{
    if (ranks->count == ranks->room) {
        size_t room = ranks->room == 0 ? FIRST_ROOM : ranks->room * 2;
        struct entry *wider = realloc(ranks->entries, room * sizeof *wider);
        if (wider == NULL)
            return false;
        ranks->entries = wider;
        ranks->room = room;
    }
    ranks->entries[ranks->count++] = (struct entry){.hash = hash_of(name), .rank = rank};
    return true;
}

static bool read_all(struct sim_ranks *ranks, struct sim_list *list)
{
    const char *line, *text;
    char name[SIM_NAME_MAX];
    size_t len, text_len;
    uint32_t rank = 0;
    enum sim_list_next next;
    while ((next = sim_list_next(list, &line, &len)) == SIM_LIST_LINE && rank < SIM_RANKS_MAX) {
        if (!sim_list_name(line, len, &text, &text_len))
            continue;
        rank++;
        if (sim_normalize(text, text_len, name) && !add(ranks, name, rank))
            return false;
    }
    return next != SIM_LIST_ERROR;
}

bool sim_ranks_read(const char *path, struct sim_ranks **out)
{
    struct sim_list *list;
    struct sim_ranks *ranks = calloc(1, sizeof *ranks);
    if (ranks == NULL || !sim_list_open(path, &list)) {
        free(ranks);
        return false;
    }
    bool ok = read_all(ranks, list);
    sim_list_close(list);
    if (!ok) {
        fprintf(stderr, "simnet: %s: the ranks cannot be read\n", path);
        sim_ranks_free(ranks);
        return false;
    }
    if (ranks->count > 0)
        qsort(ranks->entries, ranks->count, sizeof *ranks->entries, compare);
    *out = ranks;
    return true;
}

void sim_ranks_free(struct sim_ranks *ranks)
{
    if (ranks == NULL)
        return;
    free(ranks->entries);
    free(ranks);
}

uint32_t sim_ranks_find(const struct sim_ranks *ranks, const char *name)
{
    uint64_t hash = hash_of(name);
    size_t low = 0, high = ranks->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (ranks->entries[mid].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    return low < ranks->count && ranks->entries[low].hash == hash ? ranks->entries[low].rank : 0;
}
