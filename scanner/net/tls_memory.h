/* tls_memory - what a handshake that waits for its peer need not hold.
 *
 * OpenSSL takes 21 KiB for the messages of a handshake when that begins, and writes zeros over 16
 * KiB of them. A dead or silent host leaves them so until its deadline, and there may be two
 * thousand of those at once. */
#ifndef SCANNER_NET_TLS_MEMORY_H
#define SCANNER_NET_TLS_MEMORY_H

#include <stddef.h>

/* For a message callback (SSL_CTX_set_msg_callback), when a ClientHello of len bytes was sent:
 * gives those pages behind it back to the kernel that hold nothing but zeros, as they do again when
 * they are touched next. Thread: that of the connection. */
void tls_memory_hello_sent(const void *hello, size_t len);

#endif
