/*
 * list: the lines of a file of names, plain or zstd, told apart by content.
 */
#ifndef SIMNET_LIST_H
#define SIMNET_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sim_list;

enum { SIM_LIST_LINE_MAX = 65536 }; /* longer lines are cut here */

enum sim_list_next { SIM_LIST_LINE, SIM_LIST_END, SIM_LIST_ERROR };

/* `path` "-" is stdin. False, with a sentence on stderr, when it cannot be opened. */
bool sim_list_open(const char *path, struct sim_list **out);
/* The next line, without its end, valid until the next call. */
enum sim_list_next sim_list_next(struct sim_list *list, const char **line, size_t *len);
void sim_list_close(struct sim_list *list);

/* The name in a line of a plain list or of `rank,domain` CSV. False: blank or a comment (`#`), not
 * counted as input. */
bool sim_list_name(const char *line, size_t len, const char **name, size_t *name_len);

#endif
