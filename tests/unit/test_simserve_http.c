/* Units of simnet's HTTPS server: answers over HTTP/1.1 and HTTP/2. */
#include "tests/unit/simserve_fixture.h"

#include <sys/socket.h>

/* --- HTTP --- */

/* The answer is left in text. */
static enum client_end get_h1(const char *head)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "http/1.1");
    assert_true(client_write(fd, tls.ssl, head));
    text.len = 0;
    enum client_end end = client_read(fd, tls.ssl, NULL, &text);
    client_tls_free(&tls);
    close(fd);
    return end;
}

#define GET_CLOSE \
    "GET " PATH " HTTP/1.1\r\nHost: MTA-STS.example.com:443\r\nConnection: close\r\n\r\n"

static void get_h2(const char *path, struct client_h2 *out)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x02h2\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "h2");
    client_get_h2(tls.ssl, NAME, path, out);
    client_tls_free(&tls);
    close(fd);
}

static struct client_h2 h2;

static const char *body_of(const struct client_text *t)
{
    const char *end = strstr(t->p, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void test_h1(void **state)
{
    (void)state;
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_memory_equal(text.p, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(text.p, "\r\ncontent-type: text/plain\r\n"));
    assert_non_null(strstr(text.p, "\r\ncontent-length: 68\r\n"));
    assert_string_equal(body_of(&text), BODY);

    struct sim_http *http = &locked(NULL)->http;
    http->status = 301;
    http->content_type = NULL;
    http->extra_header = "Retry-After: 120";
    snprintf(http->location, sizeof http->location, "https://www.example.com/");
    http->body_len = 0;
    unlock();
    get_h1(GET_CLOSE);
    assert_memory_equal(text.p, "HTTP/1.1 301 ", 13);
    assert_null(strstr(text.p, "content-type"));
    assert_non_null(strstr(text.p, "\r\nlocation: https://www.example.com/\r\n"));
    assert_non_null(strstr(text.p, "\r\nretry-after: 120\r\n"));
    assert_string_equal(body_of(&text), "");

    get_h1("nonsense\r\n\r\n");
    assert_memory_equal(text.p, "HTTP/1.1 400 ", 13);
    get_h1("GET / HTTP/1.0\r\nHost: " NAME "\r\n\r\n");
    assert_memory_equal(text.p, "HTTP/1.1 404 ", 13);
}

static void test_h1_keeps_alive(void **state)
{
    static const char get[] = "GET " PATH " HTTP/1.1\r\nHost: " NAME "\r\n\r\n";
    struct client_tls tls;
    (void)state;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    for (int i = 0; i < 2; i++) {
        text.len = 0;
        assert_true(client_write(fd, tls.ssl, get));
        assert_int_equal(client_read(fd, tls.ssl, BODY, &text), CLIENT_FOUND);
    }
    text.len = 0; /* pipelined: the second asks to close */
    assert_true(client_write(fd, tls.ssl, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" GET_CLOSE));
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
    assert_memory_equal(text.p, "HTTP/1.1 404 ", 13);
    assert_non_null(strstr(text.p, "HTTP/1.1 200 "));
    client_tls_free(&tls);
    close(fd);
}

static void test_h1_deliveries(void **state)
{
    (void)state;
    locked(NULL)->http.delivery = SIM_HTTP_TRUNCATE;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_non_null(strstr(text.p, "content-length: 68\r\n"));
    assert_int_equal(strlen(body_of(&text)), BODY_LEN / 2);
    assert_memory_equal(body_of(&text), BODY, BODY_LEN / 2);

    locked(NULL)->http.delivery = SIM_HTTP_CHUNKED;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_null(strstr(text.p, "content-length"));
    assert_string_equal(body_of(&text), "44\r\n" BODY "\r\n0\r\n\r\n");

    struct sim_http *http = &locked(NULL)->http;
    http->delivery = SIM_HTTP_WHOLE;
    http->body_pad = 100000;
    http->delay_ms = 5;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_int_equal(text.len - (size_t)(body_of(&text) - text.p), 100000 + BODY_LEN);
}

/* Half of the body comes and no more, but the connection stays. */
static void test_h1_stall(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.delivery = SIM_HTTP_STALL_BODY;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_true(client_write(fd, tls.ssl, GET_CLOSE));
    text.len = 0;
    assert_int_equal(client_read(fd, tls.ssl, "mode: enfor", &text), CLIENT_FOUND);
    struct timeval soon = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    assert_int_equal(client_read(fd, tls.ssl, BODY, &text), CLIENT_ERROR);
    assert_int_equal(strlen(body_of(&text)), BODY_LEN / 2);
    client_tls_free(&tls);
    close(fd);
}

static void test_endless_body(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.body_pad = SIM_HTTP_PAD_ENDLESS;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_true(client_write(fd, tls.ssl, GET_CLOSE));
    text.len = 0;
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_ERROR); /* our buffer is full */
    assert_int_equal(text.len, CLIENT_TEXT_MAX - 1);
    client_tls_free(&tls);
    close(fd);
}

static void test_h2(void **state)
{
    (void)state;
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.status, 200);
    assert_string_equal(h2.content_type, "text/plain");
    assert_string_equal(h2.body.p, BODY);
    get_h2("/other", &h2);
    assert_int_equal(h2.status, 404);

    locked(NULL)->http.body_pad = 100000;
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.body.len, 100000 + BODY_LEN);

    struct sim_http *http = &locked(NULL)->http;
    http->body_pad = 0;
    http->delay_ms = 5;
    http->content_encoding = "gzip";
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_memory_equal(h2.body.p, "\x1f\x8b", 2);

    http = &locked(NULL)->http;
    http->content_encoding = NULL;
    http->delivery = SIM_HTTP_TRUNCATE;
    unlock();
    get_h2(PATH, &h2);
    assert_false(h2.complete);
    assert_int_equal(h2.end, CLIENT_EOF);
    assert_int_equal(h2.status, 200);
    assert_int_equal(h2.body.len, BODY_LEN / 2);
}

static void test_h2_is_offered_where_it_is_spoken(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.h2 = false;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x02h2\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "http/1.1");
    client_tls_free(&tls);
    close(fd);
}

static void test_drip(void **state)
{
    (void)state;
    struct sim_http *http = &locked(NULL)->http;
    http->delivery = SIM_HTTP_DRIP;
    http->body_len = 2;
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.body.len, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_h1, reset_world),
        cmocka_unit_test_setup(test_h1_keeps_alive, reset_world),
        cmocka_unit_test_setup(test_h1_deliveries, reset_world),
        cmocka_unit_test_setup(test_h1_stall, reset_world),
        cmocka_unit_test_setup(test_endless_body, reset_world),
        cmocka_unit_test_setup(test_h2, reset_world),
        cmocka_unit_test_setup(test_h2_is_offered_where_it_is_spoken, reset_world),
        cmocka_unit_test_setup(test_drip, reset_world),
    };
    return cmocka_run_group_tests_name("simserve_http", tests, set_up, tear_down);
}
