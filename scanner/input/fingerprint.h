/* fingerprint - which input it is, so that a scan is never resumed with another one.
 *
 * Of a regular file (also as redirected standard input) its size and the SHA-256 of all its bytes
 * as they stand on disk. What comes through a pipe can be read once only: of it, the SHA-256 of the
 * first 32 KiB after decompression, and none when the pipe is slow. What is behind is compared line
 * by line with the records that are done (resume_check). */
#ifndef SCANNER_INPUT_FINGERPRINT_H
#define SCANNER_INPUT_FINGERPRINT_H

#include "lib/sha256.h"

struct fingerprint {
    bool whole;                        /* all bytes were hashed, not the beginning alone */
    uint64_t bytes;                    /* of the file; 0 of a pipe */
    char sha256[SHA256_HEX_BYTES + 1]; /* "": the first bytes were not there yet */
};

/* path NULL or "-": standard input; head: its first bytes (input_head), for a pipe. Reads a file
 * from its beginning, through a descriptor of its own. ST_IO with errno. */
enum status fingerprint_take(const char *path, struct slice head, struct fingerprint *out);
/* Whether `path` leads to the very file that is read as `input` (as above), so that writing there
 * would destroy it. A path that leads nowhere does not. */
bool fingerprint_same_file(const char *input, const char *path);

#endif
