#include "lib/findings_doc.h"

static const char *stage_title(enum stage stage)
{
    static const char *const titles[STAGE_COUNT] = {
        [STAGE_DNS] = "The record and the MX in DNS",
        [STAGE_POLICY_HOST] = "The policy host",
        [STAGE_POLICY] = "The policy",
        [STAGE_MX_CONSISTENCY] = "MX hosts against the policy",
        [STAGE_MX_TLS] = "TLS of the MX hosts",
        [STAGE_TLSRPT] = "TLS reporting",
        [STAGE_DRIFT] = "Change between scans",
        [STAGE_DANE] = "DANE",
    };
    return titles[stage];
}

static const char *effect_words(enum effect effect)
{
    static const char *const words[] = {
        [EFFECT_STATE] = "a state, shown by the status fields and not listed",
        [EFFECT_BLOCKS] = "B, blocks or can block mail under enforce",
        [EFFECT_FALLBACK] = "F, policy void: senders fall back to opportunistic TLS",
        [EFFECT_DISAGREE] = "D, senders disagree",
        [EFFECT_WEAK] = "W, weakness or latent fault",
        [EFFECT_INFO] = "I, information",
        [EFFECT_UNDETERMINED] = "U, undetermined: kept out of every percentage",
    };
    return words[effect];
}

/* Conditions hold `<` and `*` as they stand in the table; outside code spans Markdown would read
 * them as markup. */
static void add_condition(struct strbuf *out, const char *text)
{
    bool code = false;
    for (const char *p = text; *p; p++) {
        if (*p == '`')
            code = !code;
        if (!code && (*p == '<' || *p == '*' || *p == '_'))
            strbuf_addc(out, '\\');
        strbuf_addc(out, *p);
    }
}

static void add_row(struct strbuf *out, enum finding_code code)
{
    static const char *const rules[] = {
        [RULE_NONE] = "",
        [RULE_VOID] = "; the sender has no policy",
        [RULE_MX] = "; that MX address fails",
        [RULE_SUM] = "; sums others up, never the cause",
    };
    const struct finding_row *row = finding_row(code);
    const struct finding_help *help = finding_help(code);
    strbuf_printf(out, "### `%s`\n\n", row->code);
    add_condition(out, row->text);
    strbuf_printf(
        out, "\n\n- Effect: %s%s\n- Why it matters: %s\n- How to mend it: %s\n- See: %s\n\n",
        effect_words(row->effect), rules[row->rule], help->why, help->mend, help->section);
}

enum status findings_doc(struct strbuf *out)
{
    strbuf_adds(out, "# Findings\n\nGenerated from the table (`make docs`). Each code with its "
                     "condition, what it does to mail, why it matters and how to mend it.\n\n");
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        strbuf_printf(out, "## %s (`%s`)\n\n", stage_title((enum stage)stage),
                      stage_name((enum stage)stage));
        for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
            if (finding_row((enum finding_code)i)->stage == (enum stage)stage)
                add_row(out, (enum finding_code)i);
        }
    }
    /* One line end closes the file. */
    if (out->error == ST_OK && out->len > 0)
        out->p[--out->len] = '\0';
    return out->error;
}
