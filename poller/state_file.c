#include "poller/state_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "poller/crc32.h"

#define MAGIC "PWSTATE1"
#define SLOTS 2

struct header {
    char magic[8];
    uint32_t slot_bytes;
    uint32_t points;
};

struct slot {
    uint64_t sequence; /* the higher of two whole ones is the latest */
    uint32_t crc;
    uint32_t reserved;
    struct reading_entry entry;
};

struct place {
    int64_t meter_id;
    uint64_t sequence; /* of its latest slot, 0 none */
    int latest;        /* which */
};

struct state_file {
    int fd;
    struct place *places; /* in the order of the file */
    size_t count;
    size_t size;
};

static off_t slot_at(size_t n, int which)
{
    return (off_t)(sizeof(struct header) + (n * SLOTS + (size_t)which) * sizeof(struct slot));
}

static bool slot_read(const struct state_file *file, size_t n, int which, struct slot *slot)
{
    ssize_t got = pread(file->fd, slot, sizeof(*slot), slot_at(n, which));
    return got == (ssize_t)sizeof(*slot) && slot->sequence > 0 &&
           slot->crc == crc32_of(&slot->entry, sizeof(slot->entry));
}

static enum rc grow(struct state_file *file)
{
    if (file->count < file->size) {
        return RC_OK;
    }
    if (file->size >= STATE_FILE_METERS_MAX) {
        return RC_FULL;
    }
    size_t size = file->size == 0 ? 64 : file->size * 2;
    struct place *places = realloc(file->places, size * sizeof(*places));
    if (places == NULL) {
        return RC_MEMORY;
    }
    file->places = places;
    file->size = size;
    return RC_OK;
}

static enum rc load(struct state_file *file)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0) {
        return RC_IO;
    }
    for (size_t n = 0; slot_at(n, 0) < status.st_size; n++) {
        TRY(grow(file));
        struct place place = {.meter_id = -1};
        for (int which = 0; which < SLOTS; which++) {
            struct slot slot;
            if (slot_read(file, n, which, &slot) && slot.sequence > place.sequence) {
                place.meter_id = slot.entry.reading.meter_id;
                place.sequence = slot.sequence;
                place.latest = which;
            }
        }
        file->places[file->count++] = place;
    }
    return RC_OK;
}

static enum rc begin(struct state_file *file)
{
    struct header wanted = {.slot_bytes = sizeof(struct slot), .points = POINT__MAX};
    memcpy(wanted.magic, MAGIC, sizeof(wanted.magic));
    struct header header;
    memset(&header, 0, sizeof(header));
    if (pread(file->fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
        memcmp(&header, &wanted, sizeof(header)) == 0) {
        return load(file);
    }
    if (ftruncate(file->fd, 0) != 0 ||
        pwrite(file->fd, &wanted, sizeof(wanted), 0) != (ssize_t)sizeof(wanted)) {
        return RC_IO;
    }
    return RC_OK;
}

enum rc state_file_open(const char *path, struct state_file **ret_file)
{
    assert(path != NULL && ret_file != NULL);
    struct state_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        return RC_MEMORY;
    }
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum rc rc = file->fd < 0 ? RC_IO : begin(file);
    if (rc != RC_OK) {
        state_file_close(&file);
        return rc;
    }
    *ret_file = file;
    return RC_OK;
}

void state_file_close(struct state_file **file)
{
    assert(file != NULL);
    if (*file != NULL) {
        if ((*file)->fd >= 0) {
            (void)close((*file)->fd);
        }
        free((*file)->places);
        free(*file);
        *file = NULL;
    }
}

static enum rc find_place(struct state_file *file, int64_t meter_id, size_t *ret_n)
{
    for (size_t n = 0; n < file->count; n++) {
        if (file->places[n].meter_id == meter_id) {
            *ret_n = n;
            return RC_OK;
        }
    }
    TRY(grow(file));
    file->places[file->count] = (struct place){.meter_id = meter_id};
    *ret_n = file->count++;
    return RC_OK;
}

enum rc state_file_put(struct state_file *file, const struct reading_entry *entry)
{
    assert(file != NULL && entry != NULL);
    size_t n = 0;
    TRY(find_place(file, entry->reading.meter_id, &n));
    struct place *place = &file->places[n];
    struct slot slot;
    memset(&slot, 0, sizeof(slot));
    slot.entry = *entry;
    slot.sequence = place->sequence + 1;
    slot.crc = crc32_of(&slot.entry, sizeof(slot.entry));
    int which = place->sequence == 0 ? 0 : 1 - place->latest;
    if (pwrite(file->fd, &slot, sizeof(slot), slot_at(n, which)) != (ssize_t)sizeof(slot)) {
        return RC_IO;
    }
    place->sequence = slot.sequence;
    place->latest = which;
    return RC_OK;
}

enum rc state_file_sync(struct state_file *file)
{
    assert(file != NULL);
    return fdatasync(file->fd) == 0 ? RC_OK : RC_IO;
}

size_t state_file_count(const struct state_file *file)
{
    assert(file != NULL);
    return file->count;
}

enum rc state_file_get(struct state_file *file, size_t n, struct reading_entry *ret_entry)
{
    assert(file != NULL && n < file->count && ret_entry != NULL);
    struct slot slot;
    if (file->places[n].sequence == 0 || !slot_read(file, n, file->places[n].latest, &slot)) {
        return RC_NOT_FOUND;
    }
    *ret_entry = slot.entry;
    return RC_OK;
}

enum rc state_file_clear(struct state_file *file)
{
    assert(file != NULL);
    if (ftruncate(file->fd, (off_t)sizeof(struct header)) != 0) {
        return RC_IO;
    }
    file->count = 0;
    return RC_OK;
}
