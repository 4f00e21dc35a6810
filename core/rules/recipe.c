#include "core/rules/recipe.h"

#include <assert.h>
#include <string.h>

#define BCD6_BYTES 6

const struct model_recipe *recipe_find(const struct model *model, const char *name)
{
    assert(model != NULL && name != NULL);
    for (size_t i = 0; i < model->recipe_count; i++) {
        if (strcmp(model->recipes[i].name, name) == 0) {
            return &model->recipes[i];
        }
    }
    return NULL;
}

static const struct recipe_value *value_of(const struct recipe_value *values, size_t count,
                                           const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i].name, name) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

static int bytes_of(enum field_type type)
{
    static const int bytes[FIELD_TYPE__MAX] = {[FIELD_U8] = 1,
                                               [FIELD_U16] = 2,
                                               [FIELD_U32] = 4,
                                               [FIELD_BCD6] = BCD6_BYTES,
                                               [FIELD_ZERO8] = 1};
    return bytes[type];
}

static bool fits(enum field_type type, int64_t value)
{
    switch (type) {
    case FIELD_U8:
        return value >= 0 && value <= UINT8_MAX;
    case FIELD_U16:
        return value >= 0 && value <= UINT16_MAX;
    case FIELD_U32:
        return value >= INT32_MIN && value <= INT64_C(0xFFFFFFFF);
    case FIELD_BCD6:
        return value >= 0 && value < INT64_C(1000000000000);
    default:
        return value == 0;
    }
}

static void put(uint8_t *out, enum field_type type, int64_t value)
{
    uint64_t rest = (uint64_t)value;
    for (int i = bytes_of(type) - 1; i >= 0; i--) {
        if (type == FIELD_BCD6) {
            out[i] = (uint8_t)(rest % 10 + (rest / 10 % 10 << 4));
            rest /= 100;
        } else {
            out[i] = (uint8_t)(rest & 0xFF);
            rest >>= 8;
        }
    }
}

/* The fields [first, end) of the group that starts at first, and how many of them have a value. */
static size_t group_end(const struct model_recipe *recipe, size_t first)
{
    size_t end = first + 1;
    while (end < recipe->field_count && !recipe->fields[end].flagged) {
        end++;
    }
    return end;
}

static enum rc group_given(const struct model_recipe *recipe, size_t first, size_t end,
                           const struct recipe_value *values, size_t count, bool *ret_given)
{
    size_t wanted = 0;
    size_t found = 0;
    for (size_t i = first; i < end; i++) {
        if (recipe->fields[i].type != FIELD_ZERO8) {
            wanted++;
            found += value_of(values, count, recipe->fields[i].name) != NULL;
        }
    }
    if (found != 0 && found != wanted) {
        return RC_INVALID;
    }
    if (found == 0 && wanted > 0 && !recipe->fields[first].flagged) {
        return RC_INVALID; /* nothing says that it is left as it is */
    }
    *ret_given = found > 0;
    return RC_OK;
}

static enum rc check_names(const struct model_recipe *recipe, const struct recipe_value *values,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < recipe->field_count; k++) {
            known = known || strcmp(recipe->fields[k].name, values[i].name) == 0;
        }
        if (!known) {
            return RC_INVALID;
        }
    }
    return RC_OK;
}

enum rc recipe_fill(const struct model_recipe *recipe, const struct recipe_value *values,
                    size_t count, uint8_t ret_data[RECIPE_BYTES_MAX], size_t *ret_len)
{
    assert(recipe != NULL && values != NULL && ret_data != NULL && ret_len != NULL);
    uint8_t data[RECIPE_BYTES_MAX] = {0};
    size_t len = 0;
    TRY(check_names(recipe, values, count));
    for (size_t first = 0; first < recipe->field_count;) {
        size_t end = group_end(recipe, first);
        bool given = false;
        TRY(group_given(recipe, first, end, values, count, &given));
        for (size_t i = first; i < end; i++) {
            const struct model_field *field = &recipe->fields[i];
            const struct recipe_value *value = value_of(values, count, field->name);
            int64_t number = value == NULL ? 0 : value->value;
            if (len + 1 + BCD6_BYTES > sizeof(data)) {
                return RC_TOO_LARGE;
            }
            if (!fits(field->type, number)) {
                return RC_INVALID;
            }
            if (field->flagged) {
                data[len++] = given ? 1 : 0;
            }
            put(data + len, field->type, number);
            len += (size_t)bytes_of(field->type);
        }
        first = end;
    }
    if (len != (size_t)recipe->registers * 2) {
        return RC_INVALID;
    }
    memcpy(ret_data, data, len);
    *ret_len = len;
    return RC_OK;
}
