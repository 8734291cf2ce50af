/* json_scan - walks over one line of JSON without building anything: values are slices of it.
 *
 * Made for records whose few interesting members stand among many: what is not asked for is
 * skipped at the speed of memory. It accepts some texts that are no JSON (it does not look into
 * what it skips) and never reads beyond its slice. Pure. */
#ifndef LIB_JSON_SCAN_H
#define LIB_JSON_SCAN_H

#include "lib/bytes.h"

struct json_scan {
    const char *p, *end;
    bool bad; /* the text broke off or is no JSON: what was returned before stands */
};

/* Begins an object's members or an array's elements; false when value is neither. */
bool json_scan_open(struct slice value, struct json_scan *s);
/* The next member: key without quotes and as it is escaped, value as it stands. */
bool json_scan_member(struct json_scan *s, struct slice *key, struct slice *value);
/* The next element. */
bool json_scan_element(struct json_scan *s, struct slice *value);
/* The inside of a string, as it is escaped; empty for anything else (null). */
struct slice json_scan_text(struct slice value);

/* The value of an object's first member with that key, as it stands; empty when there is none. */
struct slice json_scan_find(struct slice object, const char *key);

/* One member that is looked for, and where in a struct its value (a slice) goes. */
struct json_wanted {
    const char *key;
    size_t offset;
};
/* Zeroes out, of out_size bytes, and fills in the wanted members of an object; those that are not
 * there stay empty. False when it is no object or breaks JSON's grammar. */
bool json_scan_members(struct slice object, const struct json_wanted *wanted, size_t n, void *out,
                       size_t out_size);

#endif
