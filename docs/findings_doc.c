/* Prints docs/findings.md; run by `make docs`. */
#include "lib/findings_doc.h"

#include <stdio.h>

#define PAGE_MAX_BYTES (1024 * 1024)

int main(void)
{
    struct strbuf page;
    strbuf_init(&page, PAGE_MAX_BYTES);
    enum status st = findings_doc(&page);
    bool written = st == ST_OK && fwrite(page.p, 1, page.len, stdout) == page.len;
    strbuf_free(&page);
    return written && fflush(stdout) == 0 ? 0 : 1;
}
