/* codec - decompression by content: gzip, zstd, xz, or bytes as they are. Bytes in, bytes out; no
 * I/O. Several members or frames one behind the other are one text. Memory is bounded: a zstd
 * window of more than 128 MiB or an xz dictionary of more than CODEC_XZ_MEMORY_MAX_BYTES is
 * refused. One owner. */
#ifndef SCANNER_INPUT_CODEC_H
#define SCANNER_INPUT_CODEC_H

#include "lib/bytes.h"

enum {
    CODEC_MAGIC_MAX_BYTES = 6, /* the beginning of a file that decides */
    CODEC_XZ_MEMORY_MAX_BYTES = 256 * 1024 * 1024,
};

typedef struct codec codec;

/* Chooses by the first bytes of a file, CODEC_MAGIC_MAX_BYTES of them unless it has fewer or they
 * hold a line end. ST_UNSUPPORTED for an archive that we do not open; ST_NOMEM. error: where this
 * and later failures are said for the user; must outlive the codec. */
enum status codec_new(struct slice head, char *error, size_t error_size, codec **out);
void codec_free(codec *c); /* NULL is fine */

/* Moves bytes from *in, which is shortened by what was used, to out; *len of them. last: the file
 * ends behind *in. ST_OK: call again, with more input when nothing was produced; ST_EOF: a whole
 * stream ended and the file has ended too; ST_TRUNCATED: damaged or cut off, `error` says how. */
enum status codec_step(codec *c, struct slice *in, bool last, char *out, size_t cap, size_t *len);

#endif
