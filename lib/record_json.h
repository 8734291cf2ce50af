/* record_json - one line of NDJSON from evidence and judgement, and evidence back from a line.
 *
 * record_read(record_write(e)) = e in everything that judgement looks at, so that old records can
 * be classified again. Fields are those of docs/schema/record.schema.json; unknown members are
 * ignored when reading. */
#ifndef LIB_RECORD_JSON_H
#define LIB_RECORD_JSON_H

#include "lib/judge.h"

#define RECORD_SCHEMA 1

/* Appends one line with its '\n'. The line never exceeds RECORD_LINE_MAX_BYTES: then the policy
 * body and long lists are cut, with "cut":true in the record. `out` must have room for as much
 * under its own cap, or the record is cut to what it takes; ST_LIMIT leaves it as it was. */
enum status record_write(const struct evidence *e, const struct judgement *j, struct strbuf *out);

/* Parses one line (with or without '\n') into e, which must be initialised and is reset first.
 * ST_INVALID for anything that is not such a record; *error then is a static text. */
enum status record_read(struct slice line, struct evidence *e, const char **error);

/* JSON string with quotes from text that is valid UTF-8 (the text_escape form). A byte outside
 * valid UTF-8 is written \xhh even so: the line is always valid. */
enum status json_add_string(struct strbuf *out, struct slice utf8);
/* The same from raw network bytes: text_escape first. */
enum status json_add_bytes(struct strbuf *out, struct slice raw);

#endif
