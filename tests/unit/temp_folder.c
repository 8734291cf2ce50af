#include "tests/unit/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/stscan-unit-XXXXXX";

int temp_folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

int temp_folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

const char *in_folder(const char *name)
{
    static char path[64][128];
    static unsigned turn;
    char *out = path[turn++ % 64];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}
