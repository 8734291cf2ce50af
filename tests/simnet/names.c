#include "tests/simnet/names.h"

#include "tests/simnet/draw.h"

#include <inttypes.h>

/* One consonant, a vowel, perhaps a consonant: two such syllables can be read in one way only. */
static const char *const openings[] = {"b", "c", "d", "f", "g", "h", "j", "k",
                                       "l", "m", "n", "p", "r", "s", "t", "v"};
static const char *const vowels[] = {"a", "e", "i", "o", "u", "ai", "ea", "io"};
static const char *const closings[] = {"", "n", "r", "l", "s", "x", "t", "m"};
static const char *const words[] = {"",      "",      "",     "",      "",     "",     "",
                                    "shop",  "media", "labs", "tech",  "mail", "bank", "news",
                                    "group", "soft",  "web",  "cloud", "data", "works"};
static const struct {
    const char *tld;
    uint32_t weight;
} tlds[] = {{"com", 500}, {"org", 70}, {"net", 60},    {"de", 60},     {"co.uk", 40},
            {"nl", 30},   {"ru", 40},  {"com.br", 25}, {"fr", 25},     {"it", 20},
            {"pl", 20},   {"io", 25},  {"jp", 20},     {"com.au", 15}, {"edu", 10},
            {"gov", 5},   {"ch", 15},  {"se", 10},     {"dk", 10},     {"eu", 10}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *pick(const char *const *from, size_t n, struct sim_draw *draw)
{
    return from[sim_draw_below(draw, (uint32_t)n)];
}

static const char *pick_tld(struct sim_draw *draw)
{
    uint32_t total = 0;
    for (size_t i = 0; i < COUNT(tlds); i++)
        total += tlds[i].weight;
    uint32_t at = sim_draw_below(draw, total);
    size_t i = 0;
    while (at >= tlds[i].weight)
        at -= tlds[i++].weight;
    return tlds[i].tld;
}

/*
 * The first two syllables are the rank written in a system of digits, permuted by the seed: 1,024
 * syllables make 1,048,576 beginnings. Beyond that further syllables count on, so that no name
 * comes twice; the word and the top-level domain are drawn.
 */
enum { OPENINGS = 16, VOWELS = 8, CLOSINGS = 8, SYLLABLES = OPENINGS * VOWELS * CLOSINGS };

static void print_syllable(FILE *out, uint64_t digit)
{
    fprintf(out, "%s%s%s", openings[digit % OPENINGS], vowels[digit / OPENINGS % VOWELS],
            closings[digit / (OPENINGS * VOWELS) % CLOSINGS]);
}

bool sim_names_print(uint64_t seed, uint64_t count, FILE *out)
{
    const uint64_t pairs = (uint64_t)SYLLABLES * SYLLABLES;
    for (uint64_t i = 0; i < count; i++) {
        struct sim_draw draw = {.state = seed ^ (i * 0x9e3779b97f4a7c15u)};
        /* An odd factor permutes the residues of a power of two. */
        uint64_t at = (i * 2654435761u + seed * 40503u) % pairs;
        fprintf(out, "%" PRIu64 ",", i + 1);
        print_syllable(out, at % SYLLABLES);
        print_syllable(out, at / SYLLABLES);
        for (uint64_t more = i / pairs; more > 0; more /= SYLLABLES)
            print_syllable(out, more % SYLLABLES);
        fprintf(out, "%s.%s\n", pick(words, COUNT(words), &draw), pick_tld(&draw));
    }
    return fflush(out) == 0 && !ferror(out);
}
