/*
 * May this account buy this much now, and may this delivery be claimed now? Both are asked twice:
 * when the phone or counter offers it, and again under the row lock.
 */
#ifndef PW_RULES_PURCHASE_GUARD_H
#define PW_RULES_PURCHASE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/delivery_state.h"
#include "core/rules/payment_state.h"

#define PURCHASE_COUNT_MAX 65535 /* register 0221 has 16 bits; the last count is never passed */

enum purchase_verdict {
    PURCHASE_ACCOUNT_CLOSED, /* or not open yet */
    PURCHASE_NOT_PREPAID,    /* postpaid, vacant and own-use accounts buy nothing */
    PURCHASE_WRONG_SUPPLY,   /* the supply is not, or no longer, the account's */
    PURCHASE_NOT_POSITIVE,
    PURCHASE_BELOW_MINIMUM,
    PURCHASE_ABOVE_MAXIMUM, /* one sale, site setting */
    PURCHASE_OVER_HOARD,    /* balance + what is on its way + amount above 囤积 */
    PURCHASE_OK,
    PURCHASE_VERDICT__MAX
};

/* Said before money is taken; they do not forbid. */
#define PURCHASE_WARN_SILENT (1u << 0)     /* the meter does not answer: power may come late */
#define PURCHASE_WARN_STALE (1u << 1)      /* the balance shown is old */
#define PURCHASE_WARN_FROZEN (1u << 2)     /* a person must look first */
#define PURCHASE_WARN_READ_ONLY (1u << 3)  /* the line is read-only */
#define PURCHASE_WARN_BY_HAND (1u << 4)    /* a person must close the breaker after payment */
#define PURCHASE_WARN_ON_ITS_WAY (1u << 5) /* an earlier purchase is not in the meter yet */
#define PURCHASE_WARNINGS 6

struct purchase_facts {
    bool account_open;
    bool prepaid; /* 预付费 or 临时 */
    bool supply_fits;
    int64_t amount_fen;
    int64_t min_fen;        /* 1 .. */
    int64_t max_fen;        /* min_fen .. MONEY_MAX_FEN */
    int64_t hoard_fen;      /* 0: no limit */
    int64_t balance_fen;    /* last known; below zero: debt */
    int64_t on_its_way_fen; /* paid and not in the meter yet, >= 0 */
    bool meter_silent;
    bool balance_stale;
    bool frozen;
    bool read_only_line;
    bool by_hand;
};

enum purchase_verdict purchase_guard(const struct purchase_facts *facts);
/* "over_hoard". Never NULL. */
const char *purchase_verdict_code(enum purchase_verdict verdict);
/* The warnings that hold, as bits PURCHASE_WARN_*. */
unsigned purchase_warnings(const struct purchase_facts *facts);
/* "silent" of bit 0 .. "on_its_way" of bit PURCHASE_WARNINGS - 1. Never NULL. */
const char *purchase_warning_code(int bit);
/* The most that may be bought now under max and hoarding limit; 0 when nothing may. */
int64_t purchase_room_fen(const struct purchase_facts *facts);

/* Power after payment: who can tell that it is there? Written order. */
enum power_verdict {
    POWER_KNOWN,        /* somebody or a reading said so already */
    POWER_NOT_IN_METER, /* the money is not where it could switch anything */
    POWER_BY_READING,   /* the meter's own relay and current tell */
    POWER_BY_PERSON,    /* a person closes the breaker, and may say so */
    POWER_VERDICT__MAX
};

struct power_facts {
    bool known;
    enum purchase_state state;
    bool by_hand; /* external breaker, or marked so; the purchase's meter still feeds the supply */
};

enum power_verdict power_guard(const struct power_facts *facts);

/* What the poller asks when it claims a delivery, under the row lock of the supply, with the meter
   just read. Written order. What the verdict means for the delivery: claim_outcome. */
enum claim_verdict {
    CLAIM_NOT_PENDING,   /* somebody else moved it */
    CLAIM_NOT_PAID,      /* its payment is not settled */
    CLAIM_WRONG_AMOUNT,  /* the delivery's amount is not the settled payment's */
    CLAIM_ABOVE_CEILING, /* the site's ceiling for one delivery */
    CLAIM_WRONG_EPOCH,   /* supply, meter or epoch changed since it was paid */
    CLAIM_SLOT_TAKEN,    /* another delivery or adjustment is in flight */
    CLAIM_FROZEN,
    CLAIM_RESTORE_CHECK,   /* after a restore its meter was not yet compared with the books */
    CLAIM_READ_ONLY,       /* the line is read-only */
    CLAIM_NOT_OFFERED,     /* the model has no purchase, or it is experimental and not accepted */
    CLAIM_NOT_READ,        /* no reading of this very moment */
    CLAIM_SERIAL_MISMATCH, /* another meter answers */
    CLAIM_COUNT_MISMATCH,  /* the meter's count is not ours minus one */
    CLAIM_COUNT_SPENT,     /* no count left in 16 bits */
    CLAIM_OVER_HOARD,      /* the meter would refuse it */
    CLAIM_OK,
    CLAIM_VERDICT__MAX
};

struct claim_facts {
    enum delivery_state state;
    bool has_count;
    bool payment_settled;
    int64_t payment_amount_fen; /* re-read from the settled payment */
    int64_t amount_fen;         /* of the delivery */
    int64_t ceiling_fen;        /* > 0 */
    bool epoch_fits;            /* supply, meter and epoch are still those of the purchase */
    bool slot_taken;
    bool frozen;
    bool restore_pending;
    bool writable_line;
    bool offered;
    bool just_read;
    bool serial_fits;
    int64_t meter_count; /* as just read */
    int64_t our_count;   /* opening count of the epoch + counts spent in it + 1 */
    int64_t balance_fen; /* as just read */
    int64_t hoard_fen;   /* 0: no limit */
};

/* What becomes of the delivery: it stays as it is and is tried again, waits for room, goes to a
   person, or the supply is frozen with it. */
enum claim_outcome { CLAIM_GOES, CLAIM_WAITS, CLAIM_HOLDS, CLAIM_TO_PERSON, CLAIM_FREEZES };

enum claim_verdict claim_guard(const struct claim_facts *facts);
/* "count_mismatch". Never NULL. */
const char *claim_verdict_code(enum claim_verdict verdict);
enum claim_outcome claim_outcome(enum claim_verdict verdict);

#endif
