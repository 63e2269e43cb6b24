module ecs-drain-agent/connect-notify

go 1.21
