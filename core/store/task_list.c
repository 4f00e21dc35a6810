#include "core/store/task_list.h"

#include "core/store/row.h"

enum rc task_list(struct db *db, struct arena *arena, int64_t now_ms, int64_t keep_on_before_ms,
                  int64_t unknown_since_ms, struct task_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "(SELECT 'approval' AS what, 'approval' AS object_kind, a.id, m.id AS meter_id, u.number,"
        " u.shop_name, NULL AS name, a.kind AS detail, a.made_at AS since FROM approval a"
        " LEFT JOIN lock_out lo ON a.object_kind = 'lock_out' AND lo.id = a.object_id"
        " LEFT JOIN supply s ON s.id = IF(a.object_kind = 'supply', a.object_id, lo.supply_id)"
        " LEFT JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
        " WHERE a.state = 'open' AND a.expires_at > ? ORDER BY a.id LIMIT 500)"
        " UNION ALL (SELECT 'unknown_command', 'meter', c.meter_id, c.meter_id, u.number,"
        " u.shop_name, NULL, MAX(c.kind), MAX(c.requested_at) FROM command c JOIN supply s ON s.id "
        "= c.supply_id"
        " LEFT JOIN unit u ON u.id = s.unit_id WHERE c.state = 'unknown' AND c.kind <> 'read'"
        " AND c.requested_at >= ? AND NOT EXISTS (SELECT 1 FROM command n WHERE n.supply_id ="
        " c.supply_id AND n.id > c.id AND n.state = 'confirmed' AND n.kind <> 'read')"
        " GROUP BY c.meter_id ORDER BY c.meter_id LIMIT 500)"
        " UNION ALL (SELECT 'lock_out', 'lock_out', lo.id, s.meter_id, u.number, u.shop_name, NULL,"
        " COALESCE((SELECT c.state FROM command c WHERE c.supply_id = lo.supply_id AND c.kind ="
        " 'trip' AND c.requested_at >= lo.created_at ORDER BY c.id DESC LIMIT 1), ''),"
        " lo.created_at FROM lock_out lo JOIN supply s ON s.id = lo.supply_id"
        " LEFT JOIN unit u ON u.id = s.unit_id WHERE lo.state = 'active' ORDER BY lo.id LIMIT 500)"
        " UNION ALL (SELECT 'keep_on_ending', 'supply', k.supply_id, s.meter_id, u.number,"
        " u.shop_name, NULL, '', k.until_at FROM keep_on k JOIN supply s ON s.id = k.supply_id"
        " LEFT JOIN unit u ON u.id = s.unit_id WHERE k.state = 'active' AND k.until_at <= ?"
        " ORDER BY k.until_at LIMIT 500)"
        " UNION ALL (SELECT 'silent_gateway', 'gateway', g.id, NULL, NULL, NULL, g.name, '',"
        " MAX(ls.since_at) FROM gateway g JOIN line l ON l.gateway_id = g.id AND l.enabled"
        " JOIN line_state ls ON ls.line_id = l.id GROUP BY g.id"
        " HAVING SUM(ls.state = 'silent') > 0 AND SUM(ls.state IN ('ok', 'degraded')) = 0"
        " LIMIT 500)"
        " UNION ALL (SELECT 'read_only_line', 'line', l.id, NULL, NULL, NULL, l.name, '',"
        " COALESCE(l.writable_at, (SELECT MIN(created_at) FROM site)) FROM line l WHERE NOT "
        "l.writable AND l.enabled ORDER BY l.id LIMIT 500)"
        " UNION ALL (SELECT 'frozen_supply', 'meter', s.meter_id, s.meter_id, u.number,"
        " u.shop_name, NULL, COALESCE(s.frozen_detail, ''), s.frozen_at FROM supply s"
        " LEFT JOIN unit u ON u.id = s.unit_id WHERE s.frozen_reason IS NOT NULL"
        " ORDER BY s.id LIMIT 500)",
        DB_ARGS(db_time(now_ms), db_time(unknown_since_ms), db_time(keep_on_before_ms)),
        7 * TASKS_MAX, &rows));
    struct task_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct task_row){
            .kind = db_get_text(&rows, i, 0),
            .object_kind = db_get_text(&rows, i, 1),
            .object_id = db_get_int(&rows, i, 2),
            .meter_id = row_int(&rows, i, 3),
            .unit_number = row_text_or_null(&rows, i, 4),
            .shop_name = row_text_or_null(&rows, i, 5),
            .name = row_text_or_null(&rows, i, 6),
            .detail = db_get_text(&rows, i, 7),
            .since_at = db_get_time(&rows, i, 8),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
