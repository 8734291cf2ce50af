/* Units of scanner/input: formats, compression, damage, order, shards. */
#include "scanner/input/input.h"
#include "scanner/input/permute.h"
#include "scanner/input/reader.h"
#include "scanner/input/shard.h"

#include <lzma.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

/* ---- helpers -------------------------------------------------------------------------------- */

/* What a test reads back, by index: the shuffle is undone. */
enum { ROWS_MAX = 64 };
struct row {
    bool seen;
    int64_t rank;
    char domain[NAME_MAX_BYTES + 1];
    char reason[32], raw[RAW_INPUT_MAX_BYTES + 1], tag[TAG_MAX_BYTES + 1];
    bool has_tag;
};
static struct row rows[ROWS_MAX];

struct read_back {
    size_t n;
    enum status end;
    uint64_t total;
    char error[256];
    struct input_counts counts;
};

static char path[] = "/tmp/stscan-input-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const void *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static struct scan_options options(void)
{
    return (struct scan_options){.input = path, .shards = 1, .sample = 1.0};
}

static struct read_back read_with(const struct scan_options *o)
{
    struct read_back back = {0};
    input *in = NULL;
    struct input_item item;
    memset(rows, 0, sizeof rows);
    back.end = input_open(o, &in, back.error, sizeof back.error);
    if (back.end != ST_OK)
        return back;
    back.total = input_total(in);
    while ((back.end = input_next(in, &item)) == ST_OK) {
        back.n++;
        if (item.index >= ROWS_MAX)
            continue;
        struct row *r = &rows[item.index];
        assert_false(r->seen);
        r->seen = true;
        r->rank = item.rank;
        snprintf(r->domain, sizeof r->domain, "%s", item.domain);
        snprintf(r->reason, sizeof r->reason, "%s", item.reason ? item.reason : "");
        assert_true(item.raw.len <= RAW_INPUT_MAX_BYTES);
        if (item.raw.len > 0)
            memcpy(r->raw, item.raw.p, item.raw.len);
        r->has_tag = item.tag != NULL;
        snprintf(r->tag, sizeof r->tag, "%s", item.tag ? item.tag : "");
    }
    snprintf(back.error, sizeof back.error, "%s", input_error(in));
    input_counts(in, &back.counts);
    input_close(in);
    return back;
}

static struct read_back read_bytes(const void *p, size_t len)
{
    struct scan_options o = options();
    put(p, len);
    return read_with(&o);
}

static struct read_back read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void expect_row(size_t i, const char *domain, int64_t rank, const char *tag)
{
    assert_true(rows[i].seen);
    assert_string_equal(rows[i].reason, "");
    assert_string_equal(rows[i].domain, domain);
    assert_int_equal(rows[i].rank, rank);
    assert_int_equal(rows[i].has_tag, tag != NULL);
    assert_string_equal(rows[i].tag, tag ? tag : "");
}

static void expect_bad(size_t i, const char *reason, const char *raw)
{
    assert_true(rows[i].seen);
    assert_string_equal(rows[i].reason, reason);
    assert_string_equal(rows[i].domain, "");
    assert_string_equal(rows[i].raw, raw);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void test_list(void **state)
{
    (void)state;
    struct read_back r = read_text("\xef\xbb\xbf"
                                   "Example.COM.\r\n\n# comment\n  \nb\xc3\xbc"
                                   "cher.de\n"
                                   "foo_bar.example\nlast.example");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 4);
    assert_int_equal(r.total, 4);
    expect_row(0, "example.com", -1, NULL);
    expect_row(1, "xn--bcher-kva.de", -1, NULL);
    expect_row(2, "foo_bar.example", -1, NULL);
    expect_row(3, "last.example", -1, NULL);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char text[] = "good.example\nnot a name\n\xff\xfe"
                               "x\0y\n.\nlocalhost\n192.0.2.1\n"
                               "again.example\ngood.example\n";
    struct read_back r = read_bytes(text, sizeof text - 1);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 8);
    assert_int_equal(r.counts.invalid, 5);
    expect_bad(1, "bad_character", "not a name");
    expect_bad(2, "not_utf8", "\xff\xfex");
    expect_bad(3, "empty", ".");
    expect_bad(4, "single_label", "localhost");
    expect_bad(5, "ip_address", "192.0.2.1");
    expect_row(6, "again.example", -1, NULL);
    expect_row(7, "good.example", -1, NULL);
}

/* A line at the bound, one byte over it, and one that spans many windows. */
static void test_long_lines(void **state)
{
    (void)state;
    const size_t lengths[] = {LINE_MAX_BYTES, LINE_MAX_BYTES + 1, 3 * 64 * 1024 + 7};
    size_t size = 0, cap = 400 * 1024;
    char *text = malloc(cap);
    assert_non_null(text);
    for (size_t i = 0; i < 3; i++) {
        memset(text + size, 'a', lengths[i]);
        size += lengths[i];
        size += (size_t)snprintf(text + size, cap - size, "\nafter%zu.example\n", i);
    }
    struct read_back r = read_bytes(text, size);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 6);
    assert_string_equal(rows[0].reason, "too_long");
    assert_string_equal(rows[2].reason, REASON_LINE_TOO_LONG);
    assert_string_equal(rows[4].reason, REASON_LINE_TOO_LONG);
    assert_int_equal(strlen(rows[4].raw), RAW_INPUT_MAX_BYTES);
    expect_row(1, "after0.example", -1, NULL);
    expect_row(3, "after1.example", -1, NULL);
    expect_row(5, "after2.example", -1, NULL);
    free(text);
}

static void test_empty(void **state)
{
    (void)state;
    struct read_back r = read_text("");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 0);
    r = read_text("\n\n# only a comment");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 0);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void test_csv(void **state)
{
    (void)state;
    struct read_back r =
        read_text("1,google.com\r\n\"2\",\"microsoft.com\"\n3 , example.com ,x,\"a,\"\"b\"\n"
                  "n/a,no-rank.example\n5\n6,\n7,seven.example,\n");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_CSV);
    assert_int_equal(r.n, 7);
    expect_row(0, "google.com", 1, NULL);
    expect_row(1, "microsoft.com", 2, NULL);
    expect_row(2, "example.com", 3, "x,\"a,\"\"b\"");
    expect_row(3, "no-rank.example", -1, NULL);
    expect_bad(4, "csv_no_domain", "5");
    expect_bad(5, "empty", "6,");
    expect_row(6, "seven.example", 7, "");
}

static void test_csv_header(void **state)
{
    (void)state;
    struct read_back r = read_text("GlobalRank,TldRank,Domain,TLD,RefSubNets\n"
                                   "1,1,google.com,com,497093\n2,2,facebook.com,com,471398\n");
    assert_int_equal(r.n, 2);
    expect_row(0, "google.com", 1, "1,com,497093");
    expect_row(1, "facebook.com", 2, "2,com,471398");
    read_text("\xef\xbb\xbf\"domain\"\nexample.com\n");
    expect_row(0, "example.com", -1, NULL);
    read_text("domain,rank\nexample.com,9\n");
    expect_row(0, "example.com", 9, NULL);
    read_text("a.example,x\nb.example,y\n");
    expect_row(1, "b.example", -1, "y");
}

static void test_csv_quotes(void **state)
{
    (void)state;
    struct read_back r =
        read_text("1,one.example,\"two\nlines\"\n2,\"stray.example\n3,three.example\n"
                  "4,\"four\"x.example\n5,five.example");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 5);
    expect_row(0, "one.example", 1, "\"two\nlines\"");
    expect_bad(1, "csv_quotes", "2,\"stray.example");
    expect_row(2, "three.example", 3, NULL);
    expect_bad(3, "csv_quotes", "4,\"four\"x.example");
    expect_row(4, "five.example", 5, NULL);
}

/* An odd line does not turn a list into something else. */
static void test_detection(void **state)
{
    (void)state;
    struct read_back r = read_text("not,a,name\nb.example\nc.example\n");
    assert_int_equal(r.counts.format, FORMAT_LIST);
    expect_bad(0, "bad_character", "not,a,name");
    r = read_text(";; zone\n$ORIGIN example.\n");
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    struct scan_options o = options();
    o.format = FORMAT_LIST;
    put("1,a.example\n", 12);
    read_with(&o);
    expect_bad(0, "bad_character", "1,a.example");
}

/* ---- zone files ----------------------------------------------------------------------------- */

static void test_zone(void **state)
{
    (void)state;
    struct read_back r =
        read_text("; a zone\n$ORIGIN Example.\n$TTL 1h30m\n"
                  "@ IN SOA ns1.example. admin.example. ( 1 ; serial\n  2 3 4 5 )\n"
                  "\tNS ns1.example.\n"
                  "one 3600 IN NS ns1.one\n\tIN 3600 NS ns2.one\n"
                  "ONE NS ns3.one\n"
                  "two.example. NS ns.\n"
                  "txt TXT \"a ; ( quoted\" \"NS\"\n"
                  "www A 192.0.2.1\n"
                  "under\\095score NS ns.\nesc\\.aped NS ns.\n"
                  "$ORIGIN sub.example.\nthree NS (\n ns1\n )\n"
                  "one.example. NS ns9.\n"
                  "broken\n$INCLUDE other.zone\nother.test. NS ns.\nlast NS ns.");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    assert_int_equal(r.n, 8);
    expect_row(0, "one.example", -1, NULL);
    expect_row(1, "two.example", -1, NULL);
    expect_row(2, "under_score.example", -1, NULL);
    expect_bad(3, "bad_character", "esc\\.aped NS ns.");
    expect_row(4, "three.sub.example", -1, NULL);
    expect_bad(5, "zone_syntax", "broken");
    expect_bad(6, "zone_directive", "$INCLUDE other.zone");
    expect_row(7, "last.sub.example", -1, NULL);
}

static void test_zone_unclosed(void **state)
{
    (void)state;
    struct read_back r = read_text("$ORIGIN example.\n@ SOA a b 1 2 3 4 5\na NS ns\n"
                                   "t TXT \"open\nb NS ns\nc NS ( ns\n");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 4);
    expect_row(0, "a.example", -1, NULL);
    expect_bad(1, "zone_syntax", "t TXT \"open");
    expect_row(2, "b.example", -1, NULL);
    expect_bad(3, "zone_syntax", "c NS ( ns");
}

/* The real .gov zone: its own count of delegations. */
static void test_zone_real(void **state)
{
    (void)state;
    const char *shared = getenv("STSCAN_SHARED");
    char file[512];
    snprintf(file, sizeof file, "%s/data/domains/gov-zone.txt", shared ? shared : "../shared");
    if (access(file, R_OK) != 0) {
        print_message("skipped: %s is not there\n", file);
        skip();
    }
    struct scan_options o = options();
    o.input = file;
    struct read_back r = read_with(&o);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    assert_int_equal(r.counts.invalid, 0);
    assert_int_equal(r.n, r.total);
    assert_in_range(r.n, 15000, 16536);
}

/* ---- compression ---------------------------------------------------------------------------- */

#define PART1 "one.example\ntwo.example\n"
#define PART2 "three.example\nfour.example\n"

static size_t gzip(const char *text, unsigned char *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = cap - z.avail_out;
    deflateEnd(&z);
    return len;
}

static size_t zstd(const char *text, unsigned char *out, size_t cap)
{
    size_t len = ZSTD_compress(out, cap, text, strlen(text), 3);
    assert_false(ZSTD_isError(len));
    return len;
}

static size_t xz(const char *text, unsigned char *out, size_t cap)
{
    size_t len = 0;
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                             strlen(text), out, &len, cap),
                     LZMA_OK);
    return len;
}

typedef size_t (*pack_fn)(const char *text, unsigned char *out, size_t cap);
static const pack_fn packers[] = {gzip, zstd, xz};
enum { PACKERS = 3 };

static void test_compressed(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t len = packers[i](PART1, out, sizeof out);
        struct read_back r = read_bytes(out, len);
        assert_int_equal(r.end, ST_EOF);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.total, 2);
        /* Several members, frames or streams are one input. */
        len += packers[i](PART2, out + len, sizeof out - len);
        r = read_bytes(out, len);
        assert_int_equal(r.end, ST_EOF);
        assert_int_equal(r.n, 4);
        expect_row(3, "four.example", -1, NULL);
    }
}

static void test_gzip_padding(void **state)
{
    (void)state;
    unsigned char out[4096] = {0};
    size_t len = gzip(PART1, out, sizeof out);
    struct read_back r = read_bytes(out, len + 512);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 2);
}

/* Cut anywhere: no crash, an honest end, only whole names. */
static void test_truncated(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t first = packers[i](PART1, out, sizeof out);
        size_t len = first + packers[i](PART2, out + first, sizeof out - first);
        for (size_t cut = 6; cut < len; cut++) {
            struct read_back r = read_bytes(out, cut);
            assert_int_equal(r.end, cut == first ? ST_EOF : ST_TRUNCATED);
            assert_true(r.n <= 4);
            for (size_t k = 0; k < r.n; k++)
                assert_non_null(strstr(PART1 PART2, rows[k].domain));
            if (cut > first)
                assert_true(r.n >= 2);
            if (r.end == ST_TRUNCATED)
                assert_non_null(strstr(r.error, "truncated"));
        }
    }
}

static void test_damaged(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t first = packers[i](PART1, out, sizeof out);
        memcpy(out + first, "trailing garbage", 16);
        struct read_back r = read_bytes(out, first + 16);
        assert_int_equal(r.end, ST_TRUNCATED);
        assert_int_equal(r.n, 2);
        assert_non_null(strstr(r.error, "damaged"));
    }
}

/* ---- files that are none -------------------------------------------------------------------- */

static void test_unreadable(void **state)
{
    (void)state;
    struct scan_options o = options();
    o.input = (char *)(uintptr_t) "/tmp";
    struct read_back r = read_with(&o);
    assert_int_equal(r.end, ST_IO);
    assert_string_equal(r.error, "/tmp: is a directory");
    o.input = (char *)(uintptr_t) "/nonexistent/list";
    r = read_with(&o);
    assert_int_equal(r.end, ST_IO);
    assert_non_null(strstr(r.error, "No such file"));
    r = read_bytes("PK\003\004 zip", 8);
    assert_int_equal(r.end, ST_UNSUPPORTED);
    assert_non_null(strstr(r.error, "unzip"));
}

/* ---- order, shards, sample ------------------------------------------------------------------ */

enum { MANY = 20000 };

static void put_many(void)
{
    FILE *f = fopen(path, "w");
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
    struct scan_options o = options();
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

/* ---- streams -------------------------------------------------------------------------------- */

/* What comes through a pipe as fast as it is read has the order of a file. */
static void test_stream_order(void **state)
{
    (void)state;
    static unsigned char seen[MANY];
    uint64_t file, stream;
    char command[128], name[32];
    struct scan_options o = options();
    put_many();
    o.seed = 7;
    assert_int_equal(read_order(&o, seen, &file), MANY);
    snprintf(command, sizeof command, "cat %s", path);
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
        struct scan_options o = options();
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
    struct scan_options o = options();
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

static void test_shards(void **state)
{
    (void)state;
    static unsigned char seen[MANY];
    uint64_t order;
    struct scan_options o = options();
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

static void test_registrable(void **state)
{
    (void)state;
    struct scan_options o = options();
    o.registrable = true;
    static const char text[] = "a.b.example.co.uk\nwww.example.com\nco.uk\n";
    put(text, sizeof text - 1);
    struct read_back r = read_with(&o);
    assert_int_equal(r.n, 3);
    expect_row(0, "example.co.uk", -1, NULL);
    expect_row(1, "example.com", -1, NULL);
    expect_row(2, "co.uk", -1, NULL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permute_texts), cmocka_unit_test(test_list),
        cmocka_unit_test(test_bad_lines),     cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_empty),         cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_header),    cmocka_unit_test(test_csv_quotes),
        cmocka_unit_test(test_detection),     cmocka_unit_test(test_zone),
        cmocka_unit_test(test_zone_unclosed), cmocka_unit_test(test_zone_real),
        cmocka_unit_test(test_compressed),    cmocka_unit_test(test_gzip_padding),
        cmocka_unit_test(test_truncated),     cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_shards),        cmocka_unit_test(test_stream_order),
        cmocka_unit_test(test_stream_pauses), cmocka_unit_test(test_check_first),
        cmocka_unit_test(test_registrable),   cmocka_unit_test(test_shard_hash_fixed),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
