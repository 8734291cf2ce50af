/* Builders of policy faults: one field of an otherwise good policy. */
#include "tests/simnet/classes.h"

#include <string.h>

void sim_break_policy(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    (void)draw;
    struct sim_policy *p = &d->policy;
    const char *value = cls->text == NULL ? NULL : sim_template(d, cls->text, d->name);
    switch ((enum sim_policy_field)cls->param) {
    case SIM_FIELD_VERSION:
        p->version_value = value;
        break;
    case SIM_FIELD_MODE:
        p->mode_value = value;
        break;
    case SIM_FIELD_MAX_AGE:
        p->max_age_value = value;
        p->max_age_s = UINT32_MAX; /* the class names what is wrong with it */
        break;
    case SIM_FIELD_MX_ADD:
        sim_policy_mx(p, value);
        break;
    case SIM_FIELD_MX_NONE:
        p->mx_count = 0;
        break;
    case SIM_FIELD_BEFORE:
        p->before = value;
        break;
    case SIM_FIELD_AFTER:
        p->after = value;
        break;
    case SIM_FIELD_PREFIX:
        p->prefix = value;
        break;
    case SIM_FIELD_ESCAPED:
        p->escaped = true;
        break;
    }
}
