/* verify - whether outputs are whole and together hold every input exactly once.
 *
 * Outputs are those of one scan: one, or its shards in any order. Each is read to its end (frame
 * checksums included), its records are counted again and held against its metadata, and their
 * indexes go into one set (done_set.h), which is all that grows with the input: a bit for each
 * line. One thread. */
#ifndef SCANNER_VERIFY_H
#define SCANNER_VERIFY_H

#include "scanner/output/done_set.h"
#include <stdio.h>

enum {
    VERIFY_NAMED_MAX = 5, /* problems of one kind that are named one by one, for each output */
    VERIFY_SHA_BYTES = 64,
};

/* What must be the same in all outputs of one scan. */
struct verify_scan {
    const char *path; /* the output that it was read from; NULL: none yet */
    char seed[24], input[VERIFY_SHA_BYTES + 1];
    uint64_t seed_value, lines, shards;
    double sample;
};

struct verify_run {
    FILE *to; /* where problems are told */
    uint64_t problems;
    struct verify_scan scan;
    struct done_set done;
    const char **of_shard; /* the output of each shard; NULL: not seen. scan.shards of them */
    uint64_t outputs, records;
};

void verify_begin(struct verify_run *v, FILE *to);
/* Reads one output and all beside it. ST_NOMEM; whatever else is wrong is a problem. path must live
 * until verify_free. */
enum status verify_output(struct verify_run *v, const char *path);
/* What only all of them together can show: missing shards and indexes. */
void verify_end(struct verify_run *v);
void verify_free(struct verify_run *v);

/* One line "PATH: text". */
void verify_problem(struct verify_run *v, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* verify_meta.c: the metadata of one output. */
struct verify_meta;
struct scan_stats;
/* NULL when it cannot be read, which was told. */
struct verify_meta *verify_meta_read(struct verify_run *v, const char *path, const char *meta_path);
void verify_meta_free(struct verify_meta *m);
/* Holds it against the other outputs' and takes note of its shard. */
void verify_meta_scan(struct verify_run *v, const char *path, const struct verify_meta *m);
uint64_t verify_meta_shard(const struct verify_meta *m);
/* Holds it against what was counted in the files. */
void verify_meta_counts(struct verify_run *v, const char *path, const struct verify_meta *m,
                        const struct scan_stats *counted, uint64_t file_bytes, uint64_t certs);

/* verify_cmd.c: `stscan verify OUTPUT...`; exit code 0: whole, 1: not, 2: usage. argv[0] is the
 * command's name. */
int verify_main(int argc, char **argv);

#endif
