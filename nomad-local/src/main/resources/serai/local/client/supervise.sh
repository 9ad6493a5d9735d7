#!/bin/sh
# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# Stands between the agent and a task, so that the task outlives the agent: it keeps the log pipes open, and its exit status is
# written down even when no agent waits for it.
#
# usage: supervise.sh RUN_DIRECTORY ENV SETSID COMMAND [ARGUMENT...]
#   ENV, SETSID   absolute paths of env(1) and setsid(1)
# RUN_DIRECTORY holds the pipes `stdout` and `stderr`; `started` gets the task's line of /proc/PID/stat, `exit` its status.
run=$1 env=$2 setsid=$3
shift 3

# Open for reading as well: a writer is never refused, and what was written waits for the next agent.
exec 3<>"$run/stdout" 4<>"$run/stderr"

(
    # The subshell becomes the task: process ID and start time stay the same through exec.
    read -r stat </proc/self/stat
    printf '%s\n' "$stat" >"$run/started"
    printf '%s\n' "$stat"
    # --default-signal: a signal that the agent was started with ignored must reach the task.
    exec "$env" --default-signal "$setsid" "$@" </dev/null >&3 2>&4 3>&- 4>&-
)
printf '%s\n' "$?" >"$run/exit"
