/* writer_rig - what the tests of the output share: a writer whose reports are counted, batches for
 * it, and the files read back. */
#ifndef TESTS_UNIT_WRITER_RIG_H
#define TESTS_UNIT_WRITER_RIG_H

#include "scanner/output/writer.h"

enum { SEEN_MAX = 8192 };
/* What a writer reported; a test looks once it is closed. */
struct seen {
    unsigned char durable[SEEN_MAX]; /* how often, by index */
    size_t n_durable;
    int failed, err;
};

/* Fixture of a group: a temp_folder, and signals of failing writes ignored. */
int writer_setup(void **state);
/* A writer to that path that reports to *s, which is zeroed. */
writer *writer_of(const char *output, struct seen *s);
/* Records first..first+n-1, each with `fill` bytes of padding. */
struct record_batch *writer_batch(uint64_t first, size_t n, size_t fill);

/* p is the caller's to free. */
struct bytes {
    char *p;
    size_t len;
};
/* A file, with a NUL behind it. */
struct bytes read_file(const char *path);
/* What zstdcat shows of the first `len` bytes: whole frames, and of a cut one what there is. */
struct bytes unpack(struct bytes in, size_t len);
size_t count_lines(struct bytes b);
/* Removes a file of the folder. */
void drop_file(const char *name);

#endif
