#include "tests/simnet/conn.h"

#include <string.h>
#include <strings.h>

/* RFC 5321 section 4.5.3.1.4 asks for 512; extensions may ask for more. */
#define LINE_MAX_BYTES 2048
#define COMMANDS_MAX 100
#define ENDLESS_PERIOD_MS 20
#define ENDLESS_LINES 16

struct smtp_conn {
    struct conn conn;
    struct sim_smtp how;
    bool greeted; /* the banner is out, and it was 2xx */
    bool has_quit;
    unsigned commands;
    size_t banner_at; /* SIM_SMTP_BANNER_DRIP: bytes sent */
    size_t line_len;
    char line[LINE_MAX_BYTES]; /* input that is no whole line yet */
};

static struct smtp_conn *smtp_of(struct conn *conn)
{
    return (struct smtp_conn *)(void *)conn;
}

static bool alive(const struct conn *conn)
{
    return conn->phase == CONN_CLEAR || conn->phase == CONN_SECURE;
}

/* --- Replies --- */

static void say(struct conn *conn, const char *text)
{
    conn_send(conn, text, strlen(text));
}

static void reply(struct conn *conn, unsigned code, const char *text)
{
    char line[SIM_SMTP_TEXT_MAX + 16];
    int len = snprintf(line, sizeof line, "%u %s\r\n", code, text);
    conn_send(conn, line, (size_t)len);
}

static const char *own_name(const struct conn *conn)
{
    return conn->addr_name[0] != '\0' ? conn->addr_name : "mx.simnet.example";
}

/* --- The banner --- */

static void send_banner(struct smtp_conn *smtp)
{
    struct conn *conn = &smtp->conn;
    reply(conn, smtp->how.banner_code, smtp->how.banner_text);
    if (smtp->how.banner_code / 100 != 2 || smtp->how.mode == SIM_SMTP_DROP_AFTER_BANNER) {
        conn_finish(conn);
        return;
    }
    smtp->greeted = true;
    conn_flush(conn);
}

static void drip_banner(struct smtp_conn *smtp)
{
    struct conn *conn = &smtp->conn;
    char line[SIM_SMTP_TEXT_MAX + 16];
    int len =
        snprintf(line, sizeof line, "%u %s\r\n", smtp->how.banner_code, smtp->how.banner_text);
    conn_send(conn, line + smtp->banner_at, 1);
    conn_flush(conn);
    if (++smtp->banner_at < (size_t)len)
        conn_alarm(conn, SIM_DRIP_MS);
    else
        smtp->greeted = true;
}

static void go_on_for_ever(struct smtp_conn *smtp)
{
    struct conn *conn = &smtp->conn;
    if (conn->out.len == 0) /* else the client does not read: no need to queue more */
        for (int i = 0; i < ENDLESS_LINES; i++)
            say(conn, "220-there is more to say before we begin\r\n");
    conn_flush(conn);
    conn_alarm(conn, ENDLESS_PERIOD_MS);
}

static void greet(struct conn *conn)
{
    struct smtp_conn *smtp = smtp_of(conn);
    switch (smtp->how.mode) {
    case SIM_SMTP_SILENT:
        conn_sink(conn);
        break;
    case SIM_SMTP_DROP_AT_CONNECT:
        conn_finish(conn);
        break;
    case SIM_SMTP_BANNER_DRIP:
        drip_banner(smtp);
        break;
    case SIM_SMTP_BANNER_ENDLESS:
        go_on_for_ever(smtp);
        break;
    default:
        send_banner(smtp);
        break;
    }
}

/* --- Commands --- */

static void on_ehlo(struct smtp_conn *smtp)
{
    struct conn *conn = &smtp->conn;
    if (smtp->how.ehlo_code != 250) {
        reply(conn, smtp->how.ehlo_code, "5.5.1 EHLO is not welcome here");
        return;
    }
    say(conn, "250-");
    say(conn, own_name(conn));
    say(conn, "\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n");
    if (smtp->how.starttls && conn->phase == CONN_CLEAR)
        say(conn, "250-STARTTLS\r\n");
    say(conn, "250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n");
}

static void on_helo(struct smtp_conn *smtp)
{
    if (smtp->how.helo_code == 250)
        reply(&smtp->conn, 250, own_name(&smtp->conn));
    else
        reply(&smtp->conn, smtp->how.helo_code, "5.5.1 HELO is not welcome here");
}

static void on_starttls(struct smtp_conn *smtp)
{
    struct conn *conn = &smtp->conn;
    if (conn->phase == CONN_SECURE) {
        reply(conn, 503, "5.5.1 TLS is active already");
    } else if (!smtp->how.starttls) {
        reply(conn, 502, "5.5.1 command not implemented");
    } else if (smtp->how.mode == SIM_SMTP_DROP_AT_STARTTLS) {
        conn_finish(conn);
    } else if (smtp->how.starttls_code != 220) {
        reply(conn, smtp->how.starttls_code, "4.7.0 TLS is not available");
    } else {
        reply(conn, 220, "2.0.0 ready to start TLS");
        if (smtp->how.mode == SIM_SMTP_INJECT)
            say(conn, "250 2.0.0 sent in clear after the 220\r\n");
        /* What the client sent in clear behind STARTTLS is forgotten (RFC 3207 section 4.2). */
        smtp->line_len = 0;
        if (conn_flush(conn))
            conn_start_tls(conn);
        else
            conn_close(conn);
    }
}

static void on_quit(struct smtp_conn *smtp)
{
    smtp->has_quit = true;
    counter_add(&smtp->conn.worker->counters.quits);
    reply(&smtp->conn, 221, "2.0.0 bye");
    conn_finish(&smtp->conn);
}

/* The command word of a line, whatever follows it. */
static bool is_command(const char *line, const char *word)
{
    size_t len = strlen(word);
    return strncasecmp(line, word, len) == 0 && (line[len] == '\0' || line[len] == ' ');
}

static void on_command(struct smtp_conn *smtp, const char *line)
{
    struct conn *conn = &smtp->conn;
    counter_add(&conn->worker->counters.requests);
    if (++smtp->commands > COMMANDS_MAX) {
        reply(conn, 421, "4.7.0 too many commands");
        conn_finish(conn);
    } else if (is_command(line, "EHLO")) {
        on_ehlo(smtp);
    } else if (is_command(line, "HELO")) {
        on_helo(smtp);
    } else if (is_command(line, "STARTTLS")) {
        on_starttls(smtp);
    } else if (is_command(line, "QUIT")) {
        on_quit(smtp);
    } else if (is_command(line, "NOOP") || is_command(line, "RSET")) {
        reply(conn, 250, "2.0.0 OK");
    } else if (strncasecmp(line, "MAIL FROM:", 10) == 0) {
        counter_add(&conn->worker->counters.mails);
        reply(conn, 550, "5.7.1 nobody here takes mail");
    } else {
        reply(conn, 500, "5.5.1 command not recognized");
    }
}

/* Takes whole lines off the input, as many as there are: PIPELINING (RFC 2920). */
static void take_lines(struct smtp_conn *smtp)
{
    char *end;
    while (alive(&smtp->conn) && smtp->greeted &&
           (end = memchr(smtp->line, '\n', smtp->line_len)) != NULL) {
        char line[LINE_MAX_BYTES];
        size_t used = (size_t)(end - smtp->line) + 1;
        size_t len = used - 1;
        memcpy(line, smtp->line, len);
        while (len > 0 && line[len - 1] == '\r')
            len--;
        line[len] = '\0';
        memmove(smtp->line, smtp->line + used, smtp->line_len - used);
        smtp->line_len -= used;
        on_command(smtp, line);
    }
    if (alive(&smtp->conn) && smtp->line_len == sizeof smtp->line) {
        reply(&smtp->conn, 500, "5.5.2 line too long");
        conn_finish(&smtp->conn);
    }
}

/* --- The protocol --- */

static void opened(struct conn *conn)
{
    struct smtp_conn *smtp = smtp_of(conn);
    sim_world_smtp(conn->worker->world, conn->addr, &smtp->how);
    if (conn_is_limited(conn)) {
        smtp->how = (struct sim_smtp){.banner_code = 421};
        snprintf(smtp->how.banner_text, sizeof smtp->how.banner_text, "4.7.0 too many connections");
    }
    if (conn->manners.ordinal <= conn->worker->grey_first)
        smtp->how.starttls = false;
    if (smtp->how.delay_ms > 0)
        conn_alarm(conn, smtp->how.delay_ms);
    else
        greet(conn);
}

static void alarm_due(struct conn *conn)
{
    greet(conn);
    take_lines(smtp_of(conn)); /* what an impatient client sent before its turn */
    if (alive(conn))
        conn_flush(conn);
}

static void secured(struct conn *conn)
{
    smtp_of(conn)->line_len = 0;
}

static void ready(struct conn *conn)
{
    struct smtp_conn *smtp = smtp_of(conn);
    enum conn_got got = CONN_WAIT;
    size_t len;
    while (alive(conn) && (got = conn_recv(conn, smtp->line + smtp->line_len,
                                           sizeof smtp->line - smtp->line_len, &len)) == CONN_GOT) {
        smtp->line_len += len;
        take_lines(smtp);
    }
    if (!alive(conn))
        return;
    if (got == CONN_GONE) {
        if (smtp->greeted && !smtp->has_quit)
            counter_add(&conn->worker->counters.no_quits);
        conn_close(conn);
        return;
    }
    conn_flush(conn);
}

static void ask_tls(void *owner, const char *sni, struct sim_tls *tls, bool *h2)
{
    struct conn *conn = owner;
    const char *given = conn->addr_name[0] != '\0' ? conn->addr_name : NULL;
    (void)h2;
    polite_hello(&conn->manners, sni);
    sim_world_smtp_tls(conn->worker->world, conn->addr, sni ? sni : given, sni != NULL, tls);
    if (conn->manners.ordinal <= conn->worker->break_first)
        tls->mode = SIM_TLS_CLOSE;
}

static void release(struct conn *conn)
{
    (void)conn;
}

static const struct protocol smtp_protocol = {
    .name = "smtp",
    .not_tls_answer = "500 5.5.1 command not recognized\r\n",
    .service = SIM_SERVICE_SMTP,
    .alpn = false,
    .conn_bytes = sizeof(struct smtp_conn),
    .ask_tls = ask_tls,
    .opened = opened,
    .secured = secured,
    .ready = ready,
    .alarm = alarm_due,
    .release = release,
};

bool sim_smtp_server_start(const struct sim_server_options *options, struct sim_server **out)
{
    return engine_start(options, &smtp_protocol, out);
}
