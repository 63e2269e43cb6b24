#!/usr/bin/env bash
#
# Checks the template: packer init, fmt -check and validate with a current Packer on the PATH. With the Packer 1.6 of
# Debian it checks what that can check, and says what it cannot. Prints one line per check.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
  if ! command -v packer >/dev/null; then
    echo 'not ok - packer: none on the PATH'
    return 1
  fi
  local version
  version=$(packer --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
  make_artifacts
  if [[ $(printf '%s\n' "$version" 1.9 | sort -V | head -n 1) == 1.9 ]]; then
    check init packer init packer
    check 'fmt -check' packer fmt -check -diff packer
    check validate packer validate -var region=eu-west-1 -var "artifacts=$work/artifacts" packer
  else
    echo "# packer init: SKIPPED, Packer $version has no required_plugins (1.7) and fetches no plugin"
    check "fmt -check (Packer $version)" packer fmt -check -diff packer/ecs-drain-agent.pkr.hcl
    without_newer_syntax
    check "validate (Packer $version and its own amazon-ebs, without required_plugins, imds_support, metadata_options, temporary_security_group_source_public_ip)" \
      packer validate -var region=eu-west-1 -var "artifacts=$work/artifacts" "$work/template"
  fi
  return "$failed"
}

failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() {
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "ok - packer $name"
  else
    echo "not ok - packer $name"
    sed 's/^/# /' "$work/output"
    failed=1
  fi
}

# validate needs the files to exist, and does not read them.
make_artifacts() {
  local version file
  version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json | head -n 1)
  mkdir "$work/artifacts"
  for file in x64.tar.gz x64.tar.gz.sha256 arm64.tar.gz arm64.tar.gz.sha256; do
    : >"$work/artifacts/ecs-drain-agent-$version-linux-$file"
  done
}

without_newer_syntax() {
  mkdir "$work/template"
  cp packer/*.sh packer/agent.conf "$work/template"
  sed -e '/^  required_plugins {/,/^  }/d' -e '/required_version/d' -e '/imds_support/d' \
    -e '/temporary_security_group_source_public_ip/d' -e '/^  metadata_options {/,/^  }/d' \
    packer/ecs-drain-agent.pkr.hcl >"$work/template/ecs-drain-agent.pkr.hcl"
}

main
