/*
 * One meter with everything its page shows, and the log of what happened to it.
 */
#ifndef PW_STORE_METER_DETAIL_H
#define PW_STORE_METER_DETAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/meter_list.h"

#define METER_LOG_MAX 200

struct meter_live { /* ROW_NULL where a number is not known */
    int64_t voltage_a_mv, voltage_b_mv, voltage_c_mv;
    int64_t current_a_ma, current_b_ma, current_c_ma;
    int64_t power_a_w, power_b_w, power_c_w, power_w;
    int64_t reactive_var, power_factor_milli;
    int64_t energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh, energy_valley_wh;
    int64_t max_demand_w;
    const char *max_demand_at_text; /* "" : not stored */
    int64_t status_bits;
    bool fault, over_limit, arrears, alarm1, alarm2;
    bool fee_control, load_control, time_control; /* in force, register 0225 */
    int64_t load_trip_count, load_trip_allowed;
    int64_t meter_clock_at;
};

struct meter_parameters {
    int64_t read_at;
    int64_t price_sharp_e4, price_peak_e4, price_flat_e4, price_valley_e4;
    const char *rate_now; /* as rate_name; NULL: the meter's tables are not known or broken */
    int64_t price_now_e4; /* of that rate, else of the flat rate */
    int64_t tables_read_at;
    int64_t alarm1_fen, alarm2_fen, overdraft_fen;
    bool fee_control_enabled;
    int64_t run_word;
    bool encrypted;
};

struct named_row {
    int64_t id;
    const char *code;
    const char *name;
};

struct meter_line {
    int64_t id;
    const char *code;
    const char *name;
    bool read_only;
};

struct meter_errors {
    int64_t timeouts, crc, foreign, late, exceptions;
};

struct meter_detail {
    struct meter_row row;
    const char *serial_number;
    const char *model_code;
    const char *model_name;
    const char *maturity;     /* experimental, accepted */
    const char *capabilities; /* "name:proven,name:unverified" */
    int64_t address;
    const struct meter_line *line;
    const struct named_row *gateway;
    const char *room; /* names; "" where there is none */
    const char *building;
    const char *floor;
    int64_t ct_ratio, pt_ratio;
    bool external_control;
    int64_t epoch;
    const char *billing_mode;                  /* meter, platform */
    const struct meter_live *live;             /* NULL: never read */
    const struct meter_parameters *parameters; /* NULL: never read */
    const struct meter_errors *errors;
};

/* RC_NOT_FOUND. */
enum rc meter_detail_get(struct db *db, struct arena *arena,
                         const struct meter_list_question *question, int64_t meter_id,
                         struct meter_detail *ret_detail) MUST_CHECK;

struct meter_log_row {
    int64_t at;
    const char *kind;       /* command, lock_out, alarm, approval */
    const char *code;       /* kind of order, alarm or approval; "lock_out", "lift" */
    const char *actor_name; /* "" for the system */
    const char *state;
    const char *reason;
    const char *detail;
    int64_t command_id; /* ROW_NULL unless kind is command */
};

/* What happened to the meter's supply, newest first. before_ms: only older rows (0: from the
   newest); skip: rows of exactly that time already shown. Brings one row more than limit when there
   are more. */
enum rc meter_log(struct db *db, struct arena *arena, int64_t meter_id, int64_t before_ms,
                  int64_t skip, size_t limit, struct meter_log_row **ret_rows,
                  size_t *ret_count) MUST_CHECK;

#endif
