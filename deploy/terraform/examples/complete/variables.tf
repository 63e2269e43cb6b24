variable "region" {
  description = "The Region to create it in."
  type        = string
}

variable "name" {
  description = "The name of the cluster and the group."
  type        = string
  default     = "ecs-drain-agent-example"
}

variable "image_id" {
  description = "The image that was baked with the agent (from an ECS-optimized Amazon Linux image)."
  type        = string
}

variable "instance_type" {
  description = "Of the architecture of the image."
  type        = string
  default     = "t3.small"
}

variable "tagger_zip" {
  description = "The path of tagger.zip, to have the tagger as well; null for the signal \"lifecycle\" alone."
  type        = string
  default     = null
}
