/*
 * State file: the latest reading of each meter on disk while MariaDB is away, so that a restart in
 * the middle of an outage still knows it. Two slots a meter, written in turn, each with CRC and
 * sequence: one of them is always whole. Belongs to one version of the program: a file of another
 * layout is put aside. One owner thread.
 */
#ifndef PW_POLLER_STATE_FILE_H
#define PW_POLLER_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/reading_store.h"

#define STATE_FILE_METERS_MAX 50000

struct state_file;

/* Opens or makes the file. RC_IO, RC_MEMORY. */
enum rc state_file_open(const char *path, struct state_file **ret_file) MUST_CHECK;
/* Closes, keeps the file, frees. Accepts a pointer to NULL. */
void state_file_close(struct state_file **file);
/* Remembers the reading as its meter's latest. RC_IO, RC_FULL. */
enum rc state_file_put(struct state_file *file, const struct reading_entry *entry) MUST_CHECK;
/* Forces what was put to disk. */
enum rc state_file_sync(struct state_file *file) MUST_CHECK;
/* Number of meters it holds. */
size_t state_file_count(const struct state_file *file);
/* The latest reading of the n-th meter (n < count). RC_NOT_FOUND: neither slot is whole. */
enum rc state_file_get(struct state_file *file, size_t n,
                       struct reading_entry *ret_entry) MUST_CHECK;
/* All of it is in MariaDB: forgets everything. */
enum rc state_file_clear(struct state_file *file) MUST_CHECK;

#endif
