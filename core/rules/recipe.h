/*
 * The data bytes of a private function frame, from a model's recipe (struct model_recipe) and named
 * values. Acrel function 0x20: big-endian fields; a flagged field is preceded by one byte that says
 * whether the group that starts with it is written (1) or left as it is (0).
 */
#ifndef PW_RULES_RECIPE_H
#define PW_RULES_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/model.h"

#define RECIPE_BYTES_MAX 240

struct recipe_value {
    const char *name; /* of a field */
    int64_t value;    /* u8, u16, u32; a negative u32 is sent as two's complement; bcd6: digits */
};

/* The recipe of a model by its name: "purchase", "parameters", "clock"; NULL if it has none. */
const struct model_recipe *recipe_find(const struct model *model, const char *name);
/* Fills the bytes. Groups without any value are not written; a group is given whole. RC_INVALID: a
   value that does not fit, a name the recipe has not, a group or an unflagged recipe with a field
   missing; RC_TOO_LARGE. */
enum rc recipe_fill(const struct model_recipe *recipe, const struct recipe_value *values,
                    size_t count, uint8_t ret_data[RECIPE_BYTES_MAX], size_t *ret_len) MUST_CHECK;

#endif
