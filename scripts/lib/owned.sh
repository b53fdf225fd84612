#!/bin/sh
# owned.sh PROGRAM ARGUMENTS…: runs the program, and kills it within two seconds after the process that started this script
# has ended, however it ended. With NEXUS_OWNED_PROGRAM set, that is the program and all arguments are its own; with
# NEXUS_OWNED_OUTPUT set, that is the file for what it prints.
# Ctrl-C reaches every process of a terminal: the program ignores it, so that its owner can stop it in order.
trap '' INT
[ -z "$NEXUS_OWNED_PID_FILE" ] || echo $$ >"$NEXUS_OWNED_PID_FILE"
[ -z "$NEXUS_OWNED_OUTPUT" ] || exec >"$NEXUS_OWNED_OUTPUT" 2>&1
owner=$PPID
# /proc first: a process of another user can be seen but not signalled.
is_running() { [ -d "/proc/$1" ] || kill -0 "$1"; }
(
  while is_running "$owner" && is_running $$; do sleep 1; done
  kill -KILL $$
) </dev/null >/dev/null 2>&1 3>&- &
exec ${NEXUS_OWNED_PROGRAM:+"$NEXUS_OWNED_PROGRAM"} "$@"
