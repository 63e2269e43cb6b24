#!/bin/sh
# What a team would write: asks instance metadata for the tag every 5 s, and drains once it is there.
metadata="$1/latest"
ask() { curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"; }
token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' "$metadata/api/token")
instance=$(ask instance-id)
until ask tags/instance/ecs-drain-agent:terminate || [ "$(ask autoscaling/target-lifecycle-state)" = Terminated ] || ask spot/instance-action; do
  sleep 5
done
echo "$instance: draining"
