#!/usr/bin/env bash
#
# Installs ecs-drain-agent from its tarball, without network: by hand, from user data or in an image build.
# Run it again to upgrade or to repair.

set -euo pipefail

readonly prefix=/opt/ecs-drain-agent
readonly config=/etc/ecs-drain-agent/agent.conf
readonly unit=/etc/systemd/system/ecs-drain-agent.service
readonly link=/usr/bin/ecs-drain-agent
readonly service=ecs-drain-agent.service

usage() {
  cat <<'USAGE'
Usage: install.sh [--no-start] [TARBALL]
       install.sh --uninstall

Installs ecs-drain-agent into /opt/ecs-drain-agent, enables its systemd unit and starts it.

  TARBALL      ecs-drain-agent-VERSION-linux-ARCH.tar.gz; its checksum is read from TARBALL.sha256.
               Without it, installs the unpacked tarball that contains this script.
  --no-start   only enable the unit, for an image build: the agent starts when the image boots
  --uninstall  remove everything, including the configuration and the saved state; the logs stay
USAGE
}

main() {
  local action=install start=yes tarball=''
  while (($#)); do
    case "$1" in
      --no-start) start=no ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        exit 0
        ;;
      -*) fail 64 "unknown option $1; see install.sh --help" ;;
      *)
        [[ -z $tarball ]] || fail 64 "one tarball at most, not both $tarball and $1; see install.sh --help"
        tarball=$1
        ;;
    esac
    shift
  done

  ((EUID == 0)) || fail 77 'must run as root: try sudo'
  command -v systemctl >/dev/null || fail 69 'this host has no systemd (no systemctl), which runs the agent'
  refuse_package

  if [[ $action == uninstall ]]; then
    uninstall
  elif [[ -n $tarball ]]; then
    install_tarball "$tarball" "$start"
  else
    install_tree "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" "$start"
  fi
}

# Two installers of the same files would undo each other's work.
refuse_package() {
  local remove=''
  if command -v dpkg-query >/dev/null && dpkg-query -W -f '${Status}' ecs-drain-agent 2>/dev/null | grep -q ' installed$'; then
    remove='apt-get purge ecs-drain-agent'
  elif command -v rpm >/dev/null && rpm -q ecs-drain-agent >/dev/null 2>&1; then
    remove='dnf remove ecs-drain-agent'
  fi
  [[ -z $remove ]] || fail 73 "ecs-drain-agent is installed here as a package: upgrade that, or remove it first: $remove"
}

install_tarball() {
  local tarball=$1 start=$2 work
  [[ -r $tarball ]] || fail 66 "cannot read $tarball"
  [[ -r $tarball.sha256 ]] || fail 66 "cannot read $tarball.sha256, the checksum published beside the tarball"
  local expected found
  read -r expected _ <"$tarball.sha256"
  read -r found _ < <(sha256sum "$tarball")
  [[ $expected == "$found" ]] ||
    fail 65 "$tarball is damaged or is not what was published: its SHA-256 is $found, but $tarball.sha256 says $expected"

  # Beside its destination, because /tmp may be small or mounted noexec.
  work=$(mktemp -d /opt/.ecs-drain-agent.XXXXXXXX)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '$work'" EXIT
  tar -xzf "$tarball" -C "$work" --strip-components=1 --no-same-owner
  install_tree "$work" "$start"
}

install_tree() {
  local tree=$1 start=$2
  [[ -r $tree/SHA256SUMS ]] ||
    fail 66 "$tree is not an unpacked ecs-drain-agent tarball (no SHA256SUMS): give the tarball as argument"
  (cd "$tree" && sha256sum --check --quiet --strict SHA256SUMS) ||
    fail 65 "files in $tree differ from its SHA256SUMS: unpack the tarball again"
  "$tree/bin/node" --version >/dev/null 2>&1 ||
    fail 69 "the Node.js in $tree does not run here ($(uname -m)): it needs the tarball for this architecture, and glibc 2.28"

  # All of the new version or all of the old one, at any moment.
  rm -rf "$prefix.new" "$prefix.old"
  mkdir -p "$prefix.new"
  cp -R "$tree/bin" "$tree/lib" "$tree/share" "$prefix.new/"
  cp "$tree/install.sh" "$prefix.new/share/install.sh"
  chown -R root:root "$prefix.new"
  chmod -R u=rwX,go=rX "$prefix.new"
  [[ ! -e $prefix ]] || mv "$prefix" "$prefix.old"
  mv "$prefix.new" "$prefix"
  rm -rf "$prefix.old"
  ln -sfn "$prefix/bin/ecs-drain-agent" "$link"

  mkdir -p "$(dirname "$config")"
  [[ -e $config ]] || install -m 0644 "$prefix/share/agent.conf" "$config"
  install -m 0644 "$prefix/share/ecs-drain-agent.service" "$unit"
  if command -v restorecon >/dev/null; then
    restorecon -R "$prefix" "$(dirname "$config")" "$unit" "$link" || true
  fi

  systemctl enable --quiet "$service"
  if is_booted; then
    systemctl daemon-reload
    [[ $start == no ]] || systemctl restart --no-block "$service"
  fi
  echo "ecs-drain-agent $("$link" --version) is installed in $prefix; its configuration is $config"
}

uninstall() {
  if is_booted; then
    systemctl stop "$service" 2>/dev/null || true
  fi
  systemctl disable --quiet "$service" 2>/dev/null || true
  # /var/lib/ecs-drain-agent is a link into private/, as systemd lays it out for a DynamicUser.
  rm -rf "$unit" "$unit.d" "$link" "$prefix" "$prefix.new" "$prefix.old" "$(dirname "$config")" \
    /var/lib/ecs-drain-agent /var/lib/private/ecs-drain-agent /run/ecs-drain-agent
  if is_booted; then
    systemctl daemon-reload
    systemctl reset-failed "$service" 2>/dev/null || true
  fi
  echo 'ecs-drain-agent is removed; its logs stay in the journal'
}

# False in a chroot, where an image is built and no systemd runs.
is_booted() {
  [[ -d /run/systemd/system ]]
}

# Exit statuses as in sysexits.h.
fail() {
  echo "install.sh: $2" >&2
  exit "$1"
}

main "$@"
