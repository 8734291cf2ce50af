/* Units of scanner/net/smtp_reply.c. */
#include "scanner/net/smtp_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Feeds the text byte by byte, so that every split is tried at once. */
static enum status feed_bytes(struct smtp_reply *r, const char *text, size_t *used)
{
    enum status st = ST_OK;
    size_t n = strlen(text), one;
    smtp_reply_reset(r);
    for (*used = 0; st == ST_OK && !r->complete && *used < n; *used += one)
        st = smtp_reply_feed(r, text + *used, 1, &one);
    return st;
}

static struct smtp_reply expect(const char *text, enum status st, int code, bool complete)
{
    struct smtp_reply r, whole;
    size_t used, used_whole;
    assert_int_equal(feed_bytes(&r, text, &used), st);
    smtp_reply_reset(&whole);
    assert_int_equal(smtp_reply_feed(&whole, text, strlen(text), &used_whole), st);
    assert_int_equal(used, used_whole);
    assert_int_equal(r.code, code);
    assert_int_equal(whole.code, code);
    assert_int_equal(r.complete, complete);
    assert_int_equal(whole.complete, complete);
    assert_string_equal(r.first, whole.first);
    return r;
}

static void test_single_line(void **state)
{
    (void)state;
    struct smtp_reply r = expect("220 mx.example ESMTP\r\n", ST_OK, 220, true);
    assert_string_equal(r.first, "mx.example ESMTP");
    assert_int_equal(r.lines, 1);
    r = expect("220\n", ST_OK, 220, true);
    assert_int_equal(r.first_len, 0);
    expect("250 \r\n", ST_OK, 250, true);
    expect("209 x\r\n", ST_OK, 209, true);
    expect("590 x\r\n", ST_OK, 590, true);
    expect("250 without an end", ST_OK, 0, false);
}

static void test_multi_line(void **state)
{
    (void)state;
    struct smtp_reply r = expect("250-mx.example\r\n250-PIPELINING\r\n250-starttls\r\n250 HELP\r\n",
                                 ST_OK, 250, true);
    assert_string_equal(r.first, "mx.example");
    assert_int_equal(r.lines, 4);
    assert_true(r.starttls);
    r = expect("250-mx.example\n250 STARTTLS\n", ST_OK, 250, true);
    assert_true(r.starttls);
    r = expect("250-mx.example\r\n", ST_OK, 250, false);
}

/* The keyword must be a whole word, and not the greeting's. */
static void test_starttls_keyword(void **state)
{
    (void)state;
    assert_false(expect("250-mx\r\n250 STARTTLSX\r\n", ST_OK, 250, true).starttls);
    assert_false(expect("250-mx\r\n250 X-STARTTLS\r\n", ST_OK, 250, true).starttls);
    assert_false(expect("250-mx\r\n250 AUTH STARTTLS\r\n", ST_OK, 250, true).starttls);
    assert_false(expect("250 STARTTLS\r\n", ST_OK, 250, true).starttls);
    assert_true(expect("250-mx\r\n250 STARTTLS REQUIRED\r\n", ST_OK, 250, true).starttls);
}

static void test_invalid(void **state)
{
    (void)state;
    struct smtp_reply r = expect("SSH-2.0-OpenSSH_9.2\r\n", ST_INVALID, 0, false);
    assert_string_equal(r.first, "SSH-2.0-OpenSSH_9.2");
    expect("\r\n", ST_INVALID, 0, false);
    expect("22\r\n", ST_INVALID, 0, false);
    expect("199 x\r\n", ST_INVALID, 0, false);
    expect("600 x\r\n", ST_INVALID, 0, false);
    expect("2a0 x\r\n", ST_INVALID, 0, false);
    expect("220x\r\n", ST_INVALID, 0, false);
    expect("250-a\r\n251 b\r\n", ST_INVALID, 250, false);
}

/* What follows the reply is left to the caller: plaintext behind the 220 of STARTTLS. */
static void test_rest_is_left(void **state)
{
    (void)state;
    static const char text[] = "220 go ahead\r\n250 injected\r\n";
    struct smtp_reply r;
    size_t used;
    smtp_reply_reset(&r);
    assert_int_equal(smtp_reply_feed(&r, text, sizeof text - 1, &used), ST_OK);
    assert_true(r.complete);
    assert_int_equal(used, strlen("220 go ahead\r\n"));
}

static void test_nul_and_high_bytes(void **state)
{
    (void)state;
    static const char text[] = "220 a\0b\xff\r\n";
    struct smtp_reply r;
    size_t used;
    smtp_reply_reset(&r);
    assert_int_equal(smtp_reply_feed(&r, text, sizeof text - 1, &used), ST_OK);
    assert_int_equal(r.first_len, 4);
    assert_memory_equal(r.first, "a\0b\xff", 4);
}

/* A line longer than the cap is cut and the reply goes on. */
static void test_long_lines(void **state)
{
    (void)state;
    static char text[SMTP_LINE_MAX_BYTES + 64];
    for (size_t extra = 0; extra < 2; extra++) {
        struct smtp_reply r;
        size_t used, n = BANNER_MAX_BYTES + extra;
        memset(text, 'x', sizeof text);
        memcpy(text, "220 ", 4);
        memcpy(text + 4 + n, "\r\n", 2);
        smtp_reply_reset(&r);
        assert_int_equal(smtp_reply_feed(&r, text, 4 + n + 2, &used), ST_OK);
        assert_true(r.complete);
        assert_int_equal(r.first_len, BANNER_MAX_BYTES);
    }
    struct smtp_reply r;
    size_t used;
    memset(text, 'x', sizeof text);
    memcpy(text, "220 ", 4);
    text[sizeof text - 1] = '\n';
    smtp_reply_reset(&r);
    assert_int_equal(smtp_reply_feed(&r, text, sizeof text, &used), ST_OK);
    assert_true(r.complete);
    assert_int_equal(r.line_len, 0);
}

static enum status feed_lines(struct smtp_reply *r, size_t lines)
{
    enum status st = ST_OK;
    size_t used;
    smtp_reply_reset(r);
    for (size_t i = 1; st == ST_OK && i <= lines; i++) {
        const char *line = i < lines ? "250-x\r\n" : "250 x\r\n";
        st = smtp_reply_feed(r, line, strlen(line), &used);
    }
    return st;
}

static void test_line_cap(void **state)
{
    (void)state;
    struct smtp_reply r;
    assert_int_equal(feed_lines(&r, SMTP_REPLY_MAX_LINES), ST_OK);
    assert_true(r.complete);
    assert_int_equal(feed_lines(&r, SMTP_REPLY_MAX_LINES + 1), ST_LIMIT);
}

static void test_byte_cap(void **state)
{
    (void)state;
    static char text[SMTP_REPLY_MAX_BYTES + 1];
    struct smtp_reply r;
    size_t used;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t n = SMTP_REPLY_MAX_BYTES + extra;
        memset(text, 'x', sizeof text);
        memcpy(text, "220 ", 4);
        text[n - 1] = '\n';
        smtp_reply_reset(&r);
        assert_int_equal(smtp_reply_feed(&r, text, n, &used), extra == 0 ? ST_OK : ST_LIMIT);
        assert_int_equal(r.complete, extra == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_line),      cmocka_unit_test(test_multi_line),
        cmocka_unit_test(test_starttls_keyword), cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_rest_is_left),     cmocka_unit_test(test_nul_and_high_bytes),
        cmocka_unit_test(test_long_lines),       cmocka_unit_test(test_line_cap),
        cmocka_unit_test(test_byte_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
