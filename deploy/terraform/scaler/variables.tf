variable "cluster_name" {
  description = "The ECS cluster, by its short name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster_name))
    error_message = "Give the cluster's short name, not its ARN."
  }
}

variable "autoscaling_group_name" {
  description = "The group that is sized, within its minimum and maximum. Without a launch template, or with a warm pool or On-Demand and Spot mixed, its desired capacity is raised instead of calling LaunchInstances."
  type        = string
}

variable "scaler_zip" {
  description = "The path of scaler.zip, as the release has it or `npm run package` makes it."
  type        = string
}

variable "name" {
  description = "What the names of everything here begin with."
  type        = string
  default     = "ecs-scaler"
}

variable "settings" {
  description = "More of the scaler's options, by their environment variables, e.g. { ECS_SCALER_SPARE = \"1\" }."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "How long the log of the turns is kept."
  type        = number
  default     = 30
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when turns fail."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything that can have some."
  type        = map(string)
  default     = {}
}
