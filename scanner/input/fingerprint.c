#include "scanner/input/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };

static enum status hash_all(int fd, struct fingerprint *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *block = malloc(READ_BYTES);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    enum status st = ST_NOMEM;
    if (!block || !md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
        goto out;
    for (st = ST_OK; st == ST_OK;) {
        ssize_t n = read(fd, block, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            st = n < 0 ? ST_IO : ST_EOF;
        } else {
            out->bytes += (uint64_t)n;
            st = EVP_DigestUpdate(md, block, (size_t)n) == 1 ? ST_OK : ST_INTERNAL;
        }
    }
    if (st == ST_EOF)
        st = EVP_DigestFinal_ex(md, digest, NULL) == 1 ? ST_OK : ST_INTERNAL;
    if (st == ST_OK)
        hex_put(out->sha256, digest, SHA256_HEX_BYTES / 2);
out:
    EVP_MD_CTX_free(md);
    free(block);
    return st;
}

static bool is_standard_input(const char *path)
{
    return !path || strcmp(path, "-") == 0;
}

static int stat_input(const char *path, struct stat *info)
{
    return is_standard_input(path) ? fstat(STDIN_FILENO, info) : stat(path, info);
}

bool fingerprint_same_file(const char *input, const char *path)
{
    struct stat read, written;
    return stat_input(input, &read) == 0 && S_ISREG(read.st_mode) && stat(path, &written) == 0 &&
           read.st_dev == written.st_dev && read.st_ino == written.st_ino;
}

enum status fingerprint_take(const char *path, struct slice head, struct fingerprint *out)
{
    bool is_stdin = is_standard_input(path);
    struct stat info;
    *out = (struct fingerprint){.whole = false};
    if (stat_input(path, &info) != 0)
        return ST_IO;
    if (!S_ISREG(info.st_mode)) {
        if (head.p)
            sha256_hex(head, out->sha256);
        return ST_OK;
    }
    /* Opening it anew leaves the position alone from which standard input is read. */
    int fd = open(is_stdin ? "/dev/stdin" : path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ST_IO;
    out->whole = true;
    enum status st = hash_all(fd, out);
    int why = errno;
    close(fd);
    errno = why;
    return st;
}
