#!/bin/sh
# Runs before the files are unpacked, for deb (install|upgrade) and rpm (1 = first install, 2 = upgrade).
set -e

# Once the package is there, install.sh refuses: a unit in /etc is the operator's own (systemctl edit --full), and stays.
case "$1" in upgrade | 2) exit 0 ;; esac

# install.sh puts its unit where it would override the package's unit, now and after each upgrade.
if [ -e "$DPKG_ROOT/etc/systemd/system/ecs-drain-agent.service" ] && [ ! -L "$DPKG_ROOT/etc/systemd/system/ecs-drain-agent.service" ]; then
  echo 'ecs-drain-agent was installed on this host by install.sh. Remove that first, then install the package:' >&2
  echo '  ecs-drain-agent-VERSION-linux-ARCH/install.sh --uninstall' >&2
  exit 1
fi
