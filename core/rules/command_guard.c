#include "core/rules/command_guard.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct order {
    enum command_kind kind;
    enum command_origin origin;
};

static bool by_person(struct order order)
{
    return order.origin == ORIGIN_MANUAL || order.origin == ORIGIN_LOCK_OUT;
}

static bool not_offered(const struct command_facts *facts, struct order order)
{
    if (!facts->in_service || !command_is_offered(facts->actions, order.kind)) {
        return true;
    }
    return command_kind_writes(order.kind) && facts->experimental && !facts->experimental_accepted;
}

static bool read_only_line(const struct command_facts *facts, struct order order)
{
    return command_kind_writes(order.kind) && !facts->writable_line;
}

static bool frozen_supply(const struct command_facts *facts, struct order order)
{
    return command_kind_writes(order.kind) && facts->frozen;
}

static bool locked_out(const struct command_facts *facts, struct order order)
{
    return facts->locked_out && order.kind != COMMAND_READ && order.kind != COMMAND_TRIP;
}

static bool close_by_hand(const struct command_facts *facts, struct order order)
{
    if (order.kind != COMMAND_CLOSE && order.kind != COMMAND_KEEP_ON) {
        return false;
    }
    return facts->external_control || (facts->close_by_hand && !by_person(order));
}

static bool protected_supply(const struct command_facts *facts, struct order order)
{
    return facts->protected_supply && order.kind == COMMAND_TRIP && !by_person(order);
}

static bool conflict(const struct command_facts *facts, struct order order)
{
    return order.origin == ORIGIN_KEEP_ON_END && facts->forced == FORCED_TRIP;
}

static bool stale(const struct command_facts *facts, struct order order)
{
    return order.origin == ORIGIN_AUTOMATIC && order.kind == COMMAND_TRIP && !facts->fresh;
}

static const struct {
    const char *code;
    bool (*refuses)(const struct command_facts *facts, struct order order);
} guards[] = {
    {"not_offered", not_offered},     {"read_only_line", read_only_line},
    {"frozen_supply", frozen_supply}, {"locked_out", locked_out},
    {"close_by_hand", close_by_hand}, {"protected_supply", protected_supply},
    {"conflict", conflict},           {"stale", stale},
};

const char *command_guard(const struct command_facts *facts, enum command_kind kind,
                          enum command_origin origin)
{
    assert(facts != NULL && facts->actions != NULL);
    struct order order = {.kind = kind, .origin = origin};
    for (size_t i = 0; i < ARRAY_LEN(guards); i++) {
        if (guards[i].refuses(facts, order)) {
            return guards[i].code;
        }
    }
    return "";
}

bool command_is_offered(const char *actions, enum command_kind kind)
{
    assert(actions != NULL);
    const char *name = command_kind_name(kind);
    size_t len = strlen(name);
    for (const char *at = actions; *at != '\0';) {
        size_t item = strcspn(at, ",");
        if (item == len && memcmp(at, name, len) == 0) {
            return true;
        }
        at += item;
        at += *at == ',' ? 1 : 0;
    }
    return false;
}

bool command_cuts_power(const struct command_facts *facts, enum command_kind kind)
{
    assert(facts != NULL);
    if (kind == COMMAND_TRIP) {
        return true;
    }
    return kind == COMMAND_RELEASE && facts->forced == FORCED_KEEP_ON &&
           (facts->status_bits & STATUS_BIT_ARREARS) != 0;
}

bool command_needs_second_person(const struct command_facts *facts, enum command_kind kind,
                                 enum command_origin origin)
{
    struct order order = {.kind = kind, .origin = origin};
    return facts->protected_supply && by_person(order) && command_cuts_power(facts, kind);
}
