/*
 * One simulated prepaid meter, DTSY1352-NK or DDSY1352: money, energy, relays, and the truth about
 * them.
 *
 * All amounts are exact integers: money in fen with the rest of the charge kept, energy in
 * millijoule. Energy, power and current are primary values here; the registers show secondary ones
 * (divided by CT and PT). Time comes from the caller (struct meter_time); a meter only moves in
 * meter_advance, which every other function that acts expects to have been called for the same
 * time. Nothing here knows of wires or frames.
 *
 *   relay of a phase:   closed --order open--> travelling --travel ends--> open, and back the same
 * way external control:   relay bits show the order; the breaker opens SHUNT_MS after them, and
 * closes only by hand
 *
 * Order of calls: meter_init, then any, meter_release.
 */
#ifndef PW_SIM_FIELD_METER_H
#define PW_SIM_FIELD_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "sim/field/load.h"
#include "sim/field/park.h"

#define METER_PHASES 3
#define METER_ALL_PHASES 7u
#define METER_RATES 4
#define METER_SHUNT_MS 200     /* from the order to the opened external breaker */
#define METER_RESTART_MS 2000  /* after a power cut */
#define METER_EVENTS_MAX 64    /* newest kept */
#define METER_APPLIED_MAX 2048 /* different (life, count, amount); more are counted, not kept */
#define METER_DEMAND_MS 900000 /* the demand window */
#define METER_DAY_TABLE_BYTES 42
#define METER_ZONES_BYTES 12
#define METER_MJ_PER_WH 3600000

enum meter_capability {
    METER_ZERO_PURCHASE = 1,        /* a purchase of nothing burns the count */
    METER_LAST_AMOUNT = 2,          /* 0x0419 holds the amount of the last purchase */
    METER_REPEAT_REFUSED = 4,       /* a repeated count credits nothing */
    METER_GAP_REFUSED = 8,          /* only the next count is accepted */
    METER_FEE_CONTROL_WRITTEN = 32, /* 0200 switches fee control */
    METER_HOARD_REFUSED = 16,       /* a purchase past the hoarding limit is refused */
};

enum meter_purchase_result {
    METER_CREDITED = 0,
    METER_REPEAT = 1,
    METER_COUNT_WRONG = 2,
    METER_OVER_HOARD = 3,
    METER_ZERO_REFUSED = 4,
};

enum meter_event_kind {
    METER_EVENT_PURCHASE,     /* a count, b amount */
    METER_EVENT_REFUSED,      /* a count, b result */
    METER_EVENT_FOREIGN,      /* a count, b amount: bought past us */
    METER_EVENT_POWER_CUT,    /* a count of the purchase, b amount */
    METER_EVENT_PARAMETERS,   /* a balance, b count after it */
    METER_EVENT_FORCED,       /* a phases, b 0 automatic, 1 close, 2 trip */
    METER_EVENT_RELAY_OPEN,   /* a phase */
    METER_EVENT_RELAY_CLOSED, /* a phase */
    METER_EVENT_BREAKER_OPEN,
    METER_EVENT_BREAKER_CLOSED,
    METER_EVENT_CLOCK,    /* a offset */
    METER_EVENT_SET,      /* by the control socket */
    METER_EVENT_SWAP,     /* a life */
    METER_EVENT_REGISTER, /* a register written, b first value */
    METER_EVENT__MAX
};

struct meter_event {
    int64_t at_ms;
    enum meter_event_kind kind;
    int64_t a;
    int64_t b;
};

struct meter_applied { /* how often a purchase was credited */
    int64_t life;
    int64_t count;
    int64_t amount_fen;
    int64_t times;
    int64_t foreign; /* 1: not by a frame */
};

struct meter_relay {
    bool closed;
    bool order_closed;
    int64_t due_ms; /* end of the travel, 0 = still */
};

struct meter_time {
    int64_t now_ms;         /* UTC */
    int64_t zone_offset_ms; /* site's zone */
    int64_t speed;          /* use of energy runs so many times as fast */
    int64_t relay_travel_ms;
};

struct meter_frames { /* seen by this meter, whatever became of them */
    int64_t read;     /* 03 */
    int64_t write;    /* 10 */
    int64_t private;  /* 20 */
    int64_t other;
    int64_t answered;
};

struct meter {
    struct park_meter park; /* as installed; serial number and ratios may be changed by frames */
    struct load load;
    int64_t seed;
    int64_t life;                   /* 1, then one more each swap */
    int64_t now_ms;                 /* time reached */
    int64_t dark_until_ms;          /* without power: silent */
    int64_t clock_offset_ms;        /* of the meter's own clock against the site's */
    int64_t load_override_w;        /* -1: by the curve */
    int64_t energy_mj[METER_RATES]; /* sharp peak flat valley */
    int64_t base_energy_cwh;
    int64_t balance_fen;
    int64_t charge_rest; /* price * mJ not yet a fen */
    int64_t count;
    int64_t last_amount_fen;
    int64_t price_e4[METER_RATES];
    int64_t alarm_fen[2];
    int64_t overdraft_fen;
    int64_t hoard_fen;
    int64_t fee_control;
    int64_t run_word;
    int64_t code_word; /* the "password" register */
    int64_t relay_output;
    int64_t capabilities;
    int64_t demand_window; /* number of the window being measured */
    int64_t demand_mj;     /* used in it */
    int64_t max_demand_w;
    int64_t max_demand_civil_ms;
    int64_t load_trips;
    int64_t forced_enable; /* bit a phase */
    int64_t forced_trip;   /* bit a phase */
    struct meter_relay relays[METER_PHASES];
    bool breaker_closed;
    int64_t breaker_due_ms;
    int64_t relay_stuck;   /* 1: orders are taken, the relay does not move */
    int64_t breaker_stuck; /* 1: the shunt trip does not open the breaker */
    uint8_t zones[METER_ZONES_BYTES];
    uint8_t day_tables[2][METER_DAY_TABLE_BYTES];
    uint8_t links[2][10]; /* 0360 and 0365 as written */
    uint8_t long_serial[14];
    struct meter_frames frames;
    struct meter_event events[METER_EVENTS_MAX]; /* ring */
    uint32_t events_total;
    struct meter_applied *applied;
    uint32_t applied_len;
    int64_t applied_lost;
    bool urgent; /* must be stored before an answer leaves; the keeper clears it */
};

/* A meter as found on a running site: some energy, some money, by seed. */
void meter_init(struct meter *meter, const struct park_meter *park, uint64_t seed,
                const struct meter_time *time);
void meter_release(struct meter *meter);
/* Lets time pass: energy, money, alarms, relays. Going backwards does nothing. */
void meter_advance(struct meter *meter, const struct meter_time *time);
/* Judges and applies a purchase. power_cut: the power fails after the purse, before the count. */
enum meter_purchase_result meter_purchase(struct meter *meter, int64_t amount_fen, int64_t count,
                                          bool power_cut, const struct meter_time *time);
/* Somebody bought by another way: next count, credited. */
void meter_foreign_purchase(struct meter *meter, int64_t amount_fen, const struct meter_time *time);
/* Forced control of the phases in mask: enable and trip, or close, or automatic. */
void meter_force(struct meter *meter, unsigned mask, bool enable, bool trip,
                 const struct meter_time *time);
/* A hand closes the external breaker. RC_REFUSED: no external breaker, or its trip order stands. */
enum rc meter_hand_close(struct meter *meter, const struct meter_time *time) MUST_CHECK;
/* Another meter at the same address: new serial number (12 digits), fresh counters, relay closed.
 */
void meter_swap(struct meter *meter, const char *serial_number, const struct meter_time *time);
/* Looks at the orders again after somebody changed balance or parameters. */
void meter_decide(struct meter *meter, const struct meter_time *time);
/* Adds to the journal. */
void meter_note(struct meter *meter, const struct meter_time *time, enum meter_event_kind kind,
                int64_t a, int64_t b);
/* Name of an event kind: "purchase". Never NULL. */
const char *meter_event_name(enum meter_event_kind kind);
/* Counts one more credit of a purchase in the truth. */
void meter_count_applied(struct meter *meter, int64_t life, int64_t count, int64_t amount_fen,
                         int64_t times, bool foreign);
/* Credits of all purchases together. */
int64_t meter_credits(const struct meter *meter);
/* The meter's own civil clock. */
int64_t meter_clock_ms(const struct meter *meter, const struct meter_time *time);
/* Rate in force: 0 sharp, 1 peak, 2 flat, 3 valley. */
int meter_rate(const struct meter *meter, int64_t civil_ms);
/* Primary power through each phase now, with open phases at 0; returns their sum. */
int64_t meter_power_w(const struct meter *meter, const struct meter_time *time,
                      int64_t phase_w[METER_PHASES]);
bool meter_is_single_phase(const struct meter *meter);
bool meter_is_external(const struct meter *meter);
/* Alarm bits: 1 arrears, 2 ALM1, 4 ALM2. */
unsigned meter_alarms(const struct meter *meter);

#endif
