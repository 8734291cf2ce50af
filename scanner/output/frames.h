/* frames - a file of independent pieces: zstd frames with a checksum, or plain lines.
 *
 * What was added goes out as one piece at frames_end, in one write loop. After a failure the file
 * is cut back to its last whole piece as far as the system allows, and every further call fails: no
 * half record stays. One thread. */
#ifndef SCANNER_OUTPUT_FRAMES_H
#define SCANNER_OUTPUT_FRAMES_H

#include "lib/bytes.h"

enum {
    FRAME_RECORDS_MAX = 1000,
    /* A frame ends before its lines exceed one zstd block (RFC 8878 3.1.1.2.4), so that zstdcat of
     * a file cut anywhere shows nothing of an unfinished frame. A longer line has its own frame, of
     * which a part may show: a block holds no more. */
    FRAME_BYTES_MAX = 128 * 1024,
};

typedef struct frames frames;

struct frames_totals {
    uint64_t frames, bytes_in, bytes_out;
};

/* "-" is standard output. An existing regular file is emptied; a symbolic link is refused. */
enum status frames_open(const char *path, bool compressed, frames **out, char *error,
                        size_t error_size);
/* The same, but goes on behind the first kept->bytes_out bytes of a file that has at least as many:
 * what follows them is cut off. Totals go on from `kept`. */
enum status frames_open_behind(const char *path, bool compressed, const struct frames_totals *kept,
                               frames **out, char *error, size_t error_size);
/* Adds whole lines to the open piece. ST_NOMEM, ST_INTERNAL (the compressor). */
enum status frames_add(frames *f, const void *p, size_t len);
/* Adds one line, to the open piece where it fits (FRAME_RECORDS_MAX, FRAME_BYTES_MAX), else to the
 * next. ST_NOMEM, ST_INTERNAL; ST_IO as frames_end. */
enum status frames_add_line(frames *f, const void *p, size_t len);
/* Ends and writes the open piece; nothing when there is none. ST_IO, and errno says why. */
enum status frames_end(frames *f);
/* Waits until all that was written is on disk. Files that cannot be synced (pipes) are fine; one
 * that nobody can find any more (its name was removed) is ST_IO with ENOENT. */
enum status frames_sync(frames *f);
/* Closes without writing the open piece. ST_IO when close(2) reports a late failure. */
enum status frames_close(frames *f);

void frames_totals(const frames *f, struct frames_totals *out);
size_t frames_open_bytes(const frames *f); /* of the open piece, before compression */

/* Opens a file for writing that must not be a symbolic link; used by all that write beside the
 * output. Returns a descriptor, or -1 with errno (ELOOP: a link). */
int open_no_link(const char *path, int more_flags);
/* Makes the names in a file's folder durable, as far as the system allows. */
void sync_folder(const char *path);

#endif
