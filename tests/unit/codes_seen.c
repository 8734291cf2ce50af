#include "tests/unit/codes_seen.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_MAX_BYTES 512

static bool seen_here[FINDING_CODE_COUNT];
static bool registered;

static void folder(char path[PATH_MAX_BYTES])
{
    const char *build = getenv("BUILD");
    snprintf(path, PATH_MAX_BYTES, "%s/codes-seen", build ? build : "build");
}

static void save(void)
{
    char dir[PATH_MAX_BYTES], path[2 * PATH_MAX_BYTES];
    folder(dir);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return;
    snprintf(path, sizeof path, "%s/%s", dir, program_invocation_short_name);
    FILE *out = fopen(path, "w");
    if (!out)
        return;
    for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
        if (seen_here[i])
            fprintf(out, "%s\n", finding_row((enum finding_code)i)->code);
    }
    fclose(out);
}

void codes_seen_add(enum finding_code code)
{
    seen_here[code] = true;
    if (!registered)
        registered = atexit(save) == 0;
}

static void load_file(const char *path, bool seen[FINDING_CODE_COUNT])
{
    char line[128];
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof line, in)) {
        enum finding_code code;
        if (finding_by_name((struct slice){line, strcspn(line, "\n")}, &code) == ST_OK)
            seen[code] = true;
    }
    if (in)
        fclose(in);
}

size_t codes_seen_load(bool seen[FINDING_CODE_COUNT])
{
    char dir[PATH_MAX_BYTES], path[2 * PATH_MAX_BYTES];
    size_t programs = 0;
    folder(dir);
    DIR *d = opendir(dir);
    for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%.255s", dir, entry->d_name);
        load_file(path, seen);
        programs++;
    }
    if (d)
        closedir(d);
    return programs;
}
