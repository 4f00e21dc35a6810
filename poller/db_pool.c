#include "poller/db_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "poller/threads.h"

struct db_pool {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    const struct db_options *options;
    struct db *dbs[DB_POOL_SIZE];
    bool taken[DB_POOL_SIZE];
};

enum rc db_pool_create(const struct db_options *options, struct db_pool **ret_pool)
{
    assert(options != NULL && ret_pool != NULL);
    struct db_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL) {
        return RC_MEMORY;
    }
    mutex_init(&pool->mutex);
    condition_init(&pool->given);
    pool->options = options;
    *ret_pool = pool;
    return RC_OK;
}

void db_pool_free(struct db_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (int i = 0; i < DB_POOL_SIZE; i++) {
        assert(!pool->taken[i]);
        db_close(&pool->dbs[i]);
    }
    (void)pthread_cond_destroy(&pool->given);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

enum rc db_pool_take(struct db_pool *pool, struct db **ret_db)
{
    assert(pool != NULL && ret_db != NULL);
    mutex_lock(&pool->mutex);
    int free_one = -1;
    while (free_one < 0) {
        for (int i = 0; i < DB_POOL_SIZE && free_one < 0; i++) {
            free_one = pool->taken[i] ? -1 : i;
        }
        if (free_one < 0) {
            (void)pthread_cond_wait(&pool->given, &pool->mutex);
        }
    }
    pool->taken[free_one] = true;
    mutex_unlock(&pool->mutex);
    if (pool->dbs[free_one] == NULL) {
        enum rc rc = db_open(pool->options, &pool->dbs[free_one]);
        if (rc != RC_OK && rc != RC_UNAVAILABLE) {
            mutex_lock(&pool->mutex);
            pool->taken[free_one] = false;
            (void)pthread_cond_signal(&pool->given);
            mutex_unlock(&pool->mutex);
            return rc;
        }
    }
    *ret_db = pool->dbs[free_one];
    return RC_OK;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    assert(pool != NULL && db != NULL);
    mutex_lock(&pool->mutex);
    for (int i = 0; i < DB_POOL_SIZE; i++) {
        if (pool->dbs[i] == db) {
            pool->taken[i] = false;
        }
    }
    (void)pthread_cond_signal(&pool->given);
    mutex_unlock(&pool->mutex);
}
