#include "tests/simnet/normalize.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One label to A-label. Only a label that is not ASCII is libidn2's business (IDNA2008,
 * nontransitional), so that an underscore or hyphens beside it do no harm. The result is one label
 * again. */
static bool label_to_ascii(const char *label, size_t len, char out[SIM_LABEL_MAX + 1])
{
    char copy[1024];
    uint8_t *ace = NULL;
    bool ascii = true;
    for (size_t i = 0; i < len; i++)
        ascii = ascii && (unsigned char)label[i] < 128;
    if (ascii && len <= SIM_LABEL_MAX) {
        memcpy(out, label, len);
        out[len] = '\0';
        return true;
    }
    if (ascii || len >= sizeof copy)
        return false;
    memcpy(copy, label, len);
    copy[len] = '\0';
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    bool ok = idn2_lookup_u8((const uint8_t *)copy, &ace, flags) == IDN2_OK;
    size_t n = ok ? strlen((const char *)ace) : 0;
    ok = ok && n <= SIM_LABEL_MAX && memchr(ace, '.', n) == NULL;
    if (ok)
        memcpy(out, ace, n + 1);
    idn2_free(ace);
    return ok;
}

/* `name` becomes its labels in ASCII; false when one cannot, or when they do not fit. */
static bool to_ascii(char *name, size_t room)
{
    char all[1024];
    size_t used = 0;
    for (const char *p = name;;) {
        char label[SIM_LABEL_MAX + 1];
        size_t n = strcspn(p, ".");
        if (!label_to_ascii(p, n, label) || used + strlen(label) + 2 > sizeof all)
            return false;
        memcpy(all + used, label, strlen(label));
        used += strlen(label);
        if (p[n] == '\0')
            break;
        all[used++] = '.';
        p += n + 1;
    }
    if (used >= room)
        return false;
    memcpy(name, all, used);
    name[used] = '\0';
    return true;
}

static bool check_labels(char *name)
{
    size_t label = 0, labels = 1;
    for (char *p = name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
        bool ok = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        if (*p == '.') {
            if (label == 0)
                return false;
            label = 0;
            labels++;
        } else if (!ok || ++label > SIM_LABEL_MAX) {
            return false;
        }
    }
    return label > 0 && labels > 1;
}

static bool is_address(const char *name)
{
    struct in_addr ignored;
    return inet_pton(AF_INET, name, &ignored) == 1;
}

bool sim_normalize(const char *text, size_t len, char out[SIM_NAME_MAX])
{
    char name[1024];
    while (len > 0 && is_space(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_space(text[len - 1]))
        len--;
    if (len == 0 || len >= sizeof name || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(name, text, len);
    name[len] = '\0';
    if (!to_ascii(name, sizeof name))
        return false;
    len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        name[--len] = '\0';
    if (len == 0 || len >= SIM_NAME_MAX || !check_labels(name) || is_address(name))
        return false;
    memcpy(out, name, len + 1);
    return true;
}
