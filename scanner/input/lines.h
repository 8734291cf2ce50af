/* lines - bounded lines over a source. LF and CRLF end a line; a UTF-8 byte order mark at the very
 * beginning is dropped; the last line needs no line end. One thread. */
#ifndef SCANNER_INPUT_LINES_H
#define SCANNER_INPUT_LINES_H

#include "scanner/input/source.h"

enum { LINE_MAX_BYTES = 16 * 1024 }; /* of input lists */

typedef struct lines lines;

struct line {
    struct slice text; /* without its end; valid until the next call */
    bool too_long;     /* text is its beginning, the rest was skipped */
};

/* Lines of at most max_bytes; a longer one is cut and marked. Borrows the source, which must
 * outlive the reader. Takes four times max_bytes of memory. */
enum status lines_new(source *src, size_t max_bytes, lines **out);
void lines_free(lines *l);
/* ST_OK with a line. ST_EOF, ST_TRUNCATED or ST_IO (see source.h) at the end; a last line that was
 * cut off by damage is dropped, since half a name is another name. */
enum status lines_next(lines *l, struct line *out);
/* No line is at hand, and for wait_ms (0: looks only) none comes: see source_pauses. Invalidates
 * the line that was handed out last. */
bool lines_pauses(lines *l, unsigned wait_ms);
/* Makes the next physical line part of this one (a quoted CSV field may hold line ends). ST_LIMIT
 * at the bound or at the end of the input: *line is then as it was. */
enum status lines_extend(lines *l, struct line *line);
/* Undoes every lines_extend since lines_next. */
void lines_shrink(lines *l, struct line *line);

#endif
