/* record_words - the words of a record that stand for numbers and bits, both ways.
 *
 * Shared by the writer and the reader, so that neither can know a word that the other does not.
 * Everything here is pure; texts are static unless a buffer is given. */
#ifndef LIB_RECORD_WORDS_H
#define LIB_RECORD_WORDS_H

#include "lib/evidence.h"

/* "NOERROR", "NXDOMAIN", ... or "RCODE<n>", which is made in out. */
#define WORD_MAX_BYTES 32
const char *rcode_text(int rcode, char out[WORD_MAX_BYTES]);
enum status rcode_parse(struct slice text, int *out);

/* "TLSv1.3", ... or "0x<hhhh>" for another version. 0 (unknown) has no word. */
void tls_version_text(uint16_t version, char out[WORD_MAX_BYTES]);
enum status tls_version_parse(struct slice text, uint16_t *out);

/* "2026-11-21T22:00:00.123Z" (RFC 3339, UTC); times outside 1970-9999 are clamped. */
#define TIME_TEXT_BYTES 24
void time_text(int64_t ms, char out[TIME_TEXT_BYTES + 1]);
enum status time_parse(struct slice text, int64_t *ms);

/* One word a bit. Several bits may share a word of tls.errors ("weak"). */
struct bit_word {
    uint32_t bit;
    const char *word;
};
extern const struct bit_word cert_error_words[];
extern const size_t n_cert_error_words;
extern const struct bit_word weak_words[]; /* "key", "signature": which `weak` it is */
extern const size_t n_weak_words;
extern const struct bit_word covers_words[];
extern const size_t n_covers_words;

/* What a record leaves out, because it follows from the rest. */
enum lookup lookup_default(int rcode, size_t records);
enum conn conn_default(enum probe_end end);

#endif
