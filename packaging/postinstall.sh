#!/bin/sh
# Runs after the files are unpacked, for deb (configure [OLD-VERSION]) and rpm (1 = first install, 2 = upgrade).
set -e

case "$1" in
  configure) if [ -z "$2" ]; then action=install; else action=upgrade; fi ;;
  1) action=install ;;
  2) action=upgrade ;;
  *) exit 0 ;;
esac

if [ "$action" = install ]; then
  systemctl enable ecs-drain-agent.service
fi

# False while an image is built in a chroot: the unit is enabled and starts when the image boots.
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if [ "$action" = install ]; then
    systemctl start --no-block ecs-drain-agent.service
  else
    systemctl try-restart --no-block ecs-drain-agent.service
  fi
fi
