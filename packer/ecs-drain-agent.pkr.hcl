# An ECS-optimized Amazon Linux 2023 image with ecs-drain-agent in it, for x86_64 and arm64:
#
#   npm run package
#   packer init packer && packer build -var region=eu-west-1 packer
#
# An image cannot switch on instance metadata tags or name a cluster: the launch template has to. See docs/runbook.md.

packer {
  required_version = ">= 1.9.0"
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2.8"
    }
  }
}

variable "region" {
  type        = string
  description = "The Region to build in."
}

variable "agent_version" {
  type        = string
  description = "The version of ecs-drain-agent, as in the tarball's name."
  default     = "0.1.0"
}

variable "artifacts" {
  type        = string
  description = "The directory with the tarballs and their .sha256 files: where `npm run package` put them."
  default     = "out"
}

variable "agent_conf" {
  type        = string
  description = "A file to install as /etc/ecs-drain-agent/agent.conf; empty for packer/agent.conf."
  default     = ""
}

variable "ami_name_prefix" {
  type        = string
  description = "The images' names begin with this."
  default     = "ecs-drain-agent"
}

variable "source_ami_name" {
  type        = string
  description = "The name pattern of Amazon's ECS-optimized image, up to the architecture. The newest match is taken."
  default     = "al2023-ami-ecs-hvm-2023.*-kernel-6.1-"
}

variable "subnet_id" {
  type        = string
  description = "The subnet to build in; empty for one of the default VPC."
  default     = ""
}

variable "encrypt_boot" {
  type        = bool
  description = "Whether the images' root volumes are encrypted with the account's default key."
  default     = false
}

locals {
  stamp      = formatdate("YYYYMMDD-hhmm", timestamp())
  agent_conf = var.agent_conf == "" ? "${path.root}/agent.conf" : var.agent_conf
}

source "amazon-ebs" "ecs_optimized" {
  region       = var.region
  subnet_id    = var.subnet_id
  ssh_username = "ec2-user"
  encrypt_boot = var.encrypt_boot

  # On the image itself: instances launched from it require IMDSv2 without being told.
  imds_support = "v2.0"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  run_tags = {
    Name = "build of ${var.ami_name_prefix}"
  }
}

build {
  name = "ecs-drain-agent"

  source "amazon-ebs.ecs_optimized" {
    name          = "x86_64"
    ami_name      = "${var.ami_name_prefix}-${var.agent_version}-x86_64-${local.stamp}"
    instance_type = "t3.small"
    source_ami_filter {
      owners      = ["amazon"]
      most_recent = true
      filters = {
        name                = "${var.source_ami_name}x86_64"
        architecture        = "x86_64"
        root-device-type    = "ebs"
        virtualization-type = "hvm"
      }
    }
    tags = {
      ecs-drain-agent = var.agent_version
      source-image    = "{{ .SourceAMIName }}"
    }
  }

  source "amazon-ebs.ecs_optimized" {
    name          = "arm64"
    ami_name      = "${var.ami_name_prefix}-${var.agent_version}-arm64-${local.stamp}"
    instance_type = "t4g.small"
    source_ami_filter {
      owners      = ["amazon"]
      most_recent = true
      filters = {
        name                = "${var.source_ami_name}arm64"
        architecture        = "arm64"
        root-device-type    = "ebs"
        virtualization-type = "hvm"
      }
    }
    tags = {
      ecs-drain-agent = var.agent_version
      source-image    = "{{ .SourceAMIName }}"
    }
  }

  provisioner "file" {
    only        = ["amazon-ebs.x86_64"]
    source      = "${var.artifacts}/ecs-drain-agent-${var.agent_version}-linux-x64.tar.gz"
    destination = "/tmp/ecs-drain-agent.tar.gz"
  }
  provisioner "file" {
    only        = ["amazon-ebs.x86_64"]
    source      = "${var.artifacts}/ecs-drain-agent-${var.agent_version}-linux-x64.tar.gz.sha256"
    destination = "/tmp/ecs-drain-agent.tar.gz.sha256"
  }
  provisioner "file" {
    only        = ["amazon-ebs.arm64"]
    source      = "${var.artifacts}/ecs-drain-agent-${var.agent_version}-linux-arm64.tar.gz"
    destination = "/tmp/ecs-drain-agent.tar.gz"
  }
  provisioner "file" {
    only        = ["amazon-ebs.arm64"]
    source      = "${var.artifacts}/ecs-drain-agent-${var.agent_version}-linux-arm64.tar.gz.sha256"
    destination = "/tmp/ecs-drain-agent.tar.gz.sha256"
  }
  provisioner "file" {
    source      = "${path.root}/install.sh"
    destination = "/tmp/install.sh"
  }
  provisioner "file" {
    source      = local.agent_conf
    destination = "/tmp/agent.conf"
  }

  provisioner "shell" {
    script          = "${path.root}/provision.sh"
    execute_command = "chmod +x {{ .Path }}; sudo {{ .Path }}"
  }

  post-processor "manifest" {
    output = "${var.artifacts}/images.json"
  }
}
