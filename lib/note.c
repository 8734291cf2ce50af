#include "lib/note.h"

bool note(struct findings *f, enum finding_code code, struct slice target, struct slice detail)
{
    const bool is_void = finding_row(code)->rule == RULE_VOID;
    const char *target_text = NULL;
    size_t same = 0;

    for (size_t i = 0; i < f->n; i++)
        same += f->v[i].code == code;
    if (same >= NOTE_PER_CODE_MAX)
        return is_void;
    if (target.p != NULL) {
        target_text = arena_dup(f->arena, target);
        if (target_text == NULL) {
            f->error = ST_NOMEM;
            return is_void;
        }
    }
    findings_add(f, code, target_text, detail);
    return is_void;
}
