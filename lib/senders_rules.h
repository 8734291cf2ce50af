/* senders_rules - the switches under which one tolerant parser reads as a given sender reads.
 *
 * Each enum lists the ways that occur; senders_table.c holds a row of them per sender, with its
 * source. Only differences that decide whether there is a policy are modelled. */
#ifndef LIB_SENDERS_RULES_H
#define LIB_SENDERS_RULES_H

#include "lib/senders.h"

/* Which TXT RRs count as MTA-STS records. */
enum txt_filter {
    TXT_ALL,              /* every one: no filter */
    TXT_EXACT,            /* begins `v=STSv1;` */
    TXT_SPACED,           /* begins `v=STSv1` *WSP `;` */
    TXT_PREFIX,           /* begins `v=STSv1` */
    TXT_PREFIX_ANY_CASE,  /* begins `v=STSv` in any case */
    TXT_VERSION_ANYWHERE, /* one of the fields is v=STSv1 in any case */
};

enum id_check {
    ID_IGNORED,
    ID_OPTIONAL_RFC, /* may be missing, else as the RFC says */
    ID_PRESENT,      /* may be empty */
    ID_NOT_EMPTY,
    ID_ALNUM, /* letters and digits of any number */
    ID_RFC,   /* 1-32 letters and digits */
};

/* What the other fields of the record must be. */
enum fields_check {
    FIELDS_ANY,
    FIELDS_PAIRS,        /* each has exactly one `=` and no white space */
    FIELDS_RFC_OR_EMPTY, /* extension grammar, the value may be empty */
    FIELDS_RFC,          /* extension grammar, and no empty field */
    FIELDS_NONE,         /* none but v and id */
};

enum line_ends {
    LINES_LF,          /* LF, one CR before it taken off */
    LINES_CRLF_IF_ANY, /* CRLF where the body has one, else LF */
    LINES_CR_LF,       /* CR, LF or CRLF */
    LINES_UNICODE,     /* those, VT, FF, FS, GS, RS, NEL, U+2028 and U+2029 */
};

enum blank_line {
    BLANK_IS_LINE,          /* a line without a colon like any other */
    BLANK_SKIPPED,          /* white space only */
    BLANK_SKIPPED_IF_EMPTY, /* no byte at all */
    BLANK_ENDS,             /* what follows is not read */
};

enum odd_line { ODD_VOID, ODD_SKIPPED };

enum colon_in_value { COLON_KEPT, COLON_VOID, COLON_SKIPPED };

enum unknown_key { UNKNOWN_IGNORED, UNKNOWN_RFC, UNKNOWN_VOID };

enum repeated_key { REPEAT_FIRST, REPEAT_LAST, REPEAT_VOID };

/* Of a field that is repeated, which values that do not count must be good all the same. */
enum repeat_check { CHECK_NONE, CHECK_AGE, CHECK_ALL };

enum mx_check {
    MX_ANY,      /* taken as it stands */
    MX_SKIP_BAD, /* a line with an empty value, or with `*` behind the start, is skipped */
    MX_SOME,     /* has a letter, digit, hyphen, dot or asterisk */
    MX_HOSTNAME, /* a host name, underscores and addresses allowed; no final dot */
    MX_DNS_NAME, /* Domain, a final dot allowed, no IPv4 address */
    MX_DOMAIN,   /* Domain, no IPv4 address */
};

struct sender_rules {
    const char *name;
    bool
        strict; /* judged by this library's own parsers instead: the RFC as the contract reads it */

    /* record */
    enum txt_filter filter;
    bool several_ok;    /* more than one that counts is no fault */
    bool foreign_void;  /* any other TXT at the name is one */
    bool skips_high;    /* a TXT with a byte over 0x7F is not seen */
    bool version_field; /* a field `v` must have exactly the value STSv1 */
    bool version_exact; /* the record must begin `v=STSv1` */
    enum id_check id;
    enum fields_check fields;
    bool repeats_void; /* of v or id */

    /* response */
    bool follows_redirects; /* what is behind them is not known here: the body at hand is read */
    bool any_2xx;
    bool text_plain; /* no other media type, nor none */
    bool
        decodes_charset; /* a body that the named charset (US-ASCII by default) cannot hold fails */
    size_t body_max_bytes;
    bool body_cut; /* over the maximum it is cut, not refused */

    /* policy */
    enum line_ends lines;
    enum blank_line blank;
    enum odd_line no_colon;
    enum colon_in_value colon;
    bool trims_key;
    enum unknown_key unknown;
    enum repeated_key repeated;
    enum repeat_check repeat_check;
    bool version_any; /* value not looked at */
    bool mode_any_case;
    bool missing_ok;     /* version, mode and max_age may be missing; the mode is then none */
    bool age_missing_ok; /* max_age alone may be */
    bool age_digits;     /* 1-10 digits only; else an integer with sign */
    int64_t age_min, age_max;
    enum mx_check mx;
    bool mx_always; /* needed for mode none too */
};

/* Of the sender of that index. */
const struct sender_rules *sender_rules(size_t index);

bool sender_takes_record(const struct sender_rules *rules, const struct txt_rr *rr, size_t n);
bool sender_takes_policy(const struct sender_rules *rules, struct slice body);

#endif
