#include "tests/simnet/normalize.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Non-ASCII goes through libidn2 (IDNA2008, nontransitional); the result is ASCII. */
static bool to_ascii(char *name, size_t room)
{
    uint8_t *out = NULL;
    bool ascii = true;
    for (const char *p = name; *p != '\0'; p++)
        ascii = ascii && (unsigned char)*p < 128;
    if (ascii)
        return true;
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    bool ok = idn2_lookup_u8((const uint8_t *)name, &out, flags) == IDN2_OK &&
              strlen((const char *)out) < room;
    if (ok)
        memcpy(name, out, strlen((const char *)out) + 1);
    idn2_free(out);
    return ok;
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

/* Four decimal numbers. No top-level domain is a number, so any all-digit last label is no name. */
static bool is_address(const char *name)
{
    return strspn(name, "0123456789.") == strlen(name);
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
