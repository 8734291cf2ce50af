#include "scanner/input/raw_file.h"

#include <stdio.h>
#include <string.h>

/* The counting pass reads so much of the file and extrapolates beyond. */
#define COUNT_PASS_MAX_BYTES (32u * 1024 * 1024)

void raw_file_close(struct raw_file *f)
{
    zone_free(f->zone);
    csv_free(f->csv);
    lines_free(f->lines);
    source_close(f->src);
}

enum status raw_file_open(struct raw_file *f, const char *path, enum input_format format,
                          char *error, size_t error_size)
{
    enum status st = source_open(path, &f->src, error, error_size);
    if (st != ST_OK)
        return st;
    struct slice head = source_peek(f->src); /* kept for input_head, whatever reads on */
    f->format = format == FORMAT_AUTO ? format_detect(head) : format;
    if (f->format == FORMAT_ZONE)
        st = zone_new(f->src, &f->zone);
    else
        st = lines_new(f->src, LINE_MAX_BYTES, &f->lines);
    if (st == ST_OK && f->format == FORMAT_CSV)
        st = csv_new(f->lines, &f->csv);
    if (st != ST_OK)
        snprintf(error, error_size, "%s", status_text(st));
    return st;
}

enum status raw_file_next(struct raw_file *f, struct raw_item *out)
{
    if (f->zone)
        return zone_next(f->zone, out);
    return f->csv ? csv_next(f->csv, out) : list_next(f->lines, out);
}

uint64_t raw_file_count(const char *path, enum input_format format)
{
    struct raw_file file = {0};
    char error[1];
    if (strcmp(path, "-") == 0)
        path = "/dev/stdin"; /* opens a redirected file anew, from its beginning */
    uint64_t items = 0;
    struct raw_item item;
    if (raw_file_open(&file, path, format, error, sizeof error) == ST_OK) {
        uint64_t size = source_file_bytes(file.src);
        while (size > 0 && source_bytes_read(file.src) < COUNT_PASS_MAX_BYTES &&
               raw_file_next(&file, &item) == ST_OK)
            items++;
        uint64_t read = source_bytes_read(file.src);
        if (size > 0 && read >= COUNT_PASS_MAX_BYTES && read < size)
            items = (uint64_t)((double)items * (double)size / (double)read);
    }
    raw_file_close(&file);
    return items;
}
