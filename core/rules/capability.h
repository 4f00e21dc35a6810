/*
 * What a meter model may promise beyond reading: rows of model_capability.def, each absent,
 * unverified or proven.
 */
#ifndef PW_RULES_CAPABILITY_H
#define PW_RULES_CAPABILITY_H

enum capability {
#define MODEL_CAPABILITY(id, name) CAPABILITY_##id,
#include "core/rules/model_capability.def"
#undef MODEL_CAPABILITY
    CAPABILITY__MAX
};
enum capability_state {
    CAPABILITY_STATE_ABSENT,
    CAPABILITY_STATE_UNVERIFIED,
    CAPABILITY_STATE_PROVEN
};

/* "zero_purchase". Never NULL. */
const char *capability_name(enum capability capability);
/* State of one in a text as model_capabilities_text writes it and the model table holds it:
   "purchase:proven,zero_purchase:unverified". */
enum capability_state capability_state_of(const char *text, enum capability capability);

#endif
