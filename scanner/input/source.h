/* source - the bytes of an input, decompressed by what they are and not by the file's name.
 *
 * gzip (several members too), zstd (several frames too) and xz are told by their first bytes;
 * anything else is read as it stands. Memory is bounded (codec.h). One thread. */
#ifndef SCANNER_INPUT_SOURCE_H
#define SCANNER_INPUT_SOURCE_H

#include "lib/bytes.h"
#include <stdbool.h>

enum {
    SOURCE_CHUNK_BYTES = 64 * 1024, /* read from the file at once */
    SOURCE_PEEK_BYTES = 32 * 1024,  /* what source_peek shows at most */
    SOURCE_PEEK_WAIT_MS = 1000,     /* for more of a stream that has shown a whole line */
};

typedef struct source source;

/* Opens a path, or stdin for "-". ST_IO, ST_UNSUPPORTED (a zip or bzip2 file) or ST_NOMEM with a
 * text for the user in error. */
enum status source_open(const char *path, source **out, char *error, size_t error_size);
/* The first decompressed bytes, at most SOURCE_PEEK_BYTES, without consuming them. Before the first
 * source_read only. Errors show up when reading reaches them. A pipe whose writer takes its time is
 * waited for until it has shown a whole line that is no comment, and then SOURCE_PEEK_WAIT_MS more.
 */
struct slice source_peek(source *s);
/* What source_peek showed is all that it ever can show: the rest was not waited for otherwise. */
bool source_peek_is_whole(const source *s);
/* Nothing is read ahead, and for wait_ms (0: looks only) nothing comes: a pipe or terminal that
 * pauses. Never true of a regular file. Bytes that are there may still be too few for a codec. */
bool source_pauses(source *s, unsigned wait_ms);
/* Fills out with 1 to cap bytes. ST_EOF at the end; ST_TRUNCATED when compressed data ends early or
 * is damaged, ST_IO when the file cannot be read: all that came before was handed out. */
enum status source_read(source *s, char *out, size_t cap, size_t *len);
/* Why source_read failed, for the user; "" while it has not. */
const char *source_error(const source *s);
/* Size of the file, 0 when it is not a regular one; bytes of it read so far. */
uint64_t source_file_bytes(const source *s);
uint64_t source_bytes_read(const source *s);
void source_close(source *s);

#endif
