variable "autoscaling_group_names" {
  description = "The Auto Scaling groups that the container instances belong to, each under a key of your own: { web = aws_autoscaling_group.web.name }. Each gets the hook; one policy and one tagger serve all of them."
  type        = map(string)

  validation {
    condition     = length(var.autoscaling_group_names) > 0
    error_message = "autoscaling_group_names must name one group at least: { web = aws_autoscaling_group.web.name }."
  }
}

variable "autoscaling_group_pattern" {
  description = "A pattern with * that all of these groups match, for the agent's policy: it then names no group, and stays small enough for IAM where there are more than about 10. Null names each."
  type        = string
  default     = null
}

variable "cluster_name" {
  description = "The ECS cluster, by its short name, that the groups' instances register with."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster_name))
    error_message = "cluster_name must be the cluster's short name, not its ARN."
  }
}

variable "agent_role_name" {
  description = "The role of the groups' instance profile, to attach the agent's permissions to. Null makes the policy and attaches it to nothing."
  type        = string
  default     = null
}

variable "name" {
  description = "What the names of the policy and of the tagger's resources begin with. Each goes on with letters that no other has, so that the module can be used several times in an account."
  type        = string
  default     = "ecs-drain-agent"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,30}$", var.name))
    error_message = "name must be 1 to 30 of A-Z a-z 0-9 _ -, because IAM allows 64 characters for a role's name."
  }
}

variable "lifecycle_hook_name" {
  description = "The name of the lifecycle hook, in each of the groups."
  type        = string
  default     = "ecs-drain-agent"

  validation {
    condition     = can(regex("^[A-Za-z0-9_/-]{1,255}$", var.lifecycle_hook_name))
    error_message = "lifecycle_hook_name must be 1 to 255 of A-Z a-z 0-9 _ - /."
  }
}

variable "heartbeat_timeout" {
  description = "Seconds that an instance waits for the agent's next heartbeat. A wait ends for good after 100 times this, and after 48 hours at most: 1728 is the least that reaches the 48 hours."
  type        = number
  default     = 3600

  validation {
    condition     = var.heartbeat_timeout >= 1728 && var.heartbeat_timeout <= 7200
    error_message = "heartbeat_timeout must be 1728 to 7200 seconds."
  }
}

variable "agent_mode" {
  description = "The agent's --mode. The mode \"deregister\" never sets an instance to DRAINING."
  type        = string
  default     = "drain"

  validation {
    condition     = contains(["drain", "deregister"], var.agent_mode)
    error_message = "agent_mode must be \"drain\" or \"deregister\"."
  }
}

variable "own_instance_only" {
  description = "Lets an instance drain only itself. Needs container instances that carry the tag ecs-drain-agent:instance with their EC2 instance's ARN as its value (ECS_CONTAINER_INSTANCE_TAGS)."
  type        = bool
  default     = false
}

variable "end_retained_instances" {
  description = "Lets the agent end its instance after a drain of more than 48 hours, which the group retained."
  type        = bool
  default     = true
}

variable "stop_tasks" {
  description = "Lets the agent stop tasks ahead of a Spot interruption, with --on-timeout stop-tasks, and with --ignore-tasks."
  type        = bool
  default     = true
}

variable "tag_from_ec2_api" {
  description = "Lets the agent read its tag from the EC2 API. Needed only where instance metadata has no tags."
  type        = bool
  default     = false
}

variable "explain" {
  description = "Lets the agent say why a drain waits (reads services and task protection)."
  type        = bool
  default     = true
}

variable "tagger_zip" {
  description = "The path of tagger.zip, the Lambda function that tags an instance when its termination begins. Null leaves it out: the agent then sees the termination by its signal \"lifecycle\"."
  type        = string
  default     = null
}

variable "tag_key" {
  description = "The agent's --tag-key."
  type        = string
  default     = "ecs-drain-agent:terminate"

  validation {
    condition     = can(regex("^[A-Za-z0-9+=.,_:@-]{1,128}$", var.tag_key))
    error_message = "tag_key must be 1 to 128 of what instance metadata can serve: A-Z a-z 0-9 + - = . , _ : @."
  }
}

variable "log_retention_days" {
  description = "Days to keep the tagger's log."
  type        = number
  default     = 30
}

variable "alarm_topic_arns" {
  description = "SNS topics to tell when an event could not be turned into a tag."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags for everything that can have tags."
  type        = map(string)
  default     = {}
}
