#include "core/flow/audit_chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"

#define VERIFY_BATCH 1000
#define SEALS_MAX 4000
#define ROW_BYTES_MAX ((size_t)1 << 20)

const char *audit_verdict_name(enum audit_verdict verdict)
{
    static const char *const names[] = {"ok", "altered", "log_longer", "chain_longer",
                                        "seal_mismatch"};
    assert((size_t)verdict < ARRAY_LEN(names));
    return names[verdict];
}

/* Every column with its length before it, so that no two rows read the same. */
void audit_link_hash(const uint8_t key[32], const uint8_t previous[32],
                     const struct audit_text *row, struct arena *arena, uint8_t ret_hash[32])
{
    size_t bytes = 32;
    for (size_t i = 0; i < AUDIT_COLUMNS; i++) {
        bytes += 4 + row->lens[i];
    }
    uint8_t *canonical = arena_take(arena, bytes);
    assert(canonical != NULL && bytes < ROW_BYTES_MAX); /* TEXT columns end at 64 KiB each */
    memcpy(canonical, previous, 32);
    size_t at = 32;
    for (size_t i = 0; i < AUDIT_COLUMNS; i++) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            canonical[at++] = (uint8_t)(row->lens[i] >> shift);
        }
        memcpy(canonical + at, row->columns[i], row->lens[i]);
        at += row->lens[i];
    }
    crypto_hmac_sha256(key, 32, canonical, bytes, ret_hash);
}

struct step {
    struct arena *arena;
    const uint8_t *key;
    bool whole;
    size_t count;
};

static enum rc step_work(struct db *db, void *context)
{
    struct step *step = context;
    struct audit_link last;
    TRY(audit_chain_last(db, step->arena, true, &last));
    int64_t after_id = step->whole || last.audit_id < AUDIT_CHAIN_LOOK_BACK
                           ? 0
                           : last.audit_id - AUDIT_CHAIN_LOOK_BACK;
    struct audit_text *rows = NULL;
    step->count = 0;
    size_t count = 0;
    TRY(audit_unchained(db, step->arena, after_id, AUDIT_CHAIN_STEP_MAX, &rows, &count));
    if (count == 0) {
        return RC_OK;
    }
    struct audit_link *links = arena_take_array(step->arena, count, sizeof(*links));
    if (links == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        links[i].position = last.position + 1;
        links[i].audit_id = rows[i].id;
        audit_link_hash(step->key, last.hash, &rows[i], step->arena, links[i].hash);
        last = links[i];
    }
    enum rc rc = audit_chain_append(db, links, count);
    step->count = rc == RC_OK ? count : 0;
    return rc == RC_CONFLICT ? RC_RETRY : rc; /* another appender was first: look again */
}

enum rc audit_chain_step(struct db *db, struct arena *arena, const uint8_t key[32], bool whole,
                         size_t *ret_count)
{
    assert(db != NULL && arena != NULL && ret_count != NULL);
    struct step step = {.arena = arena, .key = key, .whole = whole};
    TRY(db_transact(db, step_work, &step));
    *ret_count = step.count;
    return RC_OK;
}

enum rc audit_chain_seal(struct db *db, struct arena *arena, const char *day, int64_t day_end_ms)
{
    struct audit_link link;
    TRY(audit_chain_before(db, arena, day_end_ms, &link));
    struct audit_seal seal = {.position = link.position};
    text_copy(seal.day, sizeof(seal.day), day);
    memcpy(seal.hash, link.hash, sizeof(seal.hash));
    enum rc rc = audit_seal_add(db, &seal);
    return rc == RC_CONFLICT ? RC_EXISTS : rc;
}

/* ---- verification */

#define SAY(out, zh, en, ...)                                                                      \
    do {                                                                                           \
        (void)snprintf((out)->text_zh, sizeof((out)->text_zh), (zh), __VA_ARGS__);                 \
        (void)snprintf((out)->text_en, sizeof((out)->text_en), (en), __VA_ARGS__);                 \
    } while (0)

/* One link against its place, its row and the one before it. RC_REFUSED ends the walk with a
 * verdict. */
static enum rc pair_check(const struct audit_pair *pair, const struct audit_link *before,
                          const uint8_t key[32], struct arena *arena,
                          struct audit_verification *out)
{
    if (pair->link.position != before->position + 1) {
        out->verdict = AUDIT_ALTERED;
        out->first_bad_id = pair->link.audit_id;
        SAY(out, "链缺少第%lld号位置", "the chain lacks position %lld",
            (long long)before->position + 1);
        return RC_REFUSED;
    }
    if (!pair->has_row) {
        out->verdict = AUDIT_CHAIN_LONGER;
        out->first_bad_id = pair->link.audit_id;
        SAY(out, "审计记录 %lld 已封链，但记录本身不见了", "audit row %lld was chained but is gone",
            (long long)pair->link.audit_id);
        return RC_REFUSED;
    }
    uint8_t hash[32];
    audit_link_hash(key, before->hash, &pair->row, arena, hash);
    if (!crypto_equal(hash, pair->link.hash, sizeof(hash))) {
        out->verdict = AUDIT_ALTERED;
        out->first_bad_id = pair->link.audit_id;
        SAY(out, "审计记录 %lld 与封链时不同", "audit row %lld is not what was chained",
            (long long)pair->link.audit_id);
        return RC_REFUSED;
    }
    return RC_OK;
}

static enum rc links_check(struct db *db, struct arena *arena, const uint8_t key[32],
                           struct audit_verification *out, struct audit_link *last)
{
    for (;;) {
        arena_reset(arena);
        struct audit_pair *pairs = NULL;
        size_t count = 0;
        TRY(audit_pairs(db, arena, last->position, VERIFY_BATCH, &pairs, &count));
        for (size_t i = 0; i < count; i++) {
            TRY(pair_check(&pairs[i], last, key, arena, out));
            *last = pairs[i].link;
            out->rows++;
        }
        if (count < VERIFY_BATCH) {
            return RC_OK;
        }
    }
}

static enum rc seals_check(struct db *db, struct arena *arena, const struct audit_link *anchor,
                           struct audit_verification *out)
{
    arena_reset(arena);
    struct audit_seal *seals = NULL;
    size_t count = 0;
    TRY(audit_seals(db, arena, SEALS_MAX, &seals, &count));
    for (size_t i = 0; i < count; i++) {
        uint8_t hash[32];
        enum rc rc = audit_hash_at(db, arena, seals[i].position, hash);
        if (rc != RC_OK && rc != RC_NOT_FOUND) {
            return rc;
        }
        if (rc == RC_NOT_FOUND || !crypto_equal(hash, seals[i].hash, sizeof(hash))) {
            out->verdict = AUDIT_SEAL_MISMATCH;
            SAY(out, "%s 的日封与链不符：链被截断或重写",
                "the seal of %s does not fit the chain: it was cut off or rewritten", seals[i].day);
            return RC_REFUSED;
        }
        text_copy(out->last_sealed_day, sizeof(out->last_sealed_day), seals[i].day);
    }
    if (anchor == NULL || anchor->position == 0) {
        return RC_OK;
    }
    uint8_t hash[32];
    enum rc rc = audit_hash_at(db, arena, anchor->position, hash);
    if (rc == RC_NOT_FOUND || (rc == RC_OK && !crypto_equal(hash, anchor->hash, sizeof(hash)))) {
        out->verdict = AUDIT_SEAL_MISMATCH;
        SAY(out, "库外锚点（位置 %lld）与链不符：链被截断或重写",
            "the anchor outside the database (position %lld) does not fit the chain: it was cut "
            "off or rewritten",
            (long long)anchor->position);
        return RC_REFUSED;
    }
    return rc;
}

static enum rc tail_check(struct db *db, struct arena *arena, struct audit_verification *out)
{
    int64_t first_id = 0;
    int64_t oldest_at_ms = 0;
    TRY(audit_unchained_count(db, arena, 0, &out->unchained, &first_id, &oldest_at_ms));
    if (out->unchained > 0 && clock_now_ms() - oldest_at_ms > AUDIT_CHAIN_LATE_MS) {
        out->verdict = AUDIT_LOG_LONGER;
        out->first_bad_id = first_id;
        SAY(out, "有%lld条审计记录未封链，最早为 %lld",
            "%lld audit rows are not chained, the first is %lld", (long long)out->unchained,
            (long long)first_id);
        return RC_REFUSED;
    }
    return RC_OK;
}

enum rc audit_chain_verify(struct db *db, struct arena *arena, const uint8_t key[32],
                           const struct audit_link *anchor,
                           struct audit_verification *ret_verification)
{
    assert(db != NULL && arena != NULL && ret_verification != NULL);
    struct audit_verification out = {.verdict = AUDIT_OK};
    struct audit_link last = {0};
    enum rc rc = links_check(db, arena, key, &out, &last);
    rc = rc == RC_OK ? seals_check(db, arena, anchor, &out) : rc;
    rc = rc == RC_OK ? tail_check(db, arena, &out) : rc;
    if (rc != RC_OK && rc != RC_REFUSED) {
        return rc;
    }
    if (rc == RC_OK) {
        SAY(&out, "审计链完好，共%lld条", "the audit log is whole: %lld rows", (long long)out.rows);
    }
    *ret_verification = out;
    return RC_OK;
}
