/* paywattctl audit verify */
#include <stdio.h>

#include "core/base/crypto.h"
#include "core/flow/audit_anchor.h"
#include "core/flow/audit_chain.h"
#include "ctl/ctl.h"

struct note {
    struct ctl *ctl;
    const char *after;
};

static enum rc note_work(struct db *db, void *context)
{
    const struct note *note = context;
    return ctl_audit(note->ctl, db, "audit.verify", "audit", 0, "", "", "", note->after);
}

int ctl_audit_verify(struct ctl *ctl)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    if (config_secret_key(ctl->config, CONFIG_security_audit_key_file, key, &why) != RC_OK) {
        return ctl_fail("%s: %s", config_text(ctl->config, CONFIG_security_audit_key_file), why);
    }
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    struct audit_link anchor;
    struct audit_verification verification;
    enum rc anchored = audit_anchor_read(config_text(ctl->config, CONFIG_paths_state), &anchor);
    enum rc rc = audit_chain_verify(ctl->db, &ctl->arena, key, anchored == RC_OK ? &anchor : NULL,
                                    &verification);
    crypto_wipe(key, sizeof(key));
    if (rc != RC_OK) {
        return ctl_fail("the audit log cannot be read: %s", db_error(ctl->db));
    }
    (void)printf("%s: %s\n", audit_verdict_name(verification.verdict), verification.text_en);
    (void)printf("%lld rows checked, %lld not chained yet, last sealed day %s, anchor %s\n",
                 (long long)verification.rows, (long long)verification.unchained,
                 verification.last_sealed_day[0] == '\0' ? "none" : verification.last_sealed_day,
                 anchored == RC_OK ? "found" : "not found");
    const char *after =
        arena_printf(&ctl->arena, "{\"verdict\":\"%s\",\"rows\":%lld}",
                     audit_verdict_name(verification.verdict), (long long)verification.rows);
    struct note note = {.ctl = ctl, .after = after == NULL ? "" : after};
    if (db_transact(ctl->db, note_work, &note) != RC_OK) {
        return ctl_fail("the verification could not be noted in the audit log: %s",
                        db_error(ctl->db));
    }
    return verification.verdict == AUDIT_OK ? CTL_DONE : CTL_FAILED;
}
