/* judge_tables - the read-only tables that judging needs, loaded once at the start. */
#ifndef SCANNER_JUDGE_TABLES_H
#define SCANNER_JUDGE_TABLES_H

#include "lib/judge.h"

struct judge_tables {
    struct judge judge; /* hand this to classify() */
    name_psl *psl;
    struct providers *providers;
};

/* providers_file NULL: the table that is compiled in. ST_INVALID, ST_IO ... with a text for the
 * user. */
enum status judge_tables_open(const char *providers_file, struct judge_tables *out, char *error,
                              size_t error_size);
/* Zeroed, or closed already, is fine. */
void judge_tables_close(struct judge_tables *t);

#endif
