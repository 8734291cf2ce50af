/* reader - what the formats have in common: one raw item at a time, names not yet judged.
 *
 * Internal to scanner/input. Slices are valid until the next call of the same reader. */
#ifndef SCANNER_INPUT_READER_H
#define SCANNER_INPUT_READER_H

#include "scanner/input/lines.h"
#include "scanner/options.h"

struct raw_item {
    int64_t rank;       /* -1 when none */
    struct slice name;  /* as it stood */
    struct slice raw;   /* the whole line, for invalid items; may be cut */
    const char *reason; /* why the line holds no name: a static word; NULL */
    struct slice tag;   /* further columns, p NULL when none */
};

/* The word for lines longer than LINE_MAX_BYTES. */
#define REASON_LINE_TOO_LONG "line_too_long"

/* list.c: one name a line. */
enum status list_next(lines *l, struct raw_item *out);
/* A line that holds nothing: white space only, or a comment. */
bool line_is_blank(struct slice text);

/* csv.c: RFC 4180, `rank,domain` or a header with a column named domain. */
typedef struct csv csv;
enum status csv_new(lines *l, csv **out); /* borrows l */
void csv_free(csv *c);
enum status csv_next(csv *c, struct raw_item *out);

/* zone.c: a master file (RFC 1035 5); every delegated owner once. */
typedef struct zone zone;
enum status zone_new(source *src, zone **out); /* borrows src */
void zone_free(zone *z);
enum status zone_next(zone *z, struct raw_item *out);

/* format.c: what the first decompressed bytes look like; never FORMAT_AUTO. */
enum input_format format_detect(struct slice head);

#endif
