/* Recomputes the chain; the portal shows the kept verdict, because web workers do not hold the key.
 */
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/audit_anchor.h"
#include "core/flow/audit_verification.h"
#include "jobs/job.h"

/* Rounds between two verdicts; the first comes when the chain has caught up after a start. */
#define EVERY_ROUNDS 40

enum rc job_audit_verify(struct job *job)
{
    if (job->round % EVERY_ROUNDS != 1) {
        return RC_OK;
    }
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    enum rc rc = config_secret_key(job->config, CONFIG_security_audit_key_file, key, &why);
    if (rc != RC_OK) {
        text_printf(&job->why, "%s: %s", config_text(job->config, CONFIG_security_audit_key_file),
                    why);
        return rc;
    }
    struct audit_link anchor;
    rc = audit_anchor_read(config_text(job->config, CONFIG_paths_state), &anchor);
    struct audit_verification verification;
    rc = audit_chain_verify(job->db, &job->arena, key, rc == RC_OK ? &anchor : NULL, &verification);
    crypto_wipe(key, sizeof(key));
    TRY(rc);
    if (verification.verdict != AUDIT_OK) {
        text_printf(&job->said, "%s: %s", audit_verdict_name(verification.verdict),
                    verification.text_en);
    }
    return audit_verification_keep(job->db, &verification, clock_now_ms());
}
