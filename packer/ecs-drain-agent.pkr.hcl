# An ECS-optimized Amazon Linux 2023 image with ecs-drain-agent in it, for x86_64 and arm64:
#
#   npm run package
#   packer init packer && packer build -var region=eu-west-1 packer
#
# An image cannot switch on instance metadata tags or name a cluster: the launch template has to. See docs/install.md.

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
  description = "Whether the images' root volumes are encrypted: with kms_key_id, else with the account's default key."
  default     = false
}

variable "kms_key_id" {
  type        = string
  description = "The KMS key to encrypt the root volumes with; empty for the account's default key. Naming one encrypts them."
  default     = ""
}

variable "ami_users" {
  type        = list(string)
  description = "Accounts that may launch the images. They need the KMS key too; volumes under the default key cannot be shared."
  default     = []
}

variable "iam_instance_profile" {
  type        = string
  description = "The build instance's instance profile; empty for none. ssh_interface = \"session_manager\" needs one with AmazonSSMManagedInstanceCore."
  default     = ""
}

variable "ssh_interface" {
  type        = string
  description = "How to reach the build instance: public_ip, private_ip, public_dns, private_dns or session_manager; empty for what it has."
  default     = ""
}

variable "ssh_source_cidrs" {
  type        = list(string)
  description = "From where the build's security group takes SSH. Without any: from the public address of this machine only."
  default     = []
}

locals {
  stamp      = formatdate("YYYYMMDD-hhmm", timestamp())
  agent_conf = var.agent_conf == "" ? "${path.root}/agent.conf" : var.agent_conf
  ami_names = {
    x86_64 = "${var.ami_name_prefix}-${var.agent_version}-x86_64-${local.stamp}"
    arm64  = "${var.ami_name_prefix}-${var.agent_version}-arm64-${local.stamp}"
  }
}

source "amazon-ebs" "ecs_optimized" {
  region               = var.region
  subnet_id            = var.subnet_id
  iam_instance_profile = var.iam_instance_profile
  ssh_username         = "ec2-user"
  ssh_interface        = var.ssh_interface
  encrypt_boot         = var.encrypt_boot || var.kms_key_id != ""
  kms_key_id           = var.kms_key_id
  ami_users            = var.ami_users

  # Packer's own default is the whole internet.
  temporary_security_group_source_cidrs     = var.ssh_source_cidrs
  temporary_security_group_source_public_ip = length(var.ssh_source_cidrs) == 0

  # On the image itself: instances launched from it require IMDSv2 without being told.
  imds_support = "v2.0"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # The image inherits these, unless `tags` says otherwise.
  run_tags = {
    Name = "build of ${var.ami_name_prefix}"
  }
}

build {
  name = "ecs-drain-agent"

  source "amazon-ebs.ecs_optimized" {
    name          = "x86_64"
    ami_name      = local.ami_names.x86_64
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
      Name            = local.ami_names.x86_64
      ecs-drain-agent = var.agent_version
      source-image    = "{{ .SourceAMIName }}"
    }
  }

  source "amazon-ebs.ecs_optimized" {
    name          = "arm64"
    ami_name      = local.ami_names.arm64
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
      Name            = local.ami_names.arm64
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

  # The manifest names both builds "ecs_optimized"; only custom_data tells them apart.
  post-processor "manifest" {
    only        = ["amazon-ebs.x86_64"]
    output      = "${var.artifacts}/images.json"
    custom_data = { architecture = "x86_64" }
  }
  post-processor "manifest" {
    only        = ["amazon-ebs.arm64"]
    output      = "${var.artifacts}/images.json"
    custom_data = { architecture = "arm64" }
  }
}
