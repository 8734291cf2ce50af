/* Units of scanner/worker/feed.c: every item once, bounded, and an end. */
#include "scanner/worker/feed.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A source of n items, and the taker that waits to be woken. */
struct world {
    uint64_t n, made;
    enum status ends_with;
    char name[32];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
    uint64_t made_seen;
    bool paused;
};

static enum status next(void *arg, struct input_item *out)
{
    struct world *w = arg;
    if (w->made == w->n)
        return w->ends_with;
    snprintf(w->name, sizeof w->name, "d%llu.example", (unsigned long long)w->made);
    *out = (struct input_item){.index = w->made, .rank = -1, .domain = w->name};
    pthread_mutex_lock(&w->lock);
    w->made++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return ST_OK;
}

static void wake(void *arg, uint32_t worker)
{
    struct world *w = arg;
    assert_int_equal(worker, 0);
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void wait_for_wake(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->woken)
        pthread_cond_wait(&w->changed, &w->lock);
    w->woken = false;
    pthread_mutex_unlock(&w->lock);
}

static feed *make_with(struct world *w, uint64_t n,
                       enum status (*from)(void *, struct input_item *))
{
    *w = (struct world){.n = n, .ends_with = ST_EOF};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    struct feed_source source = {from, w};
    struct feed_events events = {wake, w};
    feed *f;
    assert_int_equal(feed_new(&source, &events, 1, &f), ST_OK);
    return f;
}

static feed *make(struct world *w, uint64_t n)
{
    return make_with(w, n, next);
}

static enum status take(feed *f, struct world *w, struct feed_batch **b)
{
    enum status st;
    while ((st = feed_take(f, 0, b)) == ST_AGAIN)
        wait_for_wake(w);
    return st;
}

static void test_every_item_once(void **state)
{
    (void)state;
    struct world w;
    feed *f = make(&w, 50000);
    struct feed_batch *b;
    uint64_t seen = 0;
    assert_int_equal(feed_start(f), ST_OK);
    while (take(f, &w, &b) == ST_OK) {
        for (size_t i = 0; i < b->n; i++) {
            char name[32];
            snprintf(name, sizeof name, "d%llu.example", (unsigned long long)seen);
            assert_int_equal(b->item[i].index, seen++);
            assert_string_equal(b->item[i].domain, name);
        }
        feed_batch_free(b);
    }
    assert_int_equal(seen, 50000);
    assert_int_equal(feed_handed_out(f), 50000);
    assert_int_equal(feed_ended(f), ST_EOF);
    feed_free(f);
}

static void test_reads_no_further_than_the_queue(void **state)
{
    (void)state;
    struct world w;
    feed *f = make(&w, 10000000);
    /* The queue, the batch that waits for room, and the one that the reader may have just begun. */
    const uint64_t full = (uint64_t)LIMIT_FEED_QUEUE * LIMIT_FEED_BATCH + LIMIT_FEED_BATCH;
    assert_int_equal(feed_start(f), ST_OK);
    pthread_mutex_lock(&w.lock);
    while (w.made < full)
        pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    feed_stop(f);
    struct feed_batch *b;
    assert_int_equal(feed_take(f, 0, &b), ST_EOF);
    feed_free(f);
    assert_int_equal(w.made, full);
}

/* A source that pauses: what came before is handed over, and reading goes on. */
static enum status next_or_pause(void *arg, struct input_item *out)
{
    struct world *w = arg;
    if (w->made == 3 && !w->paused) {
        w->paused = true;
        return ST_AGAIN;
    }
    while (w->made == 3)
        pause(); /* until the reader is cancelled */
    return next(arg, out);
}

static void test_pause_hands_over(void **state)
{
    (void)state;
    struct world w;
    feed *f = make_with(&w, 4, next_or_pause);
    struct feed_batch *b;
    size_t seen = 0;
    assert_int_equal(feed_start(f), ST_OK);
    while (seen < 3) { /* would wait for ever if the third item stayed with the reader */
        assert_int_equal(take(f, &w, &b), ST_OK);
        seen += b->n;
        feed_batch_free(b);
    }
    feed_free(f);
}

static void test_failure_is_told(void **state)
{
    (void)state;
    struct world w;
    feed *f = make(&w, 3);
    w.ends_with = ST_TRUNCATED;
    struct feed_batch *b;
    uint64_t seen = 0;
    assert_int_equal(feed_start(f), ST_OK);
    while (take(f, &w, &b) == ST_OK) {
        seen += b->n;
        feed_batch_free(b);
    }
    assert_int_equal(seen, 3);
    assert_int_equal(feed_ended(f), ST_TRUNCATED);
    feed_free(f);
}

/* A taker that waits is woken by the stop. */
static void *stop(void *arg)
{
    feed_stop(arg);
    return NULL;
}

static void test_stop_wakes(void **state)
{
    (void)state;
    struct world w;
    feed *f = make(&w, 10);
    struct feed_batch *b;
    pthread_t thread;
    assert_int_equal(feed_take(f, 0, &b), ST_AGAIN); /* not started: nothing will come */
    assert_int_equal(pthread_create(&thread, NULL, stop, f), 0);
    wait_for_wake(&w);
    pthread_join(thread, NULL);
    assert_int_equal(feed_take(f, 0, &b), ST_EOF);
    feed_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_reads_no_further_than_the_queue),
        cmocka_unit_test(test_pause_hands_over),
        cmocka_unit_test(test_failure_is_told),
        cmocka_unit_test(test_stop_wakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
