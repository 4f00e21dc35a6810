/*
 * Taking over live meters in bulk 接管 from a sheet with the columns 铺位, 商户, 联系人, 电表,
 * 期初余额, 电价方案, 预警值 (and, where the sheet has them, 电话, 购电次数, 旧卡余额; or unit,
 * shop, contact, meter, balance, tariff, alarm, phone, count, card). The sheet is a CSV file, or
 * the worksheet 接管 or take-over of an XLSX workbook (core/base/xlsx.h), or its first one.
 *
 *   take_over_check   reads the sheet, finds the supplies, takes what each meter said last as the
 *                     first reading and judges (core/rules/take_over.h)
 *   take_over_commit  takes the readings that came since as the second, judges again, opens the
 *                     account of every row that fits or was accepted; the rest stays in its list
 *   take_over_undo    until the first sale
 *
 * No frame is sent: the meter keeps its money, which is booked as opening balance, and our next
 * count is the meter's + 1. Money on an old card (旧卡余额) never reached the meter: it is booked
 * as opening money on its way and delivered as the first purchase.
 */
#ifndef PW_FLOW_TAKE_OVER_H
#define PW_FLOW_TAKE_OVER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/db.h"

#define TAKE_OVER_SETTING_TOLERANCE "take_over_tolerance_fen"
#define TAKE_OVER_TOLERANCE_FEN 500

/* RC_INVALID: the file; *ret_refusal.field names a missing column, or the cell that is wrong. */
enum rc take_over_check(struct db *db, struct arena *arena, const struct actor *actor,
                        const uint8_t field_key[32], const char *file_name, const char *bytes,
                        size_t len, int64_t *ret_id,
                        struct command_refusal *ret_refusal) MUST_CHECK;
/* accept: line numbers whose differences somebody accepts. RC_NOT_FOUND; RC_REFUSED wrong_state. */
enum rc take_over_commit(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                         const int64_t *accept, size_t accept_count,
                         struct command_refusal *ret_refusal) MUST_CHECK;
/* RC_REFUSED "sold_since": a purchase hangs on one of the accounts. */
enum rc take_over_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                       const char *reason, struct command_refusal *ret_refusal) MUST_CHECK;

#endif
