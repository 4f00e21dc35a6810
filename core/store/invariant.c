#include "core/store/invariant.h"

#include <assert.h>

#define LIMIT " LIMIT 20"

static const struct invariant invariants[] = {
    {"one_lock_out", "a supply has at most one active lock-out",
     "SELECT CONCAT('supply ', supply_id, ' has ', COUNT(*)) FROM lock_out"
     " WHERE state = 'active' GROUP BY supply_id HAVING COUNT(*) > 1" LIMIT},
    {"one_keep_on", "a supply has at most one active keep-on",
     "SELECT CONCAT('supply ', supply_id, ' has ', COUNT(*)) FROM keep_on"
     " WHERE state = 'active' GROUP BY supply_id HAVING COUNT(*) > 1" LIMIT},
    {"keep_on_not_locked_out", "no supply is locked out and kept on at once",
     "SELECT CONCAT('supply ', k.supply_id) FROM keep_on k JOIN lock_out o"
     " ON o.supply_id = k.supply_id AND o.state = 'active' WHERE k.state = 'active'"
     " AND k.until_at > UTC_TIMESTAMP(3)" LIMIT},
    {"keep_on_ends", "an expired keep-on is ended within an hour",
     "SELECT CONCAT('supply ', supply_id, ' since ', until_at) FROM keep_on"
     " WHERE state = 'active' AND until_at < UTC_TIMESTAMP(3) - INTERVAL 1 HOUR" LIMIT},
    {"keep_on_ordered", "every keep-on comes from a keep-on order of its supply",
     "SELECT CONCAT('keep-on ', k.id) FROM keep_on k JOIN command c ON c.id = k.command_id"
     " WHERE c.kind <> 'keep_on' OR c.supply_id <> k.supply_id" LIMIT},
    {"order_ends", "an order whose time is over does not stay pending or taken",
     "SELECT CONCAT('order ', id, ' (', state, ') since ', expires_at) FROM command"
     " WHERE state IN ('pending', 'taken') AND expires_at < UTC_TIMESTAMP(3) - INTERVAL 5 "
     "MINUTE" LIMIT},
    {"order_outcome", "an order that was sent is decided, or named unknown, within ten minutes",
     "SELECT CONCAT('order ', id, ' sent ', sent_at) FROM command"
     " WHERE state = 'sent' AND sent_at < UTC_TIMESTAMP(3) - INTERVAL 10 MINUTE" LIMIT},
    {"order_times", "an order's times follow its life: asked, taken, sent, ended",
     "SELECT CONCAT('order ', id) FROM command WHERE taken_at < requested_at - INTERVAL 1 SECOND"
     " OR sent_at < taken_at OR (sent_at IS NOT NULL AND sent_at > expires_at + INTERVAL 1 SECOND)"
     " OR (state IN ('confirmed', 'refused', 'superseded', 'expired', 'cancelled'))"
     "  <> (ended_at IS NOT NULL AND state <> 'unknown')" LIMIT},
    {"order_proof", "a confirmed order that writes was sent and carries its evidence",
     "SELECT CONCAT('order ', id) FROM command WHERE state = 'confirmed' AND kind <> 'read'"
     " AND evidence IS NULL" LIMIT},
    {"order_meter", "an order goes to a meter that fed its supply",
     "SELECT CONCAT('order ', c.id) FROM command c JOIN supply s ON s.id = c.supply_id"
     " WHERE c.epoch = s.epoch AND c.meter_id <> s.meter_id" LIMIT},
    {"order_reason", "every order given by a person names the person and the reason",
     "SELECT CONCAT('order ', id) FROM command WHERE origin = 'manual'"
     " AND (requested_by IS NULL OR reason = '')" LIMIT},
    {"four_eyes", "nobody approves what he asked for",
     "SELECT CONCAT('approval ', id) FROM approval WHERE state = 'approved'"
     " AND (checker_id IS NULL OR checker_id = maker_id)" LIMIT},
    {"meter_address", "two meters in service never share an address on a line",
     "SELECT CONCAT('line ', line_id, ' address ', address) FROM meter"
     " WHERE state = 'in_service' GROUP BY line_id, address HAVING COUNT(*) > 1" LIMIT},
    {"meter_serial", "a serial number belongs to one meter in service",
     "SELECT CONCAT('serial number ', serial_number) FROM meter WHERE state = 'in_service'"
     " AND serial_number <> '' GROUP BY serial_number HAVING COUNT(*) > 1" LIMIT},
    {"meter_supplied", "every supply is fed by a meter in service",
     "SELECT CONCAT('supply ', s.id, ' hangs on meter ', m.number) FROM supply s"
     " JOIN meter m ON m.id = s.meter_id WHERE m.state <> 'in_service'" LIMIT},
    {"state_of_meter", "every last value belongs to a meter that exists",
     "SELECT CONCAT('meter ', s.meter_id) FROM meter_state s LEFT JOIN meter m"
     " ON m.id = s.meter_id WHERE m.id IS NULL" LIMIT},
    {"state_not_ahead", "no last value is from the future",
     "SELECT CONCAT('meter ', meter_id, ' taken ', taken_at) FROM meter_state"
     " WHERE taken_at > UTC_TIMESTAMP(3) + INTERVAL 5 MINUTE" LIMIT},
    {"open_partitions", "the history has a partition for this month and the next",
     "SELECT CONCAT('no partition p_', DATE_FORMAT(n.month, '%Y%m')) FROM"
     " (SELECT UTC_DATE() AS month UNION ALL SELECT UTC_DATE() + INTERVAL 1 MONTH) n"
     " WHERE NOT EXISTS (SELECT 1 FROM information_schema.PARTITIONS"
     "  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'reading'"
     "  AND PARTITION_NAME = CONCAT('p_', DATE_FORMAT(n.month, '%Y%m')))" LIMIT},
    {"line_writable", "a writable line names when it was made so",
     "SELECT CONCAT('line ', code) FROM line WHERE writable AND writable_at IS NULL" LIMIT},
    {"administrator", "there is an administrator who can log in, once there are users",
     "SELECT 'no active administrator' FROM (SELECT COUNT(*) AS users,"
     " SUM(u.state = 'active' AND r.code = 'administrator') AS administrators FROM user u"
     " JOIN role r ON r.id = u.role_id) n WHERE n.users > 0 AND n.administrators = 0" LIMIT},
};

size_t invariants_count(void)
{
    return ARRAY_LEN(invariants);
}

const struct invariant *invariant_at(size_t index)
{
    assert(index < ARRAY_LEN(invariants));
    return &invariants[index];
}

enum rc invariant_check(struct db *db, struct arena *arena, size_t index,
                        const char ***ret_offenders, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, invariant_at(index)->sql, DB_NO_ARGS, INVARIANT_OFFENDERS_MAX, &rows));
    const char **offenders = arena_take_array(arena, rows.count + 1, sizeof(*offenders));
    if (offenders == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        offenders[i] = db_get_text(&rows, i, 0);
    }
    *ret_offenders = offenders;
    *ret_count = rows.count;
    return RC_OK;
}
