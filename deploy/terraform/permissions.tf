locals {
  agent_documents = concat(
    ["agent"],
    var.agent_mode == "drain" ? [var.own_instance_only ? "agent-mode-drain-own-instance" : "agent-mode-drain"] : [],
    var.end_retained_instances ? ["agent-retained"] : [],
    var.stop_tasks ? ["agent-stop-tasks"] : [],
    var.tag_from_ec2_api ? ["agent-tag-from-ec2"] : [],
    var.explain ? ["agent-explain"] : [],
  )

  group_names = sort(values(var.autoscaling_group_names))

  # As the documents write the ARN of a group, with all but the name filled in.
  group_arn = "arn:${data.aws_partition.current.partition}:autoscaling:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:autoScalingGroup:*:autoScalingGroupName/GROUP_NAME"
  group_arns = [
    for name in var.autoscaling_group_pattern == null ? local.group_names : [var.autoscaling_group_pattern] :
    replace(local.group_arn, "GROUP_NAME", name)
  ]

  # The documents of ../iam with their placeholders filled in, and all groups in place of one. The names of the groups come last:
  # one may hold such a word, as "PROD-REGIONAL" does.
  documents = {
    for name in concat(local.agent_documents, ["tagger"]) : name =>
    replace(replace(replace(replace(replace(replace(replace(file("${path.module}/../iam/${name}.json"),
      "PARTITION", data.aws_partition.current.partition),
      "REGION", data.aws_region.current.region),
      "ACCOUNT_ID", data.aws_caller_identity.current.account_id),
      "CLUSTER_NAME", var.cluster_name),
      "TAG_KEY", var.tag_key),
      jsonencode(local.group_arn), jsonencode(local.group_arns)),
    "\"GROUP_NAME\"", jsonencode(local.group_names))
  }
}

resource "aws_iam_policy" "agent" {
  name_prefix = "${var.name}-"
  description = "What ecs-drain-agent may do on the container instances of one cluster"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = flatten([for name in local.agent_documents : jsondecode(local.documents[name]).Statement])
  })
  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "agent" {
  count = var.agent_role_name == null ? 0 : 1

  role       = var.agent_role_name
  policy_arn = aws_iam_policy.agent.arn
}
