/*
 * The end of temporary accounts 临时户. Alarms tell people; only where the site says so
 * (site_setting account_end_trip = 1) is a supply tripped without a person, once, by the guards of
 * every automatic order.
 */
#ifndef PW_FLOW_ACCOUNT_END_H
#define PW_FLOW_ACCOUNT_END_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define ACCOUNT_END_TRIPS_MAX 50
#define ACCOUNT_END_NOTICE_DAYS 7 /* unless site_setting account_end_notice_days says another */

/* When the notice begins: accounts that end before this moment. */
enum rc account_end_notice(struct db *db, struct arena *arena, int64_t now_ms,
                           int64_t *ret_before_ms) MUST_CHECK;
/* Orders the trips; *ret_count: how many. A supply that a guard protects is left to people. */
enum rc account_end_trips(struct db *db, struct arena *arena, const struct actor *actor,
                          size_t *ret_count) MUST_CHECK;

#endif
