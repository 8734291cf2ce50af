/* temp_folder - a folder for the files of one test program. */
#ifndef TESTS_UNIT_TEMP_FOLDER_H
#define TESTS_UNIT_TEMP_FOLDER_H

/* Group fixtures. It must be empty when it is removed. */
int temp_folder_make(void **state);
int temp_folder_remove(void **state);

/* The path of a file there; the last 64 that were asked for stay as they are. */
const char *in_folder(const char *name);

#endif
