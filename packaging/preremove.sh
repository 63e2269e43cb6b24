#!/bin/sh
# Runs before the files are removed, for deb (remove|upgrade|…) and rpm (0 = removal, 1 = upgrade).
set -e

case "$1" in
  remove | 0)
    if [ -d "$DPKG_ROOT/run/systemd/system" ]; then
      systemctl stop ecs-drain-agent.service
    fi
    ;;
esac

# A deb stays enabled until it is purged: installed again it could not tell who disabled it, the removal or the operator.
if [ "$1" = 0 ]; then
  systemctl disable ecs-drain-agent.service
fi
