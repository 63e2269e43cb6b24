#!/usr/bin/env bash
#
# What the image build does on the machine that becomes the image, with the uploaded files in /tmp.

set -euo pipefail
umask 022

if grep -q '^[^#]' /tmp/agent.conf; then
  install -D -m 0644 /tmp/agent.conf /etc/ecs-drain-agent/agent.conf
fi
bash /tmp/install.sh --no-start /tmp/ecs-drain-agent.tar.gz
systemctl is-enabled ecs-drain-agent.service
rm -f /tmp/ecs-drain-agent.tar.gz /tmp/ecs-drain-agent.tar.gz.sha256 /tmp/install.sh /tmp/agent.conf

# What names this machine, or lets its builder in, must not be on every instance of the image.

# The ECS agent's saved state: an instance would take itself for this container instance.
if [[ -d /run/systemd/system ]]; then systemctl stop ecs.service; fi
rm -rf /var/lib/ecs/data/* /var/log/ecs/*

# Keys: cloud-init puts those of the launch's key pair in their place, and sshd makes new host keys.
find /root /home -maxdepth 3 -path '*/.ssh/authorized_keys' -delete
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub

# cloud-init takes a later start of the same machine for a new instance by its id alone; it forgets this one all the same.
if command -v cloud-init >/dev/null; then cloud-init clean --logs; fi

# The journal lies below the machine's id, which systemd makes anew where the file is empty. It must not be missing.
journalctl --rotate --vacuum-time=1s >/dev/null 2>&1 || true
rm -rf /var/log/journal/* /var/lib/systemd/random-seed /root/.bash_history /home/*/.bash_history
: >/etc/machine-id
if [[ ! -L /var/lib/dbus/machine-id ]]; then rm -f /var/lib/dbus/machine-id; fi
