#include "scanner/local_resolver_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In the child: the descriptor behind that of RESOLVER_FILES_CONF_PATH. */
#define EXTRA_PATH "/dev/fd/4"

void resolver_files_init(struct resolver_files *f)
{
    *f = (struct resolver_files){.fds = {-1, -1}};
}

/* An unnamed file with that text, sealed. -1 with errno. */
static int make_file(const char *name, struct slice text)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    while (fd >= 0 && text.len > 0) {
        ssize_t n = write(fd, text.p, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        text = (struct slice){text.p + n, text.len - (size_t)n};
    }
    if (fd >= 0)
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

enum status resolver_files_read_extra(struct resolver_files *f, const char *path, const char **why)
{
    struct strbuf text;
    char block[4096];
    size_t n;
    strbuf_init(&text, RESOLVER_EXTRA_MAX_BYTES);
    FILE *in = fopen(path, "rbe");
    while (in && (n = fread(block, 1, sizeof block, in)) > 0)
        if (strbuf_add(&text, block, n) != ST_OK)
            break;
    bool ok = in && !ferror(in) && text.error == ST_OK;
    if (ok)
        f->fds[1] = make_file("extra", (struct slice){text.p, text.len});
    *why = text.error != ST_OK ? status_text(text.error) : strerror(errno);
    if (in)
        fclose(in);
    strbuf_free(&text);
    return ok && f->fds[1] >= 0 ? ST_OK : ST_IO;
}

enum status resolver_files_make(struct resolver_files *f, const struct resolver_plan *plan,
                                bool *changed, const char **why)
{
    struct strbuf text;
    char hash[SHA256_HEX_BYTES + 1];
    struct resolver_plan own = *plan;
    own.extra = f->fds[1] >= 0 ? EXTRA_PATH : NULL;
    strbuf_init(&text, RESOLVER_CONF_MAX_BYTES);
    enum status st = resolver_conf_write(&own, &text);
    struct slice all = {text.p, text.len};
    *changed = false;
    if (st == ST_OK)
        sha256_hex(all, hash);
    if (st == ST_OK && strcmp(hash, f->conf_hash) != 0) {
        int fd = make_file("unbound.conf", all);
        st = fd >= 0 ? ST_OK : ST_IO;
        *changed = fd >= 0;
        if (fd >= 0 && f->fds[0] >= 0)
            close(f->fds[0]);
        if (fd >= 0) {
            f->fds[0] = fd;
            memcpy(f->conf_hash, hash, sizeof hash);
        }
    }
    *why = st == ST_IO ? strerror(errno) : status_text(st);
    strbuf_free(&text);
    return st;
}

void resolver_files_close(struct resolver_files *f)
{
    for (size_t i = 0; i < sizeof f->fds / sizeof f->fds[0]; i++)
        if (f->fds[i] >= 0)
            close(f->fds[i]);
    resolver_files_init(f);
}
