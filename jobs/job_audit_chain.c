/* Chains new audit rows. The first round, and one every ten minutes, looks at the whole log. */
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/audit_anchor.h"
#include "core/flow/audit_chain.h"
#include "core/store/alarm.h"
#include "jobs/job.h"

#define WHOLE_MS 600000
#define STEPS_MAX 50 /* of AUDIT_CHAIN_STEP_MAX rows in one round */

static enum rc alarm_look(struct job *job, int64_t after_id)
{
    int64_t count = 0;
    int64_t first_id = 0;
    int64_t oldest_at_ms = 0;
    TRY(audit_unchained_count(job->db, &job->arena, after_id, &count, &first_id, &oldest_at_ms));
    if (count == 0 || clock_now_ms() - oldest_at_ms <= AUDIT_CHAIN_LATE_MS) {
        return alarm_close(job->db, ALARM_AUDIT_UNCHAINED, "audit", 0);
    }
    const char *detail = arena_printf(&job->arena, "%lld rows wait, the first is %lld",
                                      (long long)count, (long long)first_id);
    return alarm_open(job->db, ALARM_AUDIT_UNCHAINED, "audit", 0, detail == NULL ? "" : detail);
}

enum rc job_audit_chain(struct job *job)
{
    static _Atomic int64_t whole_at_ms; /* monotonic; only this job's thread uses it */
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    enum rc rc = config_secret_key(job->config, CONFIG_security_audit_key_file, key, &why);
    if (rc != RC_OK) {
        text_printf(&job->why, "%s: %s", config_text(job->config, CONFIG_security_audit_key_file),
                    why);
        /* Rows wait meanwhile: that must show in the portal too. */
        enum rc told = alarm_look(job, 0);
        return told == RC_OK ? rc : told;
    }
    bool whole = job->round == 0 || clock_monotonic_ms() - whole_at_ms >= WHOLE_MS;
    size_t count = AUDIT_CHAIN_STEP_MAX;
    for (int i = 0; i < STEPS_MAX && rc == RC_OK && count == AUDIT_CHAIN_STEP_MAX; i++) {
        arena_reset(&job->arena);
        rc = audit_chain_step(job->db, &job->arena, key, whole, &count);
    }
    crypto_wipe(key, sizeof(key));
    TRY(rc);
    struct audit_link head;
    TRY(audit_chain_last(job->db, &job->arena, false, &head));
    int64_t after_id =
        whole || head.audit_id < AUDIT_CHAIN_LOOK_BACK ? 0 : head.audit_id - AUDIT_CHAIN_LOOK_BACK;
    TRY(alarm_look(job, after_id));
    if (whole) {
        whole_at_ms = clock_monotonic_ms();
        char hex[CRYPTO_HASH_HEX_BYTES];
        text_printf(&job->said, "anchor %lld %s", (long long)head.position,
                    crypto_hex(head.hash, sizeof(head.hash), hex));
        return audit_anchor_write(config_text(job->config, CONFIG_paths_state), &head);
    }
    return RC_OK;
}
