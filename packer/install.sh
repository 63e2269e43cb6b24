#!/usr/bin/env bash
#
# Installs ecs-drain-agent from its tarball, without network: by hand, from user data or in an image build.
# Run it again to upgrade or to repair.

set -euo pipefail
# Whatever the caller's is: what is installed is for every user to read.
umask 022

readonly prefix=/opt/ecs-drain-agent
readonly config=/etc/ecs-drain-agent/agent.conf
readonly unit=/etc/systemd/system/ecs-drain-agent.service
readonly link=/usr/bin/ecs-drain-agent
readonly service=ecs-drain-agent.service
# Where man(1), bash and zsh look for what came without a package manager, and what lies there.
readonly shell_files=(
  /usr/local/share/man/man8/ecs-drain-agent.8.gz man/ecs-drain-agent.8.gz
  /usr/local/share/bash-completion/completions/ecs-drain-agent completion/ecs-drain-agent.bash
  /usr/local/share/zsh/site-functions/_ecs-drain-agent completion/_ecs-drain-agent
)
work=''

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
    install_directory "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" "$start"
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
  local tarball=$1 start=$2 expected='' found
  [[ -f $tarball && -r $tarball ]] || fail 66 "cannot read $tarball"
  [[ -f $tarball.sha256 && -r $tarball.sha256 ]] || fail 66 "cannot read $tarball.sha256, the checksum published beside the tarball"
  make_work_directory
  # What is checked is what is unpacked: nobody else can change the copy.
  cp "$tarball" "$work/tarball"
  read -r expected _ <"$tarball.sha256" || true
  found=$(sha256sum "$work/tarball")
  found=${found%% *}
  [[ $expected == "$found" ]] ||
    fail 65 "$tarball is damaged or is not what was published: its SHA-256 is $found, but $tarball.sha256 says $expected"
  mkdir "$work/tree"
  tar -xzf "$work/tarball" -C "$work/tree" --strip-components=1 --no-same-owner
  rm "$work/tarball"
  install_tree "$tarball" "$start"
}

install_directory() {
  local directory=$1 start=$2
  [[ -r $directory/SHA256SUMS ]] ||
    fail 66 "$directory is not an unpacked ecs-drain-agent tarball (no SHA256SUMS): give the tarball as argument"
  make_work_directory
  # As above. Links and FIFOs are copied as such, and refused.
  cp -R "$directory" "$work/tree"
  install_tree "$directory" "$start"
}

# Beside its destination, because /tmp may be small or mounted noexec; for root alone.
make_work_directory() {
  work=$(mktemp -d /opt/.ecs-drain-agent.XXXXXXXX)
  trap 'rm -rf "$work"' EXIT
}

# Installs the files in $work/tree, which came from $1.
install_tree() {
  local tree=$work/tree from=$1 start=$2 stranger
  [[ -r $tree/SHA256SUMS ]] || fail 66 "$from holds no SHA256SUMS: it is not of ecs-drain-agent"
  (cd "$tree" && sha256sum --check --quiet --strict SHA256SUMS) ||
    fail 65 "files in $from differ from its SHA256SUMS: unpack the tarball again"
  stranger=$(find_stranger "$tree")
  [[ -z $stranger ]] ||
    fail 65 "$from holds $stranger, which its SHA256SUMS does not name: unpack the tarball again, into an empty directory"
  "$tree/bin/node" --version >/dev/null 2>&1 ||
    fail 69 "the Node.js in $from does not run here ($(uname -m)): it needs the tarball for this architecture, and glibc 2.28"

  # All of the new version or all of the old one, but for the moment between the two renames. Whoever is killed there, or loses
  # power, has neither: the unit fails until this is run again, which repairs it.
  rm -rf "$prefix.new" "$prefix.old"
  mkdir "$prefix.new"
  cp -R "$tree/bin" "$tree/lib" "$tree/share" "$prefix.new/"
  cp "$tree/install.sh" "$prefix.new/share/install.sh"
  chown -R root:root "$prefix.new"
  find "$prefix.new" -type d -exec chmod 0755 {} +
  find "$prefix.new" -type f -exec chmod 0644 {} +
  chmod 0755 "$prefix.new"/bin/* "$prefix.new/share/install.sh"
  # A program that its user cannot read makes a process that this user cannot look into: see the unit.
  chmod 0711 "$prefix.new/bin/node"
  [[ ! -e $prefix ]] || mv "$prefix" "$prefix.old"
  mv "$prefix.new" "$prefix"
  rm -rf "$prefix.old"
  ln -sfn "$prefix/bin/ecs-drain-agent" "$link"
  link_shell_files

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

link_shell_files() {
  local at
  for ((at = 0; at < ${#shell_files[@]}; at += 2)); do
    [[ -e $prefix/share/${shell_files[at + 1]} ]] || continue
    mkdir -p "$(dirname "${shell_files[at]}")"
    ln -sfn "$prefix/share/${shell_files[at + 1]}" "${shell_files[at]}"
  done
}

unlink_shell_files() {
  local at folder
  for ((at = 0; at < ${#shell_files[@]}; at += 2)); do
    rm -f "${shell_files[at]}"
    folder=$(dirname "${shell_files[at]}")
    # What was made for them, unless others use it by now. /usr/local/share/man is the distribution's.
    rmdir "$folder" 2>/dev/null || true
    [[ $folder == /usr/local/share/man/* ]] || rmdir "$(dirname "$folder")" 2>/dev/null || true
  done
}

# Prints the first name below $1 that is no directory, and no regular file that SHA256SUMS names.
find_stranger() {
  local odd
  odd=$(find "$1" ! -type d ! -type f -printf '%P' -quit)
  if [[ -n $odd ]]; then
    printf '%s' "$odd"
    return
  fi
  # A line is 64 digits, two characters and the name. A name with a line break is none that is named.
  cut -c 67- "$1/SHA256SUMS" | LC_ALL=C sort -u >"$work/named"
  find "$1" -type f ! -path "$1/SHA256SUMS" -printf '%P\n' | LC_ALL=C sort -u >"$work/found"
  LC_ALL=C comm -13 "$work/named" "$work/found" | head -n 1
}

uninstall() {
  if is_booted; then
    systemctl stop "$service" 2>/dev/null || true
  fi
  systemctl disable --quiet "$service" 2>/dev/null || true
  unlink_shell_files
  # /var/lib/ecs-drain-agent is a link into private/, as systemd lays it out for a DynamicUser.
  rm -rf "$unit" "$unit.d" "$link" "$prefix" "$prefix.new" "$prefix.old" "$(dirname "$config")" \
    /var/lib/ecs-drain-agent /var/lib/private/ecs-drain-agent /run/ecs-drain-agent /run/ecs-drain-agent.restarts
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
