#!/bin/sh
# Runs after the files are removed, for deb (remove, then purge) and rpm (0 = removal, which is all there is).
set -e

if [ "$1" = purge ]; then
  # The unit's file is gone: this removes the link that was made when it was enabled.
  systemctl disable ecs-drain-agent.service 2>/dev/null || true
fi

case "$1" in
  remove | purge | 0)
    if [ -d "$DPKG_ROOT/run/systemd/system" ]; then
      systemctl daemon-reload
      systemctl reset-failed ecs-drain-agent.service 2>/dev/null || true
    fi
    ;;
esac

case "$1" in
  purge | 0)
    # A symbolic link and the directory it points to, as systemd lays it out for a DynamicUser.
    rm -rf "$DPKG_ROOT/var/lib/ecs-drain-agent" "$DPKG_ROOT/var/lib/private/ecs-drain-agent"
    rm -f "$DPKG_ROOT/run/ecs-drain-agent.restarts"
    rmdir "$DPKG_ROOT/etc/ecs-drain-agent" 2>/dev/null || true
    ;;
esac
