/*
 * Doors: how a link gets its bytes in and out. One row a kind; link.c knows nothing else about
 * sockets or ports.
 */
#ifndef PW_POLLER_LINK_DOOR_H
#define PW_POLLER_LINK_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/rc.h"
#include "poller/link.h"

/* An open door. descriptor is non-blocking. */
struct link_channel {
    int descriptor; /* -1: closed */
    void *port;     /* serial: the modbus_t that opened it; else NULL */
};

struct link_door {
    const char *name; /* as in the line table's ENUM */
    bool is_rtu;      /* frames are RTU (address, CRC, silence), else MBAP */
    /* RC_OK; RC_UNAVAILABLE with *ret_os_error; RC_FULL: the descriptor would be
     * LINK_DESCRIPTOR_MAX or more. */
    enum rc (*open)(const struct link_settings *settings, struct link_channel *ret_channel,
                    int *ret_os_error);
    /* Sends the whole frame. RC_OK; RC_UNAVAILABLE with *ret_os_error. *ret_left: some bytes left.
     */
    enum rc (*send)(struct link_channel *channel, const uint8_t *bytes, size_t len, bool *ret_left,
                    int *ret_os_error);
    /* As recv: > 0 bytes; 0: nothing there now; -1: broken, *ret_os_error. Never waits. */
    ssize_t (*receive)(struct link_channel *channel, uint8_t *bytes, size_t size,
                       int *ret_os_error);
    void (*close)(struct link_channel *channel);
};

/* Sends through a door; in test builds a private frame leaves in two pieces, with failpoints
   between them and behind. Results as link_door.send. */
enum rc link_door_send(const struct link_door *door, struct link_channel *channel,
                       const struct frame_request *request, const uint8_t *bytes, size_t len,
                       bool *ret_left, int *ret_os_error) MUST_CHECK;

extern const struct link_door link_door_modbus_tcp;
extern const struct link_door link_door_rtu_over_tcp;
extern const struct link_door link_door_serial;

#endif
