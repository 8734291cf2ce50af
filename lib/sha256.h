/* sha256 - the digest of FIPS 180-4, for naming policy bodies in records. The library has no
 * cryptography beyond it and takes no decision from it. */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include "lib/bytes.h"

#define SHA256_HEX_BYTES 64

/* Lower-case hex of the digest of data, NUL-terminated. */
void sha256_hex(struct slice data, char out[SHA256_HEX_BYTES + 1]);

#endif
