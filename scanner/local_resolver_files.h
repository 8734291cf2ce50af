/* local_resolver_files - what the unbound of --local-resolver reads: its configuration, and the
 * user's own. Both are sealed files in memory that it inherits, so that nothing is written to a
 * disk and nobody changes them behind us.
 *
 * Thread: whichever holds them; one at a time. */
#ifndef SCANNER_LOCAL_RESOLVER_FILES_H
#define SCANNER_LOCAL_RESOLVER_FILES_H

#include "lib/sha256.h"
#include "scanner/local_resolver_conf.h"

enum { RESOLVER_EXTRA_MAX_BYTES = 16 * 1024 * 1024 };

struct resolver_files {
    int fds[2];                           /* configuration, the user's own; -1: there is none */
    char conf_hash[SHA256_HEX_BYTES + 1]; /* of fds[0] */
};

/* The configuration's path in a child that has fds as its first descriptors (child.h). */
#define RESOLVER_FILES_CONF_PATH "/dev/fd/3"

void resolver_files_init(struct resolver_files *f);
/* Reads the user's file, by us and with our rights, once. ST_IO, and *why in words (static, or of
 * strerror). */
enum status resolver_files_read_extra(struct resolver_files *f, const char *path, const char **why);
/* Makes the configuration that the next start reads; the plan's `extra` is found here. *changed:
 * it is another one than before. On failure the present one is kept, and *why says it. */
enum status resolver_files_make(struct resolver_files *f, const struct resolver_plan *plan,
                                bool *changed, const char **why);
void resolver_files_close(struct resolver_files *f);

#endif
