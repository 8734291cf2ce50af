/* Names on the wire and as text. */
#include "tests/unit/dns_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_same_text(const char *text)
{
    struct dns_name n;
    char out[NAME_TEXT_MAX_BYTES];
    assert_int_equal(dns_name_from_text(text, &n), ST_OK);
    assert_int_equal(dns_name_text(&n, out), strlen(text));
    assert_string_equal(out, text);
}

static void test_text(void **state)
{
    (void)state;
    struct dns_name n, m;
    char out[NAME_TEXT_MAX_BYTES];
    assert_same_text("example.com");
    assert_same_text("_mta-sts.example.com");
    assert_same_text(".");
    assert_same_text("a\\.b\\\\c.example");
    assert_same_text("\\000\\032\\255.example");

    assert_int_equal(dns_name_from_text("ExAmple.COM", &n), ST_OK);
    assert_int_equal(dns_name_from_text("e\\120ample.c\\om", &m), ST_OK);
    assert_true(dns_name_eq(&n, &m));
    dns_name_text(&n, out);
    assert_string_equal(out, "example.com");

    static const char *const bad[] = {
        "", "a..b", ".a", "a.", "..", "a\\", "a\\25", "a\\256", "a\\2x5.b",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(dns_name_from_text(bad[i], &n), ST_INVALID);
}

/* `labels` of 61 bytes, then one of `last`. */
static void long_name(char *out, size_t labels, size_t last)
{
    size_t at = 0;
    for (size_t i = 0; i < labels; i++) {
        memset(out + at, 'a', 61);
        at += 61;
        out[at++] = '.';
    }
    memset(out + at, 'b', last);
    out[at + last] = '\0';
}

static void test_lengths(void **state)
{
    (void)state;
    struct dns_name n;
    char text[512];
    long_name(text, 4, 5); /* 4 * 62 + 6 + 1 = 255 */
    assert_int_equal(dns_name_from_text(text, &n), ST_OK);
    assert_int_equal(n.len, DNS_NAME_MAX_BYTES);
    long_name(text, 4, 6);
    assert_int_equal(dns_name_from_text(text, &n), ST_INVALID);
    long_name(text, 0, 63);
    assert_int_equal(dns_name_from_text(text, &n), ST_OK);
    long_name(text, 0, 64);
    assert_int_equal(dns_name_from_text(text, &n), ST_INVALID);
}

/* Every byte in a name of 255 bytes comes through text and back. */
static void test_every_byte(void **state)
{
    (void)state;
    struct dns_name n, m;
    char text[NAME_TEXT_MAX_BYTES];
    for (unsigned first = 0; first < 256; first += 64) {
        n.len = 0;
        static const uint8_t labels[] = {63, 63, 63, 61};
        unsigned c = first;
        for (size_t i = 0; i < sizeof labels; i++) {
            n.b[n.len++] = labels[i];
            for (size_t k = 0; k < labels[i]; k++, c++)
                n.b[n.len++] = (c & 0xff) >= 'A' && (c & 0xff) <= 'Z' ? '.' : (uint8_t)c;
        }
        n.b[n.len++] = 0;
        assert_int_equal(n.len, DNS_NAME_MAX_BYTES);
        assert_true(dns_name_text(&n, text) < NAME_TEXT_MAX_BYTES);
        assert_int_equal(dns_name_from_text(text, &m), ST_OK);
        assert_true(dns_name_eq(&n, &m));
    }
    /* The longest text: each byte escaped. */
    memset(n.b, 0, sizeof n.b);
    n.b[0] = n.b[64] = n.b[128] = 63;
    n.b[192] = 61;
    assert_int_equal(dns_name_text(&n, text), 4 * 250 + 3);
}

static enum status read_at(const struct msg *m, size_t at, char text[NAME_TEXT_MAX_BYTES],
                           size_t *end)
{
    struct dns_reader r = dns_reader_of(m->b, m->len);
    struct dns_name n;
    dns_rewind(&r, at);
    enum status st = dns_name_read(&r, &n);
    if (st == ST_OK)
        dns_name_text(&n, text);
    *end = dns_mark(&r);
    return st;
}

static void test_pointers(void **state)
{
    (void)state;
    static struct msg m;
    char text[NAME_TEXT_MAX_BYTES];
    size_t end;

    msg_begin(&m, 1, 0, "Example.com", DNS_A);
    size_t at = m.len;
    msg_bytes(&m, "\003WWW", 4);
    msg_pointer(&m, MSG_QNAME_AT);
    msg_u16(&m, 7);
    assert_int_equal(read_at(&m, at, text, &end), ST_OK);
    assert_string_equal(text, "www.example.com");
    assert_int_equal(end, at + 6);

    /* a pointer to a pointer */
    size_t at2 = m.len;
    msg_pointer(&m, at);
    assert_int_equal(read_at(&m, at2, text, &end), ST_OK);
    assert_string_equal(text, "www.example.com");
    assert_int_equal(end, at2 + 2);

    /* at itself, forwards, into the header, into its own labels, a loop of two */
    size_t at3 = m.len;
    msg_pointer(&m, at3);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    assert_int_equal(end, at3);
    at3 = m.len;
    msg_pointer(&m, at3 + 2);
    msg_u8(&m, 0);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    at3 = m.len;
    msg_pointer(&m, 11);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    at3 = m.len;
    msg_bytes(&m, "\001a\001b", 4);
    msg_pointer(&m, at3 + 2);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    at3 = m.len;
    msg_pointer(&m, at3 + 2);
    msg_pointer(&m, at3);
    assert_int_equal(read_at(&m, at3 + 2, text, &end), ST_INVALID);

    /* reserved label types, and ends within the name */
    at3 = m.len;
    msg_bytes(&m, "\101a", 3);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    at3 = m.len;
    msg_bytes(&m, "\201a", 3);
    assert_int_equal(read_at(&m, at3, text, &end), ST_INVALID);
    at3 = m.len;
    msg_bytes(&m, "\003ab", 3);
    assert_int_equal(read_at(&m, at3, text, &end), ST_TRUNCATED);
    assert_int_equal(read_at(&m, m.len, text, &end), ST_TRUNCATED);
    at3 = m.len;
    msg_u8(&m, 0xc0);
    assert_int_equal(read_at(&m, at3, text, &end), ST_TRUNCATED);
}

static void test_pointer_and_length_caps(void **state)
{
    (void)state;
    static struct msg m;
    char text[NAME_TEXT_MAX_BYTES];
    size_t end;

    msg_begin(&m, 1, 0, "a", DNS_A);
    size_t at = MSG_QNAME_AT;
    for (size_t i = 1; i <= DNS_POINTERS_MAX + 1; i++) {
        size_t next = m.len;
        msg_pointer(&m, at);
        at = next;
        assert_int_equal(read_at(&m, at, text, &end), i <= DNS_POINTERS_MAX ? ST_OK : ST_INVALID);
    }

    /* 255 bytes by compression, and 256 */
    char long_text[512];
    long_name(long_text, 4, 3); /* 253 bytes */
    msg_begin(&m, 1, 0, long_text, DNS_A);
    at = m.len;
    msg_bytes(&m, "\001x", 2);
    msg_pointer(&m, MSG_QNAME_AT);
    assert_int_equal(read_at(&m, at, text, &end), ST_OK);
    at = m.len;
    msg_bytes(&m, "\002xy", 3);
    msg_pointer(&m, MSG_QNAME_AT);
    assert_int_equal(read_at(&m, at, text, &end), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_pointer_and_length_caps),
    };
    return cmocka_run_group_tests_name("dns_name", tests, NULL, NULL);
}
