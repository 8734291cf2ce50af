#include "scanner/net/tls_memory.h"

#include <openssl/ssl3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What stands behind the message is OpenSSL's buffer for all of them, which a client makes of this
 * size before its ClientHello, in every version from 1.0 on. */
enum { MESSAGES_BYTES = SSL3_RT_MAX_PLAIN_LENGTH };

static bool is_zero(const char *p, size_t len)
{
    return *p == 0 && memcmp(p, p + 1, len - 1) == 0;
}

void tls_memory_hello_sent(const void *hello, size_t len)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t end = ((uintptr_t)hello + MESSAGES_BYTES) & ~(page - 1);
    const uintptr_t begin = ((uintptr_t)hello + len + page - 1) & ~(page - 1);
    if (len < MESSAGES_BYTES && begin < end && is_zero((const char *)begin, end - begin))
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}
