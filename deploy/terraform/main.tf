data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

resource "aws_autoscaling_lifecycle_hook" "terminating" {
  for_each = var.autoscaling_group_names

  name                   = var.lifecycle_hook_name
  autoscaling_group_name = each.value
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.heartbeat_timeout

  # A hook that times out with ABANDON leaves the instance to the group's retention policy; with CONTINUE it would
  # end the instance and the tasks on it.
  default_result = "ABANDON"
}
