#include "poller/link_door.h"

#include <assert.h>

#include "core/base/failpoint.h"

enum rc link_door_send(const struct link_door *door, struct link_channel *channel,
                       const struct frame_request *request, const uint8_t *bytes, size_t len,
                       bool *ret_left, int *ret_os_error)
{
    assert(door != NULL && request != NULL && len > 0);
    bool private = request->pdu[0] == FRAME_FUNCTION_PRIVATE;
#ifdef PW_FAILPOINTS
    if (private) {
        TRY(door->send(channel, bytes, len / 2, ret_left, ret_os_error));
        (void)FAILPOINT("mb.mid_frame");
        bytes += len / 2;
        len -= len / 2;
    }
#endif
    enum rc rc = door->send(channel, bytes, len, ret_left, ret_os_error);
    if (rc == RC_OK && private) {
        (void)FAILPOINT("mb.post_write");
    }
    return rc;
}
