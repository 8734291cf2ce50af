#include "lib/config_line.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes the quoted value at p (its opening quote) into place; NULL, or why not. */
static const char *unquote(char *p, char **value)
{
    char *out = p;
    *value = p;
    for (char *in = p + 1;; in++) {
        if (*in == '\0')
            return "a quote is not closed";
        if (*in == '"') {
            *out = '\0';
            for (in++; is_space(*in); in++)
                ;
            return *in == '\0' || *in == '#' ? NULL : "text follows the closing quote";
        }
        if (*in == '\\' && (in[1] == '"' || in[1] == '\\'))
            in++;
        *out++ = *in;
    }
}

const char *config_line_split(char *line, struct config_line *out)
{
    char *p = line;
    *out = (struct config_line){NULL, NULL};
    while (is_space(*p))
        p++;
    if (*p == '\0' || *p == '#')
        return NULL;
    out->name = p;
    while (*p != '\0' && *p != '=' && !is_space(*p))
        p++;
    char *name_end = p;
    while (is_space(*p))
        p++;
    bool equals = *p == '=';
    for (p += equals; is_space(*p); p++)
        ;
    if (*p == '"') {
        const char *why = unquote(p, &out->value);
        *name_end = '\0';
        return why;
    }
    char *end = p;
    while (*end != '\0' && !(*end == '#' && (end == p || is_space(end[-1]))))
        end++;
    while (end > p && is_space(end[-1]))
        end--;
    *end = '\0';
    *name_end = '\0';
    if (end > p || equals)
        out->value = end > p ? p : end;
    return NULL;
}

static void add_value(struct strbuf *out, const char *value)
{
    size_t len = strlen(value);
    bool plain = len > 0 && value[0] != '"' && !strchr(value, '#') && !is_space(value[0]) &&
                 !is_space(value[len - 1]);
    if (plain) {
        strbuf_add(out, value, len);
        return;
    }
    strbuf_addc(out, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *value);
    }
    strbuf_addc(out, '"');
}

void config_line_add(struct strbuf *out, const char *name, const char *value)
{
    if (value == NULL) {
        strbuf_printf(out, "# %s is not set\n", name);
        return;
    }
    strbuf_printf(out, "%s = ", name);
    add_value(out, value);
    strbuf_addc(out, '\n');
}

bool config_flag(const char *value, bool *out)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    *out = value == NULL;
    for (size_t i = 0; value != NULL && i < 4; i++) {
        *out = strcasecmp(value, yes[i]) == 0;
        if (*out || strcasecmp(value, no[i]) == 0)
            return true;
    }
    return value == NULL;
}
