/* libFuzzer: the SMTP reply reader. The first byte says how the rest is split. */
#include "scanner/net/smtp_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct smtp_reply r;
    if (size < 1)
        return 0;
    size_t step = (size_t)data[0] + 1, at = 1;
    smtp_reply_reset(&r);
    while (at < size) {
        size_t used, n = size - at < step ? size - at : step;
        enum status st = smtp_reply_feed(&r, (const char *)data + at, n, &used);
        if (used > n || r.first_len > BANNER_MAX_BYTES || r.line_len > SMTP_LINE_MAX_BYTES)
            abort();
        if (r.complete && (r.code < 200 || r.code > 599))
            abort();
        if (st != ST_OK)
            break;
        at += used;
        if (r.complete)
            smtp_reply_reset(&r);
    }
    return 0;
}
