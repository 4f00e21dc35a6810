/* paywattctl check: every invariant, and the audit chain. */
#include <stdio.h>

#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/audit_anchor.h"
#include "core/flow/audit_chain.h"
#include "core/store/invariant.h"
#include "ctl/ctl.h"

#define CHAIN_ARENA_BYTES ((size_t)64 << 20)

/* The number of invariants that do not hold; -1 when the database did not say. */
static int invariants_run(struct ctl *ctl, size_t *ret_count)
{
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&problem, 4096);
    struct invariant *invariants = NULL;
    if (invariants_load(config_text(ctl->config, CONFIG_paths_schema), &ctl->arena, &problem,
                        &invariants, ret_count) != RC_OK) {
        (void)ctl_fail("%s", text_string(&problem));
        return -1;
    }
    int broken = 0;
    for (size_t i = 0; i < *ret_count; i++) {
        const char **offenders = NULL;
        size_t count = 0;
        if (invariant_check(ctl->db, &ctl->arena, &invariants[i], &offenders, &count) != RC_OK) {
            (void)ctl_fail("%s cannot be checked: %s", invariants[i].name, db_error(ctl->db));
            return -1;
        }
        if (count > 0) {
            broken++;
            (void)printf("BROKEN %s: %s %s\n", invariants[i].name, invariants[i].en,
                         invariants[i].zh);
        }
        for (size_t k = 0; k < count; k++) {
            (void)printf("    %s\n", offenders[k]);
        }
    }
    return broken;
}

/* The chain, if this user may read its key. */
static int chain_check(struct ctl *ctl)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    const char *path = config_text(ctl->config, CONFIG_security_audit_key_file);
    if (config_secret_key(ctl->config, CONFIG_security_audit_key_file, key, &why) != RC_OK) {
        (void)printf("not checked audit_chain: %s: %s\n", path, why);
        return 0;
    }
    struct audit_link anchor;
    struct audit_verification verification;
    enum rc anchored = audit_anchor_read(config_text(ctl->config, CONFIG_paths_state), &anchor);
    struct arena arena __attribute__((cleanup(arena_release)));
    arena_init(&arena, CHAIN_ARENA_BYTES); /* the invariants' texts live in the other one */
    enum rc rc =
        audit_chain_verify(ctl->db, &arena, key, anchored == RC_OK ? &anchor : NULL, &verification);
    crypto_wipe(key, sizeof(key));
    if (rc != RC_OK) {
        (void)ctl_fail("the audit log cannot be read: %s", db_error(ctl->db));
        return -1;
    }
    if (verification.verdict != AUDIT_OK) {
        (void)printf(
            "BROKEN audit_chain: the audit log is whole and as it was written\n    %s: %s\n",
            audit_verdict_name(verification.verdict), verification.text_en);
    }
    return verification.verdict != AUDIT_OK;
}

int ctl_check(struct ctl *ctl)
{
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    size_t count = 0;
    int broken = invariants_run(ctl, &count);
    int chain = broken < 0 ? -1 : chain_check(ctl);
    if (broken < 0 || chain < 0) {
        return CTL_FAILED;
    }
    (void)printf("%zu invariants checked, %d broken\n", count + 1, broken + chain);
    return broken + chain == 0 ? CTL_DONE : CTL_FAILED;
}
