/* options_table - the rows behind options.h, for the parser, the help and the tests. */
#ifndef SCANNER_OPTIONS_TABLE_H
#define SCANNER_OPTIONS_TABLE_H

#include "scanner/options.h"

enum option_type {
    OPTION_FLAG,      /* bool, set */
    OPTION_FLAG_OFF,  /* bool, cleared: the negation of another row, never dumped */
    OPTION_TEXT,      /* char * */
    OPTION_TEXTS,     /* struct text_list, repeatable */
    OPTION_U16,       /* uint16_t */
    OPTION_U32,       /* uint32_t */
    OPTION_U64,       /* uint64_t, the whole range */
    OPTION_NUMBER,    /* double */
    OPTION_SECONDS,   /* uint32_t in milliseconds, given in seconds with fractions */
    OPTION_PAIR,      /* struct pair_limit, "H,S" */
    OPTION_CHOICE,    /* enum, in the order of arg ("a|b|c") */
    OPTION_ENDPOINTS, /* struct endpoint * and, right behind it, size_t; repeatable; port 53 */
    OPTION_ADDRESSES, /* struct net_addr * and, right behind it, size_t; repeatable */
    OPTION_ACTION,    /* served by the parser itself: help, version, config, dump-config */
};

enum option_group {
    GROUP_FILES,
    GROUP_STAGES,
    GROUP_NETWORK,
    GROUP_LIMITS,
    GROUP_RUN,
    GROUP_OTHER,
    GROUP_COUNT
};
extern const char *const option_group_titles[GROUP_COUNT];

struct option_row {
    const char *name;
    char letter; /* '\0': none */
    enum option_type type;
    enum option_group group;
    unsigned commands; /* set of enum options_command */
    bool later;        /* named by the interface, not built yet: refused, and not in the help */
    bool same;         /* decides what records say: --resume refuses another value */
    const char *arg;   /* NULL: takes none */
    size_t offset;     /* in struct scan_options */
    double min, max;   /* of numbers and seconds */
    /* NULL, or says what is wrong with a text: static, NULL when nothing is. */
    const char *(*check)(const char *value);
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_rows_n;

/* A command that reads its options here. */
struct option_command {
    enum options_command command;
    const char *name;    /* as messages begin */
    const char *operand; /* what it takes at least one of; NULL: one INPUT, or none */
    bool single;         /* and not more */
    bool data;           /* behind the first operand nothing is an option */
    bool asks;           /* it needs resolvers */
    const char *usage;   /* the beginning of its help */
    const char *closing; /* the end of it, or NULL */
};
const struct option_command *option_command(enum options_command command);

const struct option_row *option_find(struct slice name); /* NULL: unknown */
bool option_is_repeatable(const struct option_row *row);

/* options_value.c: one value from and to text. On failure error says why, without the name. */
enum status option_set(const struct option_row *row, const char *value, struct scan_options *o,
                       char *error, size_t error_size);
/* How many values are set: 0 or 1, or the length of a list. */
size_t option_count(const struct option_row *row, const struct scan_options *o);
enum status option_format(const struct option_row *row, const struct scan_options *o, size_t i,
                          struct strbuf *out);
/* Empties a repeatable option. */
void option_clear(const struct option_row *row, struct scan_options *o);
void options_defaults(enum options_command command, struct scan_options *o);

/* options_config.c: reads one file; *error names file and line. */
enum status options_read_config(const char *path, enum options_command command,
                                struct scan_options *o, char *error, size_t error_size);
/* options_help.c */
void options_help(enum options_command command, FILE *to);

#endif
