#include "tests/simnet/truth.h"

#include "tests/simnet/classes.h"
#include "tests/simnet/list.h"
#include "tests/simnet/normalize.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void write_line(FILE *out, uint64_t index, const struct sim_domain *d)
{
    bool valid = d->adoption != SIM_INVALID_INPUT;
    const char *quote = valid ? "\"" : "";
    fprintf(out, "{\"index\":%" PRIu64 ",\"domain\":%s%s%s,\"adoption\":\"%s\",\"verdict\":\"%s\"",
            index, quote, valid ? d->name : "null", quote, sim_adoption_name(d->adoption),
            sim_verdict_name(d->verdict));
    if (d->cause == SIM_CODE_NONE)
        fputs(",\"cause\":null,\"codes\":[", out);
    else
        fprintf(out, ",\"cause\":\"%s\",\"codes\":[", sim_code_name(d->cause));
    bool first = true;
    for (int c = 0; c < FINDING_CODE_COUNT; c++) {
        if (!sim_codes_has(&d->codes, c))
            continue;
        fprintf(out, "%s\"%s\"", first ? "" : ",", sim_code_name(c));
        first = false;
    }
    fputs("]", out);
    if (d->adopter && d->cls != NULL)
        fprintf(out, ",\"class\":\"%s\"", d->cls->name);
    fputs("}\n", out);
}

static void judge_line(const struct sim_world *world, enum sim_truth_mode mode, const char *text,
                       size_t len, struct sim_domain *d)
{
    char name[SIM_NAME_MAX];
    if (sim_normalize(text, len, name)) {
        sim_domain_build(world, name, d);
        sim_truth_judge(d, mode);
        return;
    }
    memset(&d->codes, 0, sizeof d->codes);
    d->adopter = false;
    d->adoption = SIM_INVALID_INPUT;
    d->verdict = SIM_NOT_APPLICABLE;
    d->cause = SIM_CODE_NONE;
}

static bool write_all(const struct sim_world *world, enum sim_truth_mode mode,
                      struct sim_list *list, FILE *out)
{
    struct sim_domain *d = malloc(sizeof *d);
    const char *line, *name;
    size_t len, name_len;
    uint64_t index = 0;
    enum sim_list_next next = SIM_LIST_ERROR;
    while (d != NULL && (next = sim_list_next(list, &line, &len)) == SIM_LIST_LINE) {
        if (!sim_list_name(line, len, &name, &name_len))
            continue;
        judge_line(world, mode, name, name_len, d);
        write_line(out, index++, d);
    }
    free(d);
    return next == SIM_LIST_END;
}

bool sim_truth_write(const struct sim_world *world, enum sim_truth_mode mode, const char *names,
                     const char *path)
{
    struct sim_list *list;
    if (!sim_list_open(names, &list))
        return false;
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    bool ok = out != NULL && write_all(world, mode, list, out);
    if (out != NULL && (fflush(out) != 0 || ferror(out)))
        ok = false;
    if (out != NULL && out != stdout && fclose(out) != 0)
        ok = false;
    if (!ok)
        fprintf(stderr, "simnet: %s: the truth could not be written: %s\n", path, strerror(errno));
    sim_list_close(list);
    return ok;
}
