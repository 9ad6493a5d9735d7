#!/bin/sh
# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# Stands between the agent and a task, so that the task outlives the agent: it keeps the log pipes open, and its exit status is
# written down even when no agent waits for it. It is started ahead of its task, which then costs one fork.
#
# usage: supervise.sh ENV     ENV is the absolute path of env(1)
# On its standard input comes one line, the task's run directory. There are the pipes `stdout` and `stderr`, and `launch`, a
# script that sets directory, environment and arguments. `started` gets the task's line of /proc/PID/stat, `exit` its status.
env=$1
IFS= read -r run || exit 0 # the agent went before there was a task

# Open for reading as well: a writer is never refused, and what was written waits for the next agent.
exec 3<>"$run/stdout" 4<>"$run/stderr"

(
    # The subshell becomes the task: process ID and start time stay the same through exec.
    read -r stat </proc/self/stat
    # Without this file nobody could find the task again: the directory was taken back, or the disk is full.
    printf '%s\n' "$stat" >"$run/started" || exit 127
    printf '%s\n' "$stat"
    . "$run/launch"
    # --default-signal: a signal that the agent was started with ignored must reach the task.
    exec "$env" --default-signal "$@" </dev/null >&3 2>&4 3>&- 4>&-
)
status=$?
printf '%s\n' "$status" >"$run/exit"
exit "$status" # for an agent that waits, where the file could not be written
