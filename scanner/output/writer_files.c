#include "scanner/output/writer_files.h"

#include "scanner/output/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SYNC_INTERVAL_MS = 1000,
    SYNC_INDEXES_MAX = 256 * 1024, /* records that wait for one fsync */
};

/* ---- groups --------------------------------------------------------------------------------- */

static void fail(struct writer_files *f, int err)
{
    if (f->failed)
        return;
    f->failed = true;
    if (f->events.failed)
        f->events.failed(f->events.arg, err);
}

static void check(struct writer_files *f, enum status st)
{
    if (st != ST_OK)
        fail(f, st == ST_IO && errno != 0 ? errno : ENOMEM);
}

static void set_due(struct writer_files *f)
{
    if (f->due_set)
        return;
    clock_gettime(CLOCK_MONOTONIC, &f->due);
    f->due.tv_sec += SYNC_INTERVAL_MS / 1000;
    f->due_set = true;
}

static bool is_due(const struct writer_files *f)
{
    struct timespec now;
    if (!f->due_set)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > f->due.tv_sec ||
           (now.tv_sec == f->due.tv_sec && now.tv_nsec >= f->due.tv_nsec);
}

static void end_frame(struct writer_files *f)
{
    f->frame_records = 0;
    check(f, frames_end(f->data));
}

static enum status enter_in_journal(struct writer_files *f)
{
    struct journal_point p = {.records = f->totals.records + f->n_unsynced};
    p.spent.work = f->spent;
    if (!f->journal)
        return ST_OK;
    frames_totals(f->data, &p.data);
    if (f->certs) {
        certs_totals(f->certs, &p.certs);
        p.n_certs = certs_written(f->certs);
    }
    return journal_append(f->journal, &p);
}

/* Everything so far goes to disk and is reported. The certificates first: a record that counts as
 * done must not name one that is not there. The journal last: it vouches for both. */
static void sync_group(struct writer_files *f)
{
    f->due_set = false;
    if (!f->failed && f->certs && f->certs_unsynced > 0)
        check(f, certs_sync(f->certs));
    f->certs_unsynced = 0;
    if (!f->failed)
        end_frame(f);
    if (!f->failed)
        check(f, frames_sync(f->data));
    if (!f->failed && f->n_unsynced > 0)
        check(f, enter_in_journal(f));
    if (!f->failed && f->n_unsynced > 0) {
        f->totals.records += f->n_unsynced;
        if (f->events.durable)
            f->events.durable(f->events.arg, f->unsynced, f->n_unsynced);
    }
    f->n_unsynced = 0;
}

/* ---- records -------------------------------------------------------------------------------- */

static bool remember(struct writer_files *f, const struct record_batch *b)
{
    if (f->n_unsynced + b->n > f->alloc_unsynced) {
        size_t alloc = f->alloc_unsynced ? f->alloc_unsynced * 2 : 4 * FRAME_RECORDS_MAX;
        uint64_t *more = realloc(f->unsynced, alloc * sizeof *more);
        if (!more) {
            fail(f, ENOMEM);
            return false;
        }
        f->unsynced = more;
        f->alloc_unsynced = alloc;
    }
    memcpy(f->unsynced + f->n_unsynced, b->index, b->n * sizeof b->index[0]);
    f->n_unsynced += b->n;
    return true;
}

/* Bytes of the whole lines at p that the open frame still takes, and how many lines they are. */
static size_t lines_that_fit(const struct writer_files *f, const char *p, size_t len, size_t *lines)
{
    size_t open = frames_open_bytes(f->data), take = 0;
    *lines = 0;
    while (take < len && f->frame_records + *lines < FRAME_RECORDS_MAX) {
        const char *lf = memchr(p + take, '\n', len - take);
        size_t line = lf ? (size_t)(lf - (p + take)) + 1 : len - take;
        bool alone = open == 0 && take == 0;
        if (!alone && open + take + line > FRAME_BYTES_MAX)
            break;
        take += line;
        ++*lines;
    }
    return take;
}

static void add_lines(struct writer_files *f, const struct record_batch *b)
{
    size_t at = 0, lines;
    while (at < b->lines.len && !f->failed) {
        size_t take = lines_that_fit(f, b->lines.p + at, b->lines.len - at, &lines);
        if (take == 0) {
            end_frame(f);
            continue;
        }
        check(f, frames_add(f->data, b->lines.p + at, take));
        f->frame_records += lines;
        at += take;
    }
}

static void write_batch(struct writer_files *f, const struct record_batch *b)
{
    if (f->failed || b->n == 0 || !remember(f, b))
        return;
    add_lines(f, b);
    set_due(f);
    if (f->n_unsynced >= SYNC_INDEXES_MAX)
        sync_group(f);
}

static void hand_over(struct writer_files *f, const struct record_batch *b)
{
    f->events.lines(f->events.arg, (struct slice){b->lines.p, b->lines.len});
    f->totals.records += b->n;
    if (f->events.durable)
        f->events.durable(f->events.arg, b->index, b->n);
}

void writer_files_take_batch(struct writer_files *f, struct record_batch *b)
{
    stats_add(&f->spent, &b->spent);
    if (f->data && b->provisional && !f->failed) {
        b->next = NULL;
        *f->provisional_end = b;
        f->provisional_end = &b->next;
        return;
    }
    if (f->data)
        write_batch(f, b);
    else
        hand_over(f, b);
    record_batch_free(b);
}

void writer_files_take_chain(struct writer_files *f, struct cert_chain *chain)
{
    uint64_t before = certs_written(f->certs);
    if (!f->failed)
        check(f, certs_add(f->certs, chain));
    if (certs_written(f->certs) != before) {
        f->certs_unsynced++;
        set_due(f);
    }
    cert_chain_unref(chain);
}

void writer_files_rest(struct writer_files *f)
{
    /* A reader of standard output waits for lines, not for full frames. */
    if (f->to_stdout && !f->failed)
        end_frame(f);
    if (is_due(f))
        sync_group(f);
}

/* After the last durable report: these are cut away by a resume and done again. */
static void write_provisional(struct writer_files *f)
{
    struct record_batch *b = f->provisional;
    while (b) {
        struct record_batch *next = b->next;
        if (!f->failed) {
            add_lines(f, b);
            f->totals.provisional += b->n;
        }
        record_batch_free(b);
        b = next;
    }
    if (!f->failed && f->provisional) {
        end_frame(f);
        if (!f->failed)
            check(f, frames_sync(f->data));
    }
    f->provisional = NULL;
    f->provisional_end = &f->provisional;
}

void writer_files_end(struct writer_files *f)
{
    if (!f->data)
        return;
    sync_group(f);
    write_provisional(f);
}

/* ---- opening and closing -------------------------------------------------------------------- */

static enum status open_files(struct writer_files *f, const struct scan_options *o, char *error,
                              size_t error_size)
{
    struct output_names names;
    enum status st = output_names_make(o->output, &names);
    if (st != ST_OK) {
        snprintf(error, error_size, "%s: %s", o->output, status_text(st));
        return st;
    }
    const struct journal_point none = {.records = 0};
    const struct journal_point *from = f->journal ? journal_last(f->journal) : &none;
    f->to_stdout = names.certs == NULL;
    f->totals.records = from->records;
    f->spent = from->spent.work;
    st = frames_open_behind(names.data, names.compressed, &from->data, &f->data, error, error_size);
    if (st == ST_OK && names.certs)
        st = certs_open_behind(names.certs, &from->certs, from->n_certs, &f->certs, error,
                               error_size);
    output_names_free(&names);
    return st;
}

enum status writer_files_open(struct writer_files *f, const struct scan_options *o, journal *state,
                              const struct writer_events *events, char *error, size_t error_size)
{
    *f = (struct writer_files){.events = *events, .journal = state};
    f->provisional_end = &f->provisional;
    return events->lines ? ST_OK : open_files(f, o, error, error_size);
}

enum status writer_files_close(struct writer_files *f, struct writer_totals *totals)
{
    struct frames_totals data = {0};
    if (f->data)
        frames_totals(f->data, &data);
    f->totals.frames = data.frames;
    f->totals.bytes_in = data.bytes_in;
    f->totals.bytes_out = data.bytes_out;
    if (f->certs)
        f->totals.certs = certs_written(f->certs);
    if (certs_close(f->certs) != ST_OK)
        fail(f, errno);
    if (frames_close(f->data) != ST_OK)
        fail(f, errno);
    free(f->unsynced);
    if (totals)
        *totals = f->totals;
    return f->failed ? ST_IO : ST_OK;
}
