/* Model files: any bytes are refused with a sentence or become a model that can be read, decoded
 * and printed. */
#include <assert.h>
#include <string.h>

#include "core/rules/decode.h"
#include "core/rules/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_plan(const struct model *model, const struct plan *plan)
{
    static const uint16_t registers[PLAN_REGISTERS_MAX] = {0x1234, 0xFFFF, 0x9999, 0x8000};
    struct reading reading = {.present = 0};
    assert(plan->count <= PLAN_BLOCKS_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        assert(plan->blocks[i].count >= 1 && plan->blocks[i].count <= PLAN_REGISTERS_MAX);
        assert(plan->blocks[i].at + plan->blocks[i].count <= 65536);
        enum rc rc = decode_block(model, &plan->blocks[i], registers, &reading);
        assert(rc == RC_OK || rc == RC_PROTOCOL);
    }
    (void)model_status(model, &reading);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model model;
    char error[MODEL_ERROR_MAX];
    char text[400];
    enum rc rc = model_parse((const char *)data, size, &model, error);
    assert((rc == RC_OK) == (error[0] == '\0'));
    if (rc != RC_OK) {
        return 0;
    }
    use_plan(&model, &model.fast);
    use_plan(&model, &model.slow);
    use_plan(&model, &model.identity_reads);
    for (int kind = 0; kind < COMMAND_KIND__MAX; kind++) {
        const struct model_action *action = &model.actions[kind];
        assert(!action->offered || (action->write_count > 0 && action->confirm_count > 0));
        use_plan(&model, &action->read_back);
        use_plan(&model, &action->read_back_external);
    }
    rc = model_actions_text(&model, text, sizeof(text));
    assert(rc == RC_OK);
    rc = model_capabilities_text(&model, text, sizeof(text));
    assert(rc == RC_OK || rc == RC_TOO_LARGE);
    return 0;
}
