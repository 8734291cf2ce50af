/* Units of scanner/input: order, shards, samples, what a resume skips, streams that pause. */
#include "scanner/input/permute.h"
#include "scanner/input/shard.h"
#include "scanner/input/source.h"
#include "tests/unit/input_file.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum { MANY = 20000 };

static void put_many(void)
{
    FILE *f = fopen(input_file_path, "w");
    assert_non_null(f);
    for (int i = 0; i < MANY; i++)
        fprintf(f, i % 100 == 99 ? "not a name %d\n" : "name%d.example\n", i);
    fclose(f);
}

/* Reads all indexes; returns how many, and a hash of their order. */
static size_t read_order(const struct scan_options *o, unsigned char *seen, uint64_t *order)
{
    char error[256];
    input *in;
    struct input_item item;
    size_t n = 0;
    *order = 0;
    assert_int_equal(input_open(o, &in, error, sizeof error), ST_OK);
    while (input_next(in, &item) == ST_OK) {
        assert_true(item.index < MANY);
        seen[item.index]++;
        *order = *order * 31 + item.index;
        n++;
    }
    input_close(in);
    return n;
}

static void test_shuffle(void **state)
{
    (void)state;
    static unsigned char seen[MANY];
    uint64_t a, b, c;
    struct scan_options o = input_file_options();
    put_many();
    memset(seen, 0, sizeof seen);
    assert_int_equal(read_order(&o, seen, &a), MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    read_order(&o, seen, &b);
    assert_true(a == b);
    o.seed = 1;
    read_order(&o, seen, &c);
    assert_true(a != c);
}

static void test_shards(void **state)
{
    (void)state;
    static unsigned char seen[MANY];
    uint64_t order;
    struct scan_options o = input_file_options();
    put_many();
    memset(seen, 0, sizeof seen);
    o.shards = 7;
    o.seed = 42;
    size_t sum = 0;
    for (o.shard = 0; o.shard < 7; o.shard++) {
        size_t n = read_order(&o, seen, &order);
        assert_in_range(n, MANY / 7 - 400, MANY / 7 + 400);
        sum += n;
    }
    assert_int_equal(sum, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    o.shards = 1;
    o.shard = 0;
    o.sample = 0.1;
    assert_in_range(read_order(&o, seen, &order), MANY / 10 - 300, MANY / 10 + 300);
}

/* Outputs of shards rely on these for ever. */
static void test_shard_hash_fixed(void **state)
{
    (void)state;
    assert_true(shard_hash(0, SLICE_LIT("example.com")) == UINT64_C(0xc59431df65c14b96));
    assert_true(shard_hash(42, SLICE_LIT("example.com")) == UINT64_C(0x8fa0095a3b022b85));
}

/* Texts of every length about what an item holds itself come out as they went in, whatever stood in
 * its place before. */
static void test_permute_texts(void **state)
{
    (void)state;
    enum { ITEMS = 400, TEXT_MAX = 120 };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                                  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                                  "abcdefghijklmnopqrstuvwxyz";
    char domain[TEXT_MAX + 1], tag[TEXT_MAX + 1];
    permute *p;
    struct input_item out;
    assert_int_equal(permute_new(3, &p), ST_OK);
    size_t put = 0, taken = 0;
    while (taken < ITEMS) {
        if (put < ITEMS && permute_held(p) < 50) {
            size_t len = put * 7 % TEXT_MAX;
            snprintf(domain, sizeof domain, "%.*s", (int)len, letters);
            snprintf(tag, sizeof tag, "%.*s", (int)(TEXT_MAX - len), letters);
            const struct input_item item = {.index = put,
                                            .rank = (int64_t)put + 1,
                                            .domain = domain,
                                            .raw = {letters, put * 5 % TEXT_MAX},
                                            .tag = put % 3 ? tag : NULL};
            assert_int_equal(permute_put(p, &item), ST_OK);
            put++;
            continue;
        }
        assert_int_equal(permute_take(p, &out), ST_OK);
        size_t len = out.index * 7 % TEXT_MAX;
        assert_int_equal(out.rank, out.index + 1);
        assert_int_equal(strlen(out.domain), len);
        assert_memory_equal(out.domain, letters, len);
        assert_int_equal(out.raw.len, out.index * 5 % TEXT_MAX);
        assert_memory_equal(out.raw.p, letters, out.raw.len);
        assert_int_equal(out.tag != NULL, out.index % 3 != 0);
        if (out.tag)
            assert_int_equal(strlen(out.tag), TEXT_MAX - len);
        taken++;
    }
    assert_int_equal(permute_take(p, &out), ST_EOF);
    permute_free(p);
}

/* What is checked before anything is handed out: all up to check_first. */
struct checker {
    uint64_t seen, fail_at;
};

static enum status check_line(void *arg, const struct input_item *item, bool *done)
{
    struct checker *c = arg;
    *done = item && item->index % 2 == 1;
    c->seen += item != NULL;
    return item && item->index == c->fail_at ? ST_USAGE : ST_OK;
}

static void test_check_first(void **state)
{
    (void)state;
    struct checker c = {.fail_at = UINT64_MAX};
    struct input_skip skip = {.check = check_line, .check_first = MANY - 5, .arg = &c};
    struct scan_options o = input_file_options();
    struct input_item item;
    char error[256];
    input *in;
    put_many();
    assert_int_equal(input_open(&o, &in, error, sizeof error), ST_OK);
    input_skip(in, &skip);
    assert_int_equal(input_next(in, &item), ST_OK);
    assert_true(c.seen >= MANY - 4);
    input_close(in);
    c = (struct checker){.fail_at = MANY - 5};
    assert_int_equal(input_open(&o, &in, error, sizeof error), ST_OK);
    input_skip(in, &skip);
    assert_int_equal(input_next(in, &item), ST_USAGE);
    assert_non_null(strstr(input_error(in), "not the input that the scan began with"));
    input_close(in);
}

/* ---- streams -------------------------------------------------------------------------------- */

/* What comes through a pipe as fast as it is read has the order of a file. */
static void test_stream_order(void **state)
{
    (void)state;
    static unsigned char seen[MANY];
    uint64_t file, stream;
    char command[128], name[32];
    struct scan_options o = input_file_options();
    put_many();
    o.seed = 7;
    assert_int_equal(read_order(&o, seen, &file), MANY);
    snprintf(command, sizeof command, "cat %s", input_file_path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    snprintf(name, sizeof name, "/dev/fd/%d", fileno(f));
    o.input = name;
    assert_int_equal(read_order(&o, seen, &stream), MANY);
    pclose(f);
    assert_true(stream == file);
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Comments alone tell no format: what follows is waited for. */
struct writing {
    int fd;
    const char *text;
};

static void *say_when_waited_for(void *arg)
{
    const struct writing *w = arg;
    int left = 1;
    while (left > 0) { /* until all that was written before has been read */
        assert_int_equal(ioctl(w->fd, FIONREAD, &left), 0);
        sched_yield();
    }
    poll(NULL, 0, SOURCE_PEEK_WAIT_MS + 200); /* longer than a format is waited for */
    say(w->fd, w->text);
    return NULL;
}

static void expect_next(input *in, const char *domain)
{
    struct input_item item;
    assert_int_equal(input_next(in, &item), ST_OK);
    assert_string_equal(item.domain, domain);
}

/* A stream that pauses: what has come is handed out before the next line or the end comes, also
 * when the first bytes are fewer than there is room to look at. Would hang if it waited. */
static void test_stream_pauses(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"a.b\n", "rank,domain\n7,a.b\n"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        struct scan_options o = input_file_options();
        struct input_item item;
        char name[32], error[256];
        input *in;
        int end[2];
        alarm(60);
        assert_int_equal(pipe(end), 0);
        snprintf(name, sizeof name, "/dev/fd/%d", end[0]);
        o.input = name;
        say(end[1], "# a comment\n\n \t# another\n");
        struct writing later = {.fd = end[1], .text = beginnings[i]};
        pthread_t writer;
        assert_int_equal(pthread_create(&writer, NULL, say_when_waited_for, &later), 0);
        assert_int_equal(input_open(&o, &in, error, sizeof error), ST_OK);
        pthread_join(writer, NULL);
        assert_null(input_head(in).p);
        expect_next(in, "a.b");
        assert_int_equal(input_next(in, &item), ST_AGAIN);
        say(end[1], i == 0 ? "c.d\npart" : "8,c.d\n9,part");
        expect_next(in, "c.d");
        assert_int_equal(input_next(in, &item), ST_AGAIN);
        say(end[1], "ial.example\n");
        expect_next(in, "partial.example");
        close(end[1]);
        assert_int_equal(input_next(in, &item), ST_EOF);
        input_close(in);
        close(end[0]);
        alarm(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffle),          cmocka_unit_test(test_shards),
        cmocka_unit_test(test_shard_hash_fixed), cmocka_unit_test(test_permute_texts),
        cmocka_unit_test(test_check_first),      cmocka_unit_test(test_stream_order),
        cmocka_unit_test(test_stream_pauses),
    };
    return cmocka_run_group_tests_name("input_order", tests, input_file_make, input_file_remove);
}
