#!/bin/sh
# Runs workerd for the local world. Ctrl-C reaches every process of the terminal: workerd ignores it, so that the host
# can let it finish what it is writing. The process id is noted for a host that starts after one that was killed.
trap '' INT
[ -z "$NEXUS_WORKERD_PID_FILE" ] || echo $$ >"$NEXUS_WORKERD_PID_FILE"
exec "$NEXUS_WORKERD" "$@"
