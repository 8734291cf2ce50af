/* format: a vote of the first lines, so that one odd line does not turn a list into something else.
 */
#include "scanner/input/reader.h"

#include <string.h>

enum { VOTES_MAX = 50 };

static struct slice next_line(struct slice *rest)
{
    const char *lf = memchr(rest->p, '\n', rest->len);
    struct slice line = {rest->p, lf ? (size_t)(lf - rest->p) : rest->len};
    size_t used = line.len + (lf ? 1 : 0);
    *rest = (struct slice){rest->p + used, rest->len - used};
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

static struct slice next_word(struct slice *line)
{
    while (line->len > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
        *line = (struct slice){line->p + 1, line->len - 1};
    struct slice word = {line->p, 0};
    while (word.len < line->len && line->p[word.len] != ' ' && line->p[word.len] != '\t')
        word.len++;
    *line = (struct slice){line->p + word.len, line->len - word.len};
    return word;
}

/* `owner [TTL] [class] type RDATA` with a type or class that only a zone file has, or a directive.
 */
static bool looks_like_zone(struct slice line)
{
    static const char *const words[] = {"IN", "SOA", "NS", "A", "AAAA", "DS", "RRSIG", "NSEC3"};
    bool inherits = line.p[0] == ' ' || line.p[0] == '\t';
    struct slice first = inherits ? (struct slice){"", 0} : next_word(&line);
    if (first.len > 1 && first.p[0] == '$')
        return true;
    for (int i = 0; i < 3; i++) {
        struct slice word = next_word(&line);
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            if (slice_eq_nocase(word, slice_of(words[k])))
                return next_word(&line).len > 0;
    }
    return false;
}

/* Parentheses left open behind the line; those in quotes and comments are none (RFC 1035 5.1). */
static int open_behind(struct slice line, int depth)
{
    bool quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.p[i];
        if (c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == ';')
            break;
        else if (!quoted && (c == '(' || (c == ')' && depth > 0)))
            depth += c == '(' ? 1 : -1;
    }
    return depth;
}

static bool is_header_alone(struct slice line)
{
    while (line.len > 0 && (line.p[line.len - 1] == ' ' || line.p[line.len - 1] == '\t'))
        line.len--;
    return slice_eq_nocase(line, SLICE_LIT("domain")) ||
           slice_eq_nocase(line, SLICE_LIT("\"domain\""));
}

enum input_format format_detect(struct slice head)
{
    unsigned seen = 0, with_comma = 0, like_zone = 0;
    int depth = 0;
    if (slice_starts(head, SLICE_LIT("\xef\xbb\xbf")))
        head = (struct slice){head.p + 3, head.len - 3};
    while (head.len > 0 && seen < VOTES_MAX) {
        struct slice line = next_line(&head);
        if (line_is_blank(line) || slice_starts(slice_trim(line), SLICE_LIT(";")))
            continue;
        if (seen == 0 && is_header_alone(line))
            return FORMAT_CSV;
        bool is_zone = looks_like_zone(line), was_open = depth > 0;
        /* Lines within the parentheses of an entry belong to its vote: a short zone may have more
         * of them in its SOA than it has entries. */
        if (was_open || is_zone)
            depth = open_behind(line, depth);
        if (was_open)
            continue;
        seen++;
        like_zone += is_zone;
        with_comma += memchr(line.p, ',', line.len) != NULL;
    }
    if (like_zone * 2 > seen)
        return FORMAT_ZONE;
    return with_comma * 2 > seen ? FORMAT_CSV : FORMAT_LIST;
}
