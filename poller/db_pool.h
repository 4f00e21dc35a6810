/*
 * A few connections for the orders of all lines: an order takes one for a moment (a transaction),
 * never for its whole life. Thread safe.
 */
#ifndef PW_POLLER_DB_POOL_H
#define PW_POLLER_DB_POOL_H

#include "core/base/rc.h"
#include "core/store/db.h"

#define DB_POOL_SIZE 3

struct db_pool;

/* Connections are opened when they are first taken; options and the strings in it live as long as
 * the pool. */
enum rc db_pool_create(const struct db_options *options, struct db_pool **ret_pool) MUST_CHECK;
/* All were given back. NULL is fine. */
void db_pool_free(struct db_pool *pool);
/* Waits until one is free. RC_MEMORY. */
enum rc db_pool_take(struct db_pool *pool, struct db **ret_db) MUST_CHECK;
void db_pool_give(struct db_pool *pool, struct db *db);

#endif
