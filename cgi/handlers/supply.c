/* POST /supplies/:id/unfreeze: a person found record and meter in agreement again. */
#include "core/store/supply.h"
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/freeze.h"

struct unfreeze_input {
    const char *reason;
    const char *unit_number;
};

SHAPE(unfreeze_input, "Unfreeze", struct unfreeze_input,
      F_TEXT(struct unfreeze_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_TEXT(struct unfreeze_input, unit_number, NEEDED, 1, 32));

enum rc handle_supply_unfreeze(struct request *request)
{
    const struct unfreeze_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = freeze_end(request->db, request->arena, &request->actor, request->ids[0],
                            input->reason, input->unit_number, &refusal);
    TRY(park_refuse(request, rc, &refusal));
    struct meter_list_question question = park_question(request);
    struct supply supply;
    struct meter_row row;
    TRY(supply_get(request->db, request->arena, request->ids[0], &supply));
    TRY(meter_list_one(request->db, request->arena, &question, supply.meter_id, &row));
    return request_reply(request, 200, &row);
}
