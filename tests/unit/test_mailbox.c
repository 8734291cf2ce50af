/* Units of scanner/worker/mailbox.c: order, and nothing lost between threads. */
#include "scanner/worker/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SENDERS = 4, EACH = 20000 };

struct letter {
    struct mail mail;
    int sender, number;
};

struct reader {
    struct event_base *base;
    int next[SENDERS]; /* number expected from each */
    int total, wrong;
};

static void deliver(struct mail *mail, void *owner)
{
    struct reader *r = owner;
    struct letter *l = (struct letter *)mail;
    r->wrong += l->number != r->next[l->sender]++;
    if (++r->total == SENDERS * EACH)
        event_base_loopbreak(r->base);
    free(l);
}

static void post(mailbox *m, int sender, int number)
{
    struct letter *l = malloc(sizeof *l);
    if (!l)
        abort();
    *l = (struct letter){.mail = {.deliver = deliver}, .sender = sender, .number = number};
    mailbox_send(m, &l->mail);
}

struct sender {
    pthread_t thread;
    mailbox *to;
    int id;
};

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (int i = 0; i < EACH; i++)
        post(s->to, s->id, i);
    return NULL;
}

static void test_many_senders(void **state)
{
    (void)state;
    struct reader r = {.base = event_base_new()};
    struct sender s[SENDERS];
    mailbox *m;
    assert_int_equal(mailbox_new(r.base, &r, &m), 0);
    for (int i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){.to = m, .id = i};
        assert_int_equal(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
    }
    /* Ends when all have come; a lost wake-up would hang here. */
    event_base_dispatch(r.base);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(s[i].thread, NULL);
    assert_int_equal(r.total, SENDERS * EACH);
    assert_int_equal(r.wrong, 0);
    mailbox_free(m);
    event_base_free(r.base);
}

static void test_free_delivers_what_is_left(void **state)
{
    (void)state;
    struct reader r = {.base = event_base_new()};
    mailbox *m;
    assert_int_equal(mailbox_new(r.base, &r, &m), 0);
    assert_false(mailbox_deliver(m));
    post(m, 0, 0);
    post(m, 0, 1);
    assert_true(mailbox_deliver(m));
    assert_int_equal(r.total, 2);
    post(m, 0, 2);
    mailbox_free(m);
    assert_int_equal(r.total, 3);
    assert_int_equal(r.wrong, 0);
    event_base_free(r.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_senders),
        cmocka_unit_test(test_free_delivers_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
