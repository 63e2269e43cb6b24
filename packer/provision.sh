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

# The ECS agent's saved state names this machine, and every instance of the image would use it as its own.
systemctl stop ecs.service
rm -rf /var/lib/ecs/data/*
