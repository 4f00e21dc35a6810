/* The serial door: libmodbus opens the port, sets speed and parity, sends, restores and closes. */
#include <assert.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <unistd.h>

#include "poller/link_door.h"

#define RTU_CRC_BYTES 2

static enum rc serial_open(const struct link_settings *settings, struct link_channel *ret_channel,
                           int *ret_os_error)
{
    modbus_t *port = modbus_new_rtu(settings->device, settings->speed.baud, settings->speed.parity,
                                    8, settings->speed.stop_bits);
    if (port == NULL) {
        *ret_os_error = errno;
        return RC_UNAVAILABLE;
    }
    if (modbus_connect(port) != 0) {
        *ret_os_error = errno;
        modbus_free(port);
        return RC_UNAVAILABLE;
    }
    int descriptor = modbus_get_socket(port);
    if (descriptor >= LINK_DESCRIPTOR_MAX) {
        modbus_close(port);
        modbus_free(port);
        *ret_os_error = EMFILE;
        return RC_FULL;
    }
    *ret_channel = (struct link_channel){.descriptor = descriptor, .port = port};
    return RC_OK;
}

static enum rc serial_send(struct link_channel *channel, const uint8_t *bytes, size_t len,
                           bool *ret_left, int *ret_os_error)
{
    assert(len > RTU_CRC_BYTES);
    int raw = (int)(len - RTU_CRC_BYTES); /* libmodbus appends the CRC itself */
    int sent = modbus_send_raw_request(channel->port, bytes, raw);
    *ret_left = sent > 0;
    if (sent != (int)len) {
        *ret_os_error = sent < 0 ? errno : EIO;
        return RC_UNAVAILABLE;
    }
    return RC_OK;
}

static ssize_t serial_receive(struct link_channel *channel, uint8_t *bytes, size_t size,
                              int *ret_os_error)
{
    for (;;) {
        ssize_t got = read(channel->descriptor, bytes, size);
        if (got > 0) {
            return got;
        }
        if (got == 0 || errno == EAGAIN) {
            return 0; /* a tty in raw mode answers 0 when nothing is there */
        }
        if (errno != EINTR) {
            *ret_os_error = errno;
            return -1;
        }
    }
}

static void serial_close(struct link_channel *channel)
{
    modbus_close(channel->port);
    modbus_free(channel->port);
    *channel = (struct link_channel){.descriptor = -1};
}

const struct link_door link_door_serial = {
    .name = "serial",
    .is_rtu = true,
    .open = serial_open,
    .send = serial_send,
    .receive = serial_receive,
    .close = serial_close,
};
