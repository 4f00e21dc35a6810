/* Platform certificates of WeChat Pay: asked for every six hours, at once when none is held. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/pay/wechat.h"
#include "jobs/pay_own.h"

#define ASK_MS (INT64_C(6) * 3600 * 1000)
#define AGAIN_MS (INT64_C(5) * 60000)

enum rc pay_certificates_start(struct pay_desk *desk, bool *ret_any)
{
    struct job *job = desk->job;
    const struct pay_merchant *merchant = pay_merchant_of(desk->pay, PAY_WECHAT);
    int64_t now_ms = clock_monotonic_ms();
    struct http_request request;
    if (merchant == NULL || now_ms < desk->certificates_at_ms ||
        config_text(job->config, CONFIG_pay__wechat_certificate_directory)[0] == '\0') {
        return RC_OK;
    }
    struct pay_slot *slot = pay_slot_take(desk, PAY_WECHAT);
    if (slot == NULL) {
        return RC_OK;
    }
    *ret_any = true;
    slot->matter = PAY_MATTER_CERTIFICATES;
    desk->certificates_at_ms = now_ms + AGAIN_MS;
    enum rc rc = wechat_certificates_ask(merchant, &slot->arena, clock_now_ms(), &request);
    rc = rc == RC_OK ? pay_carry(slot, &request) : rc;
    if (rc != RC_OK) {
        pay_slot_give(slot);
    }
    return rc;
}

/* As a whole or not at all: the notify workers read the folder when they meet an unknown key. */
static enum rc write_file(struct arena *arena, const char *directory,
                          const struct wechat_certificate *certificate)
{
    const char *path = arena_printf(arena, "%s/%s.pem", directory, certificate->serial);
    const char *fresh = path == NULL ? NULL : arena_printf(arena, "%s.new", path);
    if (fresh == NULL) {
        return RC_MEMORY;
    }
    size_t len = strlen(certificate->pem);
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = file >= 0 && write(file, certificate->pem, len) == (ssize_t)len;
    written = file >= 0 && fsync(file) == 0 && written;
    written = file >= 0 && close(file) == 0 && written;
    if (!written || rename(fresh, path) != 0) {
        (void)unlink(fresh);
        return RC_IO;
    }
    return RC_OK;
}

enum rc pay_certificates_heard(struct pay_slot *slot, const struct http_answer *answer)
{
    struct pay_desk *desk = slot->desk;
    const char *directory =
        config_text(desk->job->config, CONFIG_pay__wechat_certificate_directory);
    struct wechat_certificates read;
    TRY(wechat_certificates_read(pay_merchant_of(desk->pay, PAY_WECHAT), &slot->arena, answer,
                                 clock_now_ms(), &read));
    if (read.refusal != PAY_FINE) {
        pay_say(desk, "wechat: platform certificates not taken: %s %s",
                pay_refusal_code(read.refusal), read.code);
        return RC_OK;
    }
    for (size_t i = 0; i < read.count; i++) {
        if (write_file(&slot->arena, directory, &read.list[i]) != RC_OK) {
            pay_say(desk, "wechat: a platform certificate cannot be written to %s", directory);
            return RC_OK;
        }
    }
    desk->certificates_at_ms = clock_monotonic_ms() + ASK_MS;
    return pay_refresh(desk->pay, clock_now_ms());
}
