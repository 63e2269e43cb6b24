#!/bin/sh
# Runs after the files are unpacked, for deb (configure [OLD-VERSION], or abort-remove) and rpm (1 = first install,
# 2 = upgrade). dpkg names the old version for what was removed and not purged as well.
set -e

first=no
case "$1" in
  configure) if [ -z "$2" ]; then first=yes; fi ;;
  1) first=yes ;;
  2 | abort-remove) ;;
  *) exit 0 ;;
esac

if [ "$first" = yes ]; then
  systemctl enable ecs-drain-agent.service
fi

# False while an image is built in a chroot: the unit is enabled and starts when the image boots.
if [ -d "$DPKG_ROOT/run/systemd/system" ]; then
  systemctl daemon-reload
  # An enabled agent starts even if it does not run: the package was removed for a while, or the version before ended for good.
  if systemctl --quiet is-enabled ecs-drain-agent.service 2>/dev/null; then
    systemctl restart --no-block ecs-drain-agent.service
  else
    systemctl try-restart --no-block ecs-drain-agent.service
  fi
fi
