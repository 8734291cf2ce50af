/* summary - a tally as a person reads it, or as JSON. */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "analysis/tally.h"
#include <stdio.h>

enum { SUMMARY_COLUMNS = 98 };

/* Both return ST_IO when `to` cannot be written. files: their names, for the heading. */
enum status summary_text(const struct tally *t, char *const *files, size_t n, FILE *to);
enum status summary_json(const struct tally *t, char *const *files, size_t n, FILE *to);

#endif
