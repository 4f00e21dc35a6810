/* States of delivery 61 of the fixture, as SQL that follows park.sql; and readings of its meter. */
#ifndef PW_TESTS_FLOW_DELIVERY_ROWS_H
#define PW_TESTS_FLOW_DELIVERY_ROWS_H

#define ENERGY                                                                                     \
    "{\"energy_wh\":100000,\"unit_wh\":10,\"fee_control\":true,"                                   \
    "\"rate_wh\":[10000,20000,30000,40000],\"price_e4\":[12000,10000,8000,5000]}"
#define CLAIMED                                                                                    \
    "purchase_count = 6, claimed_at = '2026-01-02', claimed_by = 'p:100',"                         \
    " before_serial = '230946805578', before_count = 5, before_balance_fen = 2000,"                \
    " before_energy = '" ENERGY "', sends = 1, last_sent_at = '2026-01-02',"                       \
    " unknown_since_at = '2026-01-02', changed_at = UTC_TIMESTAMP(3)"
#define SENDING "UPDATE delivery SET state = 'sending', " CLAIMED " WHERE id = 61;"
#define MANUAL                                                                                     \
    "UPDATE delivery SET state = 'manual', wait_code = 'person', " CLAIMED " WHERE id = 61;"
#define FENCING                                                                                    \
    "UPDATE delivery SET state = 'fencing', fence_asked_at = '2026-01-02', fence_asked_by = 3,"    \
    " " CLAIMED " WHERE id = 61;"
#define CONFIRMED                                                                                  \
    "UPDATE delivery SET state = 'confirmed', after_count = 6, after_balance_fen = 12000,"         \
    " use_cost_fen = 0, tolerance_fen = 5, ended_at = '2026-01-02', " CLAIMED " WHERE id = 61;"    \
    "UPDATE purchase SET state = 'delivered', ended_at = '2026-01-02' WHERE id = 41;"              \
    "UPDATE payment SET disposition = 'delivered' WHERE id = 51;"
#define FROZEN                                                                                     \
    "UPDATE supply SET frozen_reason = 'count_mismatch', frozen_at = '2026-01-02',"                \
    " frozen_detail = '6, 9' WHERE id = 21;"
/* Another purchase of the same supply, in flight. */
#define OTHER_PURCHASE                                                                             \
    "INSERT INTO purchase (id, number, account_id, supply_id, epoch, mode, amount_fen, state,"     \
    " actor_kind, actor_id, paid_at) VALUES (42, 'P42', 31, 21, 2, 'meter', 700, 'paid', 'user',"  \
    " 2, '2026-01-02');"
#define OTHER_DELIVERY OTHER_DELIVERY_OF("6")
#define OTHER_DELIVERY_OF(count)                                                                   \
    OTHER_PURCHASE                                                                                 \
    "INSERT INTO delivery (id, purchase_id, supply_id, epoch, meter_id, amount_fen, state,"        \
    " purchase_count, claimed_at, claimed_by, before_serial, before_count, before_balance_fen)"    \
    " VALUES (62, 42, 21, 2, 11, 700, 'sending', " count ", '2026-01-02', 'p:100',"                \
    " '230946805578', 5,"                                                                          \
    " 2000);"
/* Another purchase of the same supply that has count 6 and is done. */
#define EARLIER_COUNT                                                                              \
    OTHER_DELIVERY                                                                                 \
    "UPDATE delivery SET state = 'fenced', fence_proof = 'zero_purchase',"                         \
    " ended_at = '2026-01-02' WHERE id = 62;"
/* The same with count 7, in flight behind delivery 61. */
#define EARLIER_IN_FLIGHT OTHER_DELIVERY_OF("7")
#define OTHER_ADJUSTMENT                                                                           \
    "INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen, state," \
    " reason, maker_id, checker_id, old_count, old_balance_fen, new_count, new_balance_fen)"       \
    " VALUES (72, 'refund', 31, 21, 2, 11, 100, 'writing', '退', 2, 1, 5, 2000, 5, 1900);"
/* Another meter takes the place of meter 11; adjustment 0 is none. */
#define SWAP_WITH(adjustment)                                                                      \
    "INSERT INTO meter_swap (id, supply_id, account_id, state, reason, maker_id, checker_id,"      \
    " old_epoch, old_meter_id, old_dead, adjustment_id) VALUES"                                    \
    " (1, 21, 31, 'emptying', '换表', 2, 1, 2, 11, FALSE, " adjustment ");"
/* Supply 21 goes over to the platform, and its money comes out of the meter. */
#define MODE_WITH(adjustment)                                                                      \
    "INSERT INTO mode_change (id, supply_id, account_id, epoch, to_mode, state, reason, maker_id," \
    " checker_id, adjustment_id) VALUES"                                                           \
    " (1, 21, 31, 2, 'platform', 'moving', '改平台', 2, 1, " adjustment ");"
/* The database was restored, and meter 11 was not compared with it yet. */
#define RESTORED                                                                                   \
    "INSERT INTO restore_run (id, restored_at, backup_name, backup_at, made_by, reason) VALUES"    \
    " (1, '2026-01-03', 'b', '2026-01-02', 'root', '坏盘');"                                     \
    "INSERT INTO restore_check (restore_id, supply_id, meter_id, epoch, our_count) VALUES"         \
    " (1, 21, 11, 2, 5);"
#define ALARMS                                                                                     \
    "INSERT INTO alarm (id, kind, object_kind, object_id, level, opened_at) VALUES"                \
    " (1, 'delivery_manual', 'supply', 21, 2, '2026-01-02'),"                                      \
    " (2, 'delivery_unknown', 'supply', 21, 2, '2026-01-02'),"                                     \
    " (3, 'delivery_manual', 'supply', 22, 2, '2026-01-02');"
#define UNVERIFIED                                                                                 \
    "UPDATE model SET maturity = 'experimental', capabilities = 'count_repeat_refused:unverified," \
    "parameters:unverified,purchase:unverified,zero_purchase:unverified';"
#define ACCEPTED                                                                                   \
    "INSERT INTO site_setting (name, value) VALUES ('accept_experimental_models', '1');"
#define NO_REPEAT "UPDATE model SET capabilities = 'purchase:proven,zero_purchase:proven';"

/* A reading of meter 11: count, balance, and energy at flat rate since the claim. */
#define READ_USED(meter_count, meter_balance_fen, used_wh)                                         \
    {                                                                                              \
        .count = (meter_count), .balance_fen = (meter_balance_fen),                                \
        .energy_wh = 100000 + (used_wh), .rate_wh = {10000, 20000, 30000 + (used_wh), 40000},      \
        .price_e4 = {12000, 10000, 8000, 5000}, .unit_wh = 10, .fee_control = true                 \
    }
#define READ(meter_count, meter_balance_fen) READ_USED(meter_count, meter_balance_fen, 0)

#endif
