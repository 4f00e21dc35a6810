/* The phone site: the first screen. */
#include "core/store/tenant_home.h"
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/tenant.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/row.h"

static const char *const modes[] = {"meter", "platform", NULL};
static const char *const relays[] = {"closed", "open", "partial", "unknown", NULL};
static const char *const states[] = {"never",         "locked_out", "stale",  "keep_on",
                                     "close_by_hand", "tripped",    "closed", NULL};
static const char *const reasons[] = {"arrears", "manual", "other", NULL};

struct tenant_supply_input {
    int64_t supply_id;
};
SHAPE(tenant_supply_input, "TenantSupplyInput", struct tenant_supply_input,
      F_ID(struct tenant_supply_input, supply_id, NEEDED));

struct tenant_home_view {
    struct tenant_home home;
    int64_t server_at;
};
SHAPE(tenant_home_supply, "TenantHomeSupply", struct tenant_home,
      F_ID(struct tenant_home, supply_id, NEEDED), F_WORDS(struct tenant_home, unit_number, NEEDED),
      F_WORDS(struct tenant_home, shop_name, NEEDED),
      F_ENUM(struct tenant_home, mode, NEEDED, modes),
      F_NUMBER(struct tenant_home, balance_fen, NULLABLE),
      F_NUMBER(struct tenant_home, debt_fen, NEEDED),
      F_TIME(struct tenant_home, taken_at, NULLABLE), F_BOOL(struct tenant_home, stale, NEEDED),
      F_ENUM(struct tenant_home, relay, NEEDED, relays),
      F_ENUM(struct tenant_home, state, NEEDED, states),
      F_ENUM(struct tenant_home, tripped_reason, NULLABLE, reasons),
      F_TIME(struct tenant_home, keep_on_until_at, NULLABLE),
      F_NUMBER(struct tenant_home, level, NEEDED),
      F_NUMBER(struct tenant_home, use_today_wh, NULLABLE),
      F_NUMBER(struct tenant_home, use_yesterday_wh, NULLABLE),
      F_NUMBER(struct tenant_home, cost_yesterday_fen, NULLABLE),
      F_NUMBER(struct tenant_home, days_left_milli, NULLABLE),
      F_NUMBER(struct tenant_home, power_w, NULLABLE),
      F_BOOL(struct tenant_home, own_switch, NEEDED),
      F_ID(struct tenant_home, open_purchase_id, NULLABLE),
      F_NUMBER(struct tenant_home, unread, NEEDED));
SHAPE(tenant_home, "TenantHome", struct tenant_home_view,
      F_EMBED(struct tenant_home_view, home, &shape_tenant_home_supply),
      F_TIME(struct tenant_home_view, server_at, NEEDED));

enum rc handle_tenant_home(struct request *request)
{
    const struct tenant_supply_input *input = request->input;
    int64_t now_ms = clock_now_ms();
    struct tenant_home_view view = {.server_at = now_ms};
    TRY(tenant_home(request->db, request->arena, request->session.user_id, input->supply_id, now_ms,
                    config_int(request->config, CONFIG_poller_stale_s) * 1000, &view.home));
    return request_reply(request, 200, &view);
}
