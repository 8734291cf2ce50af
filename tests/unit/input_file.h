/* input_file - a list in a file, and what scanner/input reads of it. Asserts whatever must hold. */
#ifndef TESTS_UNIT_INPUT_FILE_H
#define TESTS_UNIT_INPUT_FILE_H

#include "scanner/input/input.h"

/* What was read, by index: the shuffle is undone. */
enum { INPUT_FILE_ROWS_MAX = 64 };
struct input_file_row {
    bool seen;
    int64_t rank;
    char domain[NAME_MAX_BYTES + 1];
    char reason[32], raw[RAW_INPUT_MAX_BYTES + 1], tag[TAG_MAX_BYTES + 1];
    bool has_tag;
};
extern struct input_file_row input_file_rows[INPUT_FILE_ROWS_MAX];

struct read_back {
    size_t n;
    enum status end;
    uint64_t total;
    char error[256];
    struct input_counts counts;
};

extern char input_file_path[];
/* Group fixtures. */
int input_file_make(void **state);
int input_file_remove(void **state);

void input_file_put(const void *p, size_t len);
/* That read the file; a test changes what it is about. */
struct scan_options input_file_options(void);
struct read_back input_file_read(const struct scan_options *o);
/* Put it and read it. */
struct read_back input_file_read_bytes(const void *p, size_t len);
struct read_back input_file_read_text(const char *text);

/* Row i is a name, tag NULL for none; or is none, for that reason. */
void input_file_expect(size_t i, const char *domain, int64_t rank, const char *tag);
void input_file_expect_bad(size_t i, const char *reason, const char *raw);

#endif
