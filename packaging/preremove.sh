#!/bin/sh
# Runs before the files are removed, for deb (remove|upgrade|…) and rpm (0 = removal, 1 = upgrade).
set -e

case "$1" in
  remove | 0)
    if [ -d /run/systemd/system ]; then
      systemctl stop ecs-drain-agent.service
    fi
    systemctl disable ecs-drain-agent.service
    ;;
esac
