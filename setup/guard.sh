#!/bin/sh
# Usage: guard.sh group|process COMMAND [ARGUMENT...]      (fd 3: the reading end of a pipe that the parent holds)
#
# Becomes COMMAND by exec, so that pid, signals and exit code are COMMAND's own, and leaves a watcher that reads
# fd 3. The kernel closes the pipe when the parent dies, even by SIGKILL; then the watcher ends what was started:
#   group    kills the process group (the caller made COMMAND its leader): servers survive that, orphans do not;
#   process  asks COMMAND alone to end, for a program that shares the terminal's group and stops its own children.
# A line on fd 3 dismisses the watcher: the parent has seen COMMAND end, and its pid may already be another's.
scope=$1
shift
(
  read -r _ <&3 && exit
  case $scope in
    group) kill -s KILL -- "-$$" ;;
    process) kill -s TERM -- "$$" ;;
  esac
) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-
