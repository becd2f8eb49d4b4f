/* A row under optimistic concurrency control, as in the back-off study of AWS:
 * each call reads its version, then writes if nobody else has meanwhile. */
#include "lab/fleet_parts.h"

enum { STATUS_OK = 200, STATUS_CONFLICT = 409 };

void fleet_row_read(struct fleet *fleet, struct queued of)
{
    fleet_call_at(fleet, of.who)->version = fleet->server.version;
    fleet_go_on(fleet, fleet->now_ns + fleet_leg_ns(fleet), EVENT_VERSION, of);
}

void fleet_row_version(struct fleet *fleet, struct queued of)
{
    fleet_go_on(fleet, fleet->now_ns + fleet_leg_ns(fleet), EVENT_REACH, of);
}

void fleet_row_write(struct fleet *fleet, struct queued of)
{
    bool is_same =
        fleet_call_at(fleet, of.who)->version == fleet->server.version;
    fleet->tally->arrivals++;
    fleet_bin(fleet)->arrivals++;
    fleet->server.version += is_same;
    fleet_answer(fleet, of, is_same ? STATUS_OK : STATUS_CONFLICT, -1);
}
