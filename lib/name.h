/* name - domain names: from what a person or a wire holds to lower-case A-labels and back.
 *
 * Pure functions. IDNA2008 is libidn2's work and is used only for input that is not ASCII already;
 * ASCII names are lower-cased and checked: letters, digits, hyphen, underscore, labels of 1-63
 * bytes, 253 in all (RFC 1035 2.3.4, RFC 5890). Registrable domains come from libpsl's list. */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include "lib/bytes.h"
#include "lib/caps.h"

/* Turns one input name into lower-case A-labels without final dot. White space around it and one
 * final dot are taken off. `out` holds NAME_MAX_BYTES + 1. On ST_INVALID, *reason is a static word
 * for the metadata: "empty", "too_long", "label_too_long", "empty_label", "bad_character",
 * "not_utf8", "idna", "single_label", "ip_address". */
enum status name_normalize(struct slice in, char out[NAME_MAX_BYTES + 1], const char **reason);

/* RFC 5321 Domain: LDH labels, no underscore, no leading or trailing hyphen, no final dot. */
bool name_is_ldh(struct slice name);

/* Lower-cases ASCII in place. */
void name_lower(char *name);

/* Number of labels; 0 for "". */
size_t name_labels(struct slice name);

/* The part after the first dot, empty when there is none. */
struct slice name_parent(struct slice name);

/* name is suffix or ends in "." suffix (ASCII case ignored). */
bool name_under(struct slice name, struct slice suffix);

/* The public suffix list, loaded once and shared read-only by all threads. `path` NULL takes the
 * system's list, or the one built into libpsl. ST_NOT_FOUND when there is neither, ST_IO for a file
 * that cannot be read. */
typedef struct name_psl name_psl;
enum status name_psl_load(const char *path, name_psl **out);
void name_psl_free(name_psl *psl);

/* The registrable domain of name (public suffix plus one label) as a slice into it; empty when name
 * is itself a public suffix. */
struct slice name_registrable(const name_psl *psl, const char *name);
bool name_is_public_suffix(const name_psl *psl, const char *name);

/* Bytes of the UTF-8 sequence that s begins with (RFC 3629); 0 when s is empty or does not begin
 * with valid UTF-8: overlong forms, surrogates and code points over U+10FFFF are not valid. */
size_t utf8_sequence(struct slice s);

bool text_is_ascii(struct slice s);
/* Valid UTF-8 throughout (utf8_sequence). */
bool text_is_utf8(struct slice s);

/* Network bytes as valid UTF-8 text (contract): a byte outside valid UTF-8 becomes \xhh (lower-case
 * hex), a backslash becomes two; control characters stay as they are, the JSON writer escapes them.
 * Appends to out. */
enum status text_escape(struct strbuf *out, struct slice raw);
/* The same as a string in arena, with a NUL byte as \\x00 so that the string is whole. NULL when
 * out of memory or over the arena's cap. */
const char *text_escape_dup(struct arena *arena, struct slice raw);
/* Undoes text_escape: text_unescape(text_escape(x)) = x. ST_INVALID on a malformed escape. */
enum status text_unescape(struct strbuf *out, struct slice text);

#endif
