/* findings_doc - the table of findings as a page for people. docs/findings.md is exactly this
 * (`make docs`). Pure. */
#ifndef LIB_FINDINGS_DOC_H
#define LIB_FINDINGS_DOC_H

#include "lib/findings.h"

/* Appends the page as Markdown. */
enum status findings_doc(struct strbuf *out);

#endif
