/* candidate - a domain while its record is asked for: TXT at _mta-sts.D.
 *
 * Nine hundred and ninety-three domains in a thousand end here, and as many as --in-flight are here
 * at once. So a candidate holds what came with the input and the question, nothing else: a unit
 * with its evidence is taken when the answer is there, and is mostly the one that was just put
 * back. The watchdog knows no candidates: their one question has an absolute deadline, which is
 * never later than a unit's. Worker's thread. */
#ifndef SCANNER_WORKER_CANDIDATE_H
#define SCANNER_WORKER_CANDIDATE_H

#include "scanner/worker/worker.h"

/* Begins with an input item, or with a withheld domain in the second pass. What is no name, or one
 * of the user's list, gets its unit at once, without a question. ST_NOMEM. */
enum status candidate_begin(struct worker *w, const struct input_item *item, bool second_pass);
/* Their memory, when nothing is under way any more. */
void candidate_pool_free(struct worker *w);

#endif
