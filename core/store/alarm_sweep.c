#include "core/store/alarm_sweep.h"

#include "core/base/clock.h"
#include "core/rules/alarm.h"

/* One open and one close statement, each with its time twice or thrice; counts what each did. */
static enum rc pair_run(struct db *db, enum alarm_kind kind, const char *open_sql,
                        const char *close_sql, int64_t before_ms, int64_t *ret_opened,
                        int64_t *ret_closed)
{
    struct db_outcome opened;
    struct db_outcome closed;
    struct db_value now = db_time(clock_now_ms());
    TRY(db_execute(db, open_sql,
                   DB_ARGS(db_text(alarm_code(kind)), db_int(alarm_level(kind)), now,
                           db_time(before_ms), db_text(alarm_code(kind))),
                   &opened));
    TRY(db_execute(db, close_sql, DB_ARGS(now, db_text(alarm_code(kind)), db_time(before_ms)),
                   &closed));
    *ret_opened = opened.affected_rows;
    *ret_closed = closed.affected_rows;
    return RC_OK;
}

enum rc alarm_sweep_meters(struct db *db, int64_t stale_before_ms, int64_t *ret_opened,
                           int64_t *ret_closed)
{
    return pair_run(
        db, ALARM_METER_STALE,
        "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
        " SELECT ?, 'meter', m.id, ?, CONCAT(m.number, ' ',"
        "  COALESCE(CONCAT('last read ', DATE_FORMAT(s.taken_at, '%Y-%m-%d %H:%i:%s'), ' UTC'),"
        "  'never read')), ? FROM meter m JOIN line l ON l.id = m.line_id AND l.enabled"
        " LEFT JOIN meter_state s ON s.meter_id = m.id"
        " WHERE m.state = 'in_service' AND COALESCE(s.taken_at, m.created_at) < ?"
        " AND NOT EXISTS (SELECT 1 FROM alarm o WHERE o.closed_at IS NULL AND o.kind = ?"
        "  AND o.object_kind = 'meter' AND o.object_id = m.id)"
        " AND NOT EXISTS (SELECT 1 FROM alarm g WHERE g.closed_at IS NULL"
        "  AND ((g.kind = 'gateway_silent' AND g.object_kind = 'gateway'"
        "   AND g.object_id = l.gateway_id)"
        "  OR (g.kind = 'line_silent' AND g.object_kind = 'line' AND g.object_id = l.id)"
        "  OR (g.kind = 'program_silent' AND g.object_kind = 'poller'"
        "   AND g.object_id = l.shard)))",
        "UPDATE alarm a LEFT JOIN meter m ON m.id = a.object_id"
        " LEFT JOIN line l ON l.id = m.line_id LEFT JOIN meter_state s ON s.meter_id = m.id"
        " SET a.closed_at = ? WHERE a.closed_at IS NULL AND a.kind = ?"
        " AND a.object_kind = 'meter' AND (m.id IS NULL OR m.state <> 'in_service'"
        "  OR NOT l.enabled OR s.taken_at >= ?)",
        stale_before_ms, ret_opened, ret_closed);
}

#define FLOWS                                                                                      \
    "(COALESCE(s.current_a_ma, 0) <> 0 OR COALESCE(s.current_b_ma, 0) <> 0"                        \
    " OR COALESCE(s.current_c_ma, 0) <> 0 OR COALESCE(s.power_w, 0) <> 0)"
/* Of a supply y. */
#define VACANT                                                                                     \
    "(EXISTS (SELECT 1 FROM account_supply o JOIN account a ON a.id = o.account_id"                \
    "  WHERE o.live_supply = y.id AND a.kind = 'vacant' AND a.state = 'open')"                     \
    " OR (NOT EXISTS (SELECT 1 FROM account_supply o WHERE o.live_supply = y.id)"                  \
    "  AND EXISTS (SELECT 1 FROM account_close_supply i JOIN account_close c ON c.id = i.close_id" \
    "   WHERE i.supply_id = y.id AND c.state = 'closed')))"

enum rc alarm_sweep_vacant(struct db *db, int64_t fresh_after_ms, int64_t *ret_opened,
                           int64_t *ret_closed)
{
    return pair_run(
        db, ALARM_VACANT_CURRENT,
        "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
        " SELECT ?, 'meter', m.id, ?, CONCAT(COALESCE(u.number, m.number), ' ',"
        "  ROUND(GREATEST(COALESCE(s.current_a_ma, 0), COALESCE(s.current_b_ma, 0),"
        "   COALESCE(s.current_c_ma, 0)) / 1000, 2), ' A, ', COALESCE(s.power_w, 0), ' W'), ?"
        " FROM supply y JOIN meter m ON m.id = y.meter_id AND m.state = 'in_service'"
        " JOIN meter_state s ON s.meter_id = m.id LEFT JOIN unit u ON u.id = y.unit_id"
        " WHERE s.taken_at >= ? AND " FLOWS " AND " VACANT
        " AND NOT EXISTS (SELECT 1 FROM alarm o WHERE o.closed_at IS NULL AND o.kind = ?"
        "  AND o.object_kind = 'meter' AND o.object_id = m.id)",
        "UPDATE alarm q LEFT JOIN meter_state s ON s.meter_id = q.object_id SET q.closed_at = ?"
        " WHERE q.closed_at IS NULL AND q.kind = ? AND q.object_kind = 'meter'"
        " AND ((s.taken_at >= ? AND NOT " FLOWS ") OR NOT EXISTS (SELECT 1 FROM supply y"
        "  WHERE y.meter_id = q.object_id AND " VACANT "))",
        fresh_after_ms, ret_opened, ret_closed);
}

enum rc alarm_sweep_endings(struct db *db, int64_t notice_before_ms, int64_t *ret_opened,
                            int64_t *ret_closed)
{
    int64_t opened = 0;
    int64_t closed = 0;
    TRY(pair_run(db, ALARM_ACCOUNT_ENDING,
                 "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
                 " SELECT ?, 'account', a.id, ?, CONCAT(a.name, ' ', a.number, ', ',"
                 "  DATE_FORMAT(a.ends_at, '%Y-%m-%d %H:%i'), ' UTC'), ? FROM account a"
                 " WHERE a.state = 'open' AND a.kind = 'temporary' AND a.ends_at <= ?"
                 " AND a.ends_at > UTC_TIMESTAMP(3) AND NOT EXISTS (SELECT 1 FROM alarm o"
                 "  WHERE o.closed_at IS NULL AND o.kind = ? AND o.object_kind = 'account'"
                 "  AND o.object_id = a.id)",
                 "UPDATE alarm q LEFT JOIN account a ON a.id = q.object_id AND a.state = 'open'"
                 " SET q.closed_at = ? WHERE q.closed_at IS NULL AND q.kind = ?"
                 " AND (a.id IS NULL OR a.ends_at > ? OR a.ends_at <= UTC_TIMESTAMP(3))",
                 notice_before_ms, ret_opened, ret_closed));
    TRY(pair_run(db, ALARM_ACCOUNT_ENDED,
                 "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
                 " SELECT ?, 'account', a.id, ?, CONCAT(a.name, ' ', a.number, ', ',"
                 "  DATE_FORMAT(a.ends_at, '%Y-%m-%d %H:%i'), ' UTC'), ? FROM account a"
                 " WHERE a.state = 'open' AND a.kind = 'temporary' AND a.ends_at <= ?"
                 " AND NOT EXISTS (SELECT 1 FROM alarm o WHERE o.closed_at IS NULL AND o.kind = ?"
                 "  AND o.object_kind = 'account' AND o.object_id = a.id)",
                 "UPDATE alarm q LEFT JOIN account a ON a.id = q.object_id AND a.state = 'open'"
                 " SET q.closed_at = ? WHERE q.closed_at IS NULL AND q.kind = ?"
                 " AND (a.id IS NULL OR a.ends_at > ?)",
                 clock_now_ms(), &opened, &closed));
    *ret_opened += opened;
    *ret_closed += closed;
    return RC_OK;
}

/* What explains a proof p: what the meter took too much was given back, or the other way round. */
#define EXPLAINED                                                                                  \
    "(EXISTS (SELECT 1 FROM proof_review w WHERE w.proof_id = p.id)"                               \
    " OR (p.difference_fen > 0 AND EXISTS (SELECT 1 FROM purchase b WHERE b.supply_id ="           \
    "  p.supply_id AND b.origin = 'correction' AND b.state IN ('paid', 'delivered', 'credited')"   \
    "  AND b.paid_at >= p.posted_at"                                                               \
    "  AND ABS(b.amount_fen - p.difference_fen) <= p.tolerance_fen))"                              \
    " OR (p.difference_fen < 0 AND EXISTS (SELECT 1 FROM adjustment j WHERE j.supply_id ="         \
    "  p.supply_id AND j.kind = 'correction' AND j.state = 'applied' AND j.ended_at >="            \
    "  p.posted_at AND ABS(j.left_fen + p.difference_fen) <= p.tolerance_fen)))"

enum rc alarm_sweep_proofs(struct db *db, int64_t from_day_ms, int64_t *ret_opened,
                           int64_t *ret_closed)
{
    return pair_run(
        db, ALARM_PROOF_GAP,
        "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
        " SELECT ?, 'proof', p.id, ?, CONCAT(COALESCE(u.number, m.number), ' ', p.day, ' ',"
        "  p.difference, ' ', ROUND(p.difference_fen / 100, 2)), ? FROM proof p"
        " JOIN supply s ON s.id = p.supply_id JOIN meter m ON m.id = p.meter_id"
        " LEFT JOIN unit u ON u.id = s.unit_id"
        " WHERE p.difference IN ('jump', 'unexplained') AND p.day >= DATE(?) AND NOT " EXPLAINED
        " AND NOT EXISTS (SELECT 1 FROM alarm o WHERE o.closed_at IS NULL AND o.kind = ?"
        "  AND o.object_kind = 'proof' AND o.object_id = p.id)",
        "UPDATE alarm a JOIN proof p ON p.id = a.object_id SET a.closed_at = ?"
        " WHERE a.closed_at IS NULL AND a.kind = ? AND a.object_kind = 'proof' AND (" EXPLAINED
        " OR p.day < DATE(?))",
        from_day_ms, ret_opened, ret_closed);
}

enum rc alarm_sweep_programs(struct db *db, int64_t silent_before_ms, int64_t *ret_opened,
                             int64_t *ret_closed)
{
    return pair_run(
        db, ALARM_PROGRAM_SILENT,
        "INSERT IGNORE INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
        " SELECT ?, h.program, h.shard, ?, CONCAT(h.program, ' ', h.shard, ', last sign of life ',"
        "  DATE_FORMAT(h.at, '%Y-%m-%d %H:%i:%s'), ' UTC'), ? FROM program_heartbeat h"
        " WHERE h.at < ? AND NOT EXISTS (SELECT 1 FROM alarm o WHERE o.closed_at IS NULL"
        "  AND o.kind = ? AND o.object_kind = h.program AND o.object_id = h.shard)",
        "UPDATE alarm a LEFT JOIN program_heartbeat h ON h.program = a.object_kind"
        " AND h.shard = a.object_id SET a.closed_at = ? WHERE a.closed_at IS NULL AND a.kind = ?"
        " AND (h.program IS NULL OR h.at >= ?)",
        silent_before_ms, ret_opened, ret_closed);
}
