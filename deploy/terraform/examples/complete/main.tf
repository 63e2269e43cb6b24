# All that is needed to try ecs-drain-agent in an account's default VPC. Two small instances run, and cost money,
# until it is destroyed.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

locals {
  region     = data.aws_region.current.region
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
}

resource "aws_ecs_cluster" "this" {
  name = var.name
}

resource "aws_ecs_task_definition" "long" {
  family                   = "${var.name}-long-task"
  requires_compatibilities = ["EC2"]
  container_definitions = jsonencode([{
    name      = "sleep"
    image     = "public.ecr.aws/docker/library/busybox:1.37"
    command   = ["sleep", "600"]
    memory    = 32
    essential = true
    # busybox's sleep does not end at SIGTERM as process 1: init passes the signal on.
    linuxParameters = { initProcessEnabled = true }
  }])
}

resource "aws_iam_role" "instance" {
  name_prefix = "${substr(var.name, 0, 30)}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      # In China EC2 has a name of its own: ec2.amazonaws.com.cn.
      Principal = { Service = "ec2.${data.aws_partition.current.dns_suffix}" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# Not AmazonEC2ContainerServiceforEC2Role, which lets an instance drain and deregister every instance of every
# cluster in the account.
resource "aws_iam_role_policy" "ecs_agent" {
  name = "ecs-agent"
  role = aws_iam_role.instance.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "JoinOwnCluster"
        Effect = "Allow"
        Action = [
          "ecs:RegisterContainerInstance",
          "ecs:SubmitAttachmentStateChanges",
          "ecs:SubmitContainerStateChange",
          "ecs:SubmitTaskStateChange",
        ]
        Resource = aws_ecs_cluster.this.arn
      },
      {
        Sid       = "TakeOrdersOfOwnCluster"
        Effect    = "Allow"
        Action    = ["ecs:Poll", "ecs:StartTelemetrySession"]
        Resource  = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:container-instance/${var.name}/*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
      },
      {
        Sid      = "FindEcs"
        Effect   = "Allow"
        Action   = "ecs:DiscoverPollEndpoint"
        Resource = "*"
      },
      {
        Sid       = "TagItselfOnceRegistering"
        Effect    = "Allow"
        Action    = "ecs:TagResource"
        Resource  = "*"
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterContainerInstance" } }
      },
    ]
  })
}

# A shell without SSH, to read the agent's journal: aws ssm start-session.
resource "aws_iam_role_policy_attachment" "ssm" {
  role       = aws_iam_role.instance.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "instance" {
  name_prefix = "${substr(var.name, 0, 30)}-"
  role        = aws_iam_role.instance.name
}

resource "aws_launch_template" "this" {
  name_prefix   = "${var.name}-"
  image_id      = var.image_id
  instance_type = var.instance_type

  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }

  metadata_options {
    http_endpoint = "enabled"
    # The agent reads its tag here, instead of asking the EC2 API again and again.
    instance_metadata_tags = "enabled"
    http_tokens            = "required"
    # One hop: not from inside a container, where the tasks could take the instance's credentials.
    http_put_response_hop_limit = 1
  }

  user_data = base64encode(<<-SCRIPT
    #!/bin/bash
    set -euo pipefail
    metadata=http://169.254.169.254/latest
    token=$(curl -sSf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token)
    id=$(curl -sSf -H "X-aws-ec2-metadata-token: $token" $metadata/meta-data/instance-id)
    cat >>/etc/ecs/ecs.config <<END
    ECS_CLUSTER=${var.name}
    ECS_AWSVPC_BLOCK_IMDS=true
    ECS_CONTAINER_INSTANCE_TAGS={"ecs-drain-agent:instance":"arn:${local.partition}:ec2:${local.region}:${local.account_id}:instance/$id"}
    END
    # Nothing that a tag says, and no second hook, leaves open which one is the agent's.
    echo ECS_DRAIN_LIFECYCLE_HOOK=ecs-drain-agent >>/etc/ecs-drain-agent/agent.conf
    systemctl try-restart --no-block ecs-drain-agent
  SCRIPT
  )
}

resource "aws_autoscaling_group" "this" {
  name                = var.name
  vpc_zone_identifier = data.aws_subnets.default.ids
  min_size            = 0
  max_size            = 4
  desired_capacity    = 2
  # An instance whose hook was abandoned stays with its tasks until the agent ends it. So `destroy` waits for the drain
  # of every instance, and AWS refuses force_delete for such a group.
  instance_lifecycle_policy {
    retention_triggers {
      terminate_hook_abandon = "retain"
    }
  }

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }

  # Only what the instances' role must have before the first of them starts.
  depends_on = [aws_iam_role_policy.ecs_agent, aws_ecs_cluster.this]
}

module "ecs_drain_agent" {
  source = "../.."

  autoscaling_group_names = { this = aws_autoscaling_group.this.name }
  cluster_name            = aws_ecs_cluster.this.name
  agent_role_name         = aws_iam_role.instance.name
  own_instance_only       = true
  tagger_zip              = var.tagger_zip
}
