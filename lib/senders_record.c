/* senders_record: the TXT RRs as one sender reads them. */
#include "lib/record_fields.h"
#include "lib/senders_rules.h"

#include <string.h>

static bool has_high(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] > 0x7f)
            return true;
    return false;
}

/* The next field of *rest, trimmed; *last: nothing separates it from the end. */
static struct slice take_field(struct slice *rest, const char *separators, bool *last)
{
    size_t len = 0;
    while (len < rest->len && (rest->p[len] == '\0' || strchr(separators, rest->p[len]) == NULL))
        len++;
    struct slice field = {rest->p, len};
    *last = len == rest->len;
    size_t used = len + (*last ? 0 : 1);
    *rest = (struct slice){rest->p + used, rest->len - used};
    return slice_trim(field);
}

static bool split(struct slice field, struct slice *name, struct slice *value)
{
    const char *equals = field.len > 0 ? memchr(field.p, '=', field.len) : NULL;
    if (equals == NULL)
        return false;
    *name = (struct slice){field.p, (size_t)(equals - field.p)};
    *value = (struct slice){equals + 1, field.len - name->len - 1};
    return true;
}

static bool has_version_field(struct slice text)
{
    bool last = false;
    struct slice name, value;
    while (!last) {
        struct slice field = take_field(&text, ";| ", &last);
        if (split(field, &name, &value) && slice_eq(name, SLICE_LIT("v")) &&
            slice_eq_nocase(value, SLICE_LIT("STSv1")))
            return true;
    }
    return false;
}

static bool counts(enum txt_filter filter, struct slice text)
{
    static const struct slice version = {"v=STSv1", 7};
    switch (filter) {
    case TXT_ALL:
        return true;
    case TXT_EXACT:
        return slice_starts(text, SLICE_LIT("v=STSv1;"));
    case TXT_PREFIX:
        return slice_starts(text, version);
    case TXT_PREFIX_ANY_CASE:
        return text.len >= 6 && slice_eq_nocase((struct slice){text.p, 6}, SLICE_LIT("v=STSv"));
    case TXT_VERSION_ANYWHERE:
        return has_version_field(text);
    case TXT_SPACED:
        break;
    }
    if (!slice_starts(text, version))
        return false;
    struct slice rest = slice_trim((struct slice){text.p + version.len, text.len - version.len});
    return rest.len > 0 && rest.p[0] == ';';
}

static bool is_alnum(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return s.len > 0;
}

static bool id_ok(enum id_check check, struct slice id)
{
    switch (check) {
    case ID_IGNORED:
        return true;
    case ID_OPTIONAL_RFC:
        return id.p == NULL || (is_alnum(id) && id.len <= STS_ID_MAX_BYTES);
    case ID_PRESENT:
        return id.p != NULL;
    case ID_NOT_EMPTY:
        return id.p != NULL && id.len > 0;
    case ID_ALNUM:
        return id.p != NULL && is_alnum(id);
    case ID_RFC:
        return id.p != NULL && is_alnum(id) && id.len <= STS_ID_MAX_BYTES;
    }
    return false;
}

static bool has_space(struct slice s)
{
    return s.len > 0 && (memchr(s.p, ' ', s.len) != NULL || memchr(s.p, '\t', s.len) != NULL);
}

/* A version or id: the senders that split at every `=` want two parts. */
static bool pair_ok(enum fields_check check, struct slice value)
{
    if (check == FIELDS_ANY || check == FIELDS_RFC || value.len == 0)
        return true;
    return memchr(value.p, '=', value.len) == NULL && !(check == FIELDS_PAIRS && has_space(value));
}

static bool extension_ok(enum fields_check check, struct slice name, struct slice value)
{
    switch (check) {
    case FIELDS_ANY:
        return true;
    case FIELDS_PAIRS:
        return pair_ok(check, value) && !has_space(name);
    case FIELDS_RFC_OR_EMPTY:
        return record_ext_name_ok(name) && (value.len == 0 || record_ext_value_ok(value));
    case FIELDS_RFC:
        return record_ext_name_ok(name) && record_ext_value_ok(value);
    case FIELDS_NONE:
        break;
    }
    return false;
}

static bool fields_ok(const struct sender_rules *rules, struct slice text)
{
    const char *separators = rules->filter == TXT_VERSION_ANYWHERE ? ";| " : ";";
    struct slice name, value, version = {NULL, 0}, id = {NULL, 0};
    bool last = false;
    /* White space behind the last field is trimmed by all but those that keep to the ABNF. */
    if (rules->fields == FIELDS_RFC && text.len > 0 && slice_trim(text).len != text.len &&
        text.p[slice_trim(text).len - 1] != ';')
        return false;
    while (!last) {
        struct slice field = take_field(&text, separators, &last);
        if (field.len == 0) {
            if (rules->fields == FIELDS_RFC && !last)
                return false;
            continue;
        }
        if (!split(field, &name, &value)) {
            if (rules->fields != FIELDS_ANY)
                return false;
            continue;
        }
        bool is_version = slice_eq(name, SLICE_LIT("v")), is_id = slice_eq(name, SLICE_LIT("id"));
        if (rules->repeats_void && ((is_version && version.p != NULL) || (is_id && id.p != NULL)))
            return false;
        if (is_version)
            version = value;
        else if (is_id)
            id = value;
        else if (!extension_ok(rules->fields, name, value))
            return false;
        if ((is_version || is_id) && !pair_ok(rules->fields, value))
            return false;
    }
    if (rules->version_field && !(version.p != NULL && slice_eq(version, SLICE_LIT("STSv1"))))
        return false;
    return id_ok(rules->id, id);
}

bool sender_takes_record(const struct sender_rules *rules, const struct txt_rr *rr, size_t n)
{
    size_t found = 0, foreign = 0;
    struct slice record = {NULL, 0};
    for (size_t i = 0; i < n; i++) {
        struct slice text = {rr[i].p, rr[i].len};
        if (rules->skips_high && has_high(text))
            continue;
        if (!counts(rules->filter, text))
            foreign++;
        else if (found++ == 0)
            record = text;
    }
    if (found == 0 || (found > 1 && !rules->several_ok) || (foreign > 0 && rules->foreign_void))
        return false;
    if (rules->version_exact && !slice_starts(record, SLICE_LIT("v=STSv1")))
        return false;
    return fields_ok(rules, record);
}
