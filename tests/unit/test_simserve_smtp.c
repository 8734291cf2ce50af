/* Units of simnet's SMTP server, and of what both servers share: addresses and the record. */
#include "tests/unit/simserve_fixture.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* --- SMTP --- */

/* Sends a line and waits for text that must come. */
static void dialogue(int fd, SSL *ssl, const char *line, const char *until)
{
    text.len = 0;
    if (line)
        assert_true(client_write(fd, ssl, line));
    assert_int_equal(client_read(fd, ssl, until, &text), CLIENT_FOUND);
}

static void test_smtp(void **state)
{
    struct client_tls tls;
    (void)state;
    int fd = smtp_connect();
    dialogue(fd, NULL, NULL, "220 mx.example.com ESMTP\r\n");
    dialogue(fd, NULL, "EHLO scan.example\r\n", "250 8BITMIME\r\n");
    assert_non_null(strstr(text.p, "250-STARTTLS\r\n"));
    dialogue(fd, NULL, "noop\r\nRSET\r\n", "250 2.0.0 OK\r\n250 2.0.0 OK\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "220 2.0.0 ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, "mx.example.com", NULL);
    assert_non_null(tls.ssl);
    assert_int_equal(tls.verify, X509_V_OK);
    dialogue(fd, tls.ssl, "EHLO scan.example\r\n", "250 8BITMIME\r\n");
    assert_null(strstr(text.p, "STARTTLS"));
    dialogue(fd, tls.ssl, "MAIL FROM:<>\r\n", "550 ");
    dialogue(fd, tls.ssl, "QUIT\r\n", "221 ");
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
    client_tls_free(&tls);
    close(fd);
    struct sim_world *w = locked(NULL);
    assert_string_equal(w->asked, "mx.example.com");
    assert_true(w->asked_by_sni);
    unlock();
}

static void test_smtp_without_sni(void **state)
{
    struct client_tls tls;
    (void)state;
    int fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, NULL, NULL);
    assert_non_null(tls.ssl);
    struct sim_world *w = locked(NULL);
    assert_string_equal(w->asked, "mx.example.com"); /* the name that DNS gave it to */
    assert_false(w->asked_by_sni);
    unlock();
    client_tls_free(&tls);
    close(fd);
}

static void test_smtp_refusals(void **state)
{
    (void)state;
    struct sim_smtp *smtp = &locked(NULL)->smtp;
    smtp->starttls = false;
    smtp->ehlo_code = 500;
    unlock();
    int fd = smtp_connect();
    dialogue(fd, NULL, "EHLO x\r\n", "500 ");
    dialogue(fd, NULL, "HELO x\r\n", "250 mx.example.com\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "502 ");
    close(fd);

    smtp = &locked(NULL)->smtp;
    smtp->starttls = true;
    smtp->starttls_code = 454;
    smtp->ehlo_code = 250;
    unlock();
    fd = smtp_connect();
    dialogue(fd, NULL, "EHLO x\r\n", "250 8BITMIME\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "454 ");
    close(fd);

    smtp = &locked(NULL)->smtp;
    smtp->banner_code = 554;
    unlock();
    fd = smtp_connect();
    dialogue(fd, NULL, NULL, "554 ");
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    close(fd);
}

static void set_smtp_mode(enum sim_smtp_mode mode)
{
    locked(NULL)->smtp.mode = mode;
    unlock();
}

static void test_smtp_drops(void **state)
{
    (void)state;
    text.len = 0;
    set_smtp_mode(SIM_SMTP_DROP_AT_CONNECT);
    int fd = smtp_connect();
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_int_equal(text.len, 0);
    close(fd);

    set_smtp_mode(SIM_SMTP_DROP_AFTER_BANNER);
    fd = smtp_connect();
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_string_equal(text.p, "220 mx.example.com ESMTP\r\n");
    close(fd);

    set_smtp_mode(SIM_SMTP_DROP_AT_STARTTLS);
    fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ESMTP\r\n");
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_int_equal(text.len, 0);
    close(fd);
}

static void test_smtp_injection_and_tls_fault(void **state)
{
    (void)state;
    set_smtp_mode(SIM_SMTP_INJECT);
    int fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n250 2.0.0 sent in clear");
    close(fd);

    struct client_tls tls;
    set_smtp_mode(SIM_SMTP_NORMAL);
    set_tls_mode(SIM_TLS_NOT_SPOKEN);
    fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, "mx.example.com", NULL);
    assert_null(tls.ssl);
    assert_int_equal(tls.reason, SSL_R_WRONG_VERSION_NUMBER);
    close(fd);
}

static void test_smtp_banners(void **state)
{
    (void)state;
    set_smtp_mode(SIM_SMTP_BANNER_ENDLESS);
    int fd = smtp_connect();
    text.len = 0;
    for (int lines = 0; lines < 50; lines++) { /* more than one period's worth */
        assert_int_equal(client_read(fd, NULL, "begin\r\n", &text), CLIENT_FOUND);
        text.len = 0;
    }
    close(fd);

    set_smtp_mode(SIM_SMTP_BANNER_DRIP);
    fd = smtp_connect();
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, "22", &text), CLIENT_FOUND);
    close(fd);
}

static void test_smtp_line_too_long(void **state)
{
    char line[4097];
    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    int fd = smtp_connect();
    dialogue(fd, NULL, NULL, "ESMTP\r\n");
    dialogue(fd, NULL, line, "500 5.5.2 line too long\r\n");
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    close(fd);
}

/* --- Addresses --- */

static void test_refused(void **state)
{
    uint32_t addr = 127u << 24 | REFUSED_NET << 16 | 1 << 8 | 1;
    (void)state;
    assert_true(sim_server_listen(fix.https, addr, NAME));
    assert_int_equal(client_connect(addr, sim_server_port(fix.https)), -1);
    assert_int_equal(errno, ECONNREFUSED);
}

/* Over loopback a SYN is handled before connect() returns: who is still in SYN_SENT then got
 * neither SYN-ACK nor RST. */
static void test_blackhole(void **state)
{
    uint32_t addr = 127u << 24 | BLACKHOLE_NET << 16 | 1 << 8 | 1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr)};
    struct tcp_info info;
    socklen_t len = sizeof info;
    (void)state;
    assert_true(sim_server_listen(fix.https, addr, NAME));
    name.sin_port = htons(sim_server_port(fix.https));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    assert_int_equal(info.tcpi_state, TCP_SYN_SENT);
    close(fd);
}

/* --- The record --- */

static json_t *record_line(FILE *file, const char *scope, const char *key)
{
    char line[512];
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        const char *found_key = json_string_value(json_object_get(object, "key"));
        if (strcmp(json_string_value(json_object_get(object, "scope")), scope) == 0 &&
            (!key || strcmp(found_key, key) == 0))
            return object;
        json_decref(object);
    }
    fail_msg("no line for %s %s", scope, key ? key : "");
    return NULL;
}

static long number(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return (long)json_integer_value(json_object_get(object, key));
}

static void expect(FILE *file, const char *scope, const char *key, long connections, long at_once)
{
    json_t *object = record_line(file, scope, key);
    assert_int_equal(number(object, "connections"), connections);
    assert_int_equal(number(object, "max_concurrent"), at_once);
    assert_true(number(object, "max_per_second") >= 1);
    assert_true(number(object, "max_per_second") <= connections);
    json_decref(object);
}

static int greeted(struct sim_server *server, uint32_t addr)
{
    assert_true(sim_server_listen(server, addr, "mx.example.com"));
    int fd = client_connect(addr, sim_server_port(server));
    assert_true(fd >= 0);
    dialogue(fd, NULL, NULL, "ESMTP\r\n");
    return fd;
}

static void test_record(void **state)
{
    struct sim_server *server;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 2};
    (void)state;
    assert_true(sim_smtp_server_start(&options, &server));
    /* One after the other: never two at once, however late the server notices each end. */
    for (int i = 0; i < 20; i++)
        close(greeted(server, 0x7f300101));
    /* Two at one address and one beside them in the /24. */
    int fds[3] = {greeted(server, 0x7f300201), greeted(server, 0x7f300201),
                  greeted(server, 0x7f300202)};
    dialogue(fds[2], NULL, "MAIL FROM:<>\r\n", "550 ");
    dialogue(fds[2], NULL, "QUIT\r\n", "221 ");
    for (int i = 0; i < 3; i++)
        close(fds[i]);

    FILE *file = tmpfile();
    assert_true(sim_server_write_record(server, file));
    sim_server_stop(server);
    expect(file, "address", "127.48.1.1", 20, 1);
    expect(file, "prefix", "127.48.1.0", 20, 1);
    expect(file, "address", "127.48.2.1", 2, 2);
    expect(file, "address", "127.48.2.2", 1, 1);
    expect(file, "prefix", "127.48.2.0", 3, 3);
    json_t *single = record_line(file, "address", "127.48.2.2");
    assert_true(json_is_null(json_object_get(single, "min_gap_ms")));
    json_decref(single);
    json_t *totals = record_line(file, "server", NULL);
    assert_int_equal(number(totals, "connections"), 23);
    assert_int_equal(number(totals, "listeners"), 3);
    assert_int_equal(number(totals, "quits"), 1);
    assert_int_equal(number(totals, "mails"), 1);
    assert_int_equal(number(totals, "requests"), 2);
    json_decref(totals);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_smtp, reset_world),
        cmocka_unit_test_setup(test_smtp_without_sni, reset_world),
        cmocka_unit_test_setup(test_smtp_refusals, reset_world),
        cmocka_unit_test_setup(test_smtp_drops, reset_world),
        cmocka_unit_test_setup(test_smtp_injection_and_tls_fault, reset_world),
        cmocka_unit_test_setup(test_smtp_banners, reset_world),
        cmocka_unit_test_setup(test_smtp_line_too_long, reset_world),
        cmocka_unit_test_setup(test_refused, reset_world),
        cmocka_unit_test_setup(test_blackhole, reset_world),
        cmocka_unit_test_setup(test_record, reset_world),
    };
    return cmocka_run_group_tests_name("simserve_smtp", tests, set_up, tear_down);
}
