# shellcheck shell=bash
# Debian packages: only what is missing, from deploy/packages.txt.

node_is_there() {
  local major
  command -v npm > /dev/null || return 1
  major=$(node -p 'process.versions.node.split(".")[0]' 2> /dev/null) || return 1
  [ "$major" -ge 18 ]
}

packages_of() { # GROUP...
  local group name wanted=" $* "
  while read -r group name; do
    case $group in '' | '#'*) continue ;; esac
    [[ $wanted == *" $group "* ]] || continue
    if [ "$group" = node ] && node_is_there; then continue; fi
    printf '%s\n' "$name"
  done < "$PW_ROOT/deploy/packages.txt"
}

packages_missing() { # PACKAGE...
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2> /dev/null | sed -n 's/^installed //p') || true
  printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$have") || true
}

apt() { as_admin env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"; }

apt_note() { # LOG: how far apt is
  local all unpacked set_up
  all=$(sed -n 's/.* \([0-9]*\) newly installed.*/\1/p' "$1" | tail -n 1)
  [ -n "$all" ] || return 0
  unpacked=$(grep -c '^Unpacking ' "$1" || true)
  set_up=$(grep -c '^Setting up ' "$1" || true)
  printf '%s packages, %s unpacked, %s set up' "$all" "$unpacked" "$set_up"
}

packages_install() { # GROUP...
  local wanted missing log=$PW_ROOT/build/log
  mapfile -t wanted < <(packages_of "$@")
  [ "${#wanted[@]}" -gt 0 ] || return 0
  command -v dpkg-query > /dev/null || die "this is not a Debian: install the packages of deploy/packages.txt yourself"
  mapfile -t missing < <(packages_missing "${wanted[@]}")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if ! am_root && ! command -v sudo > /dev/null; then
    die "packages are missing and sudo is not there; as root run: apt-get install --no-install-recommends ${missing[*]}"
  fi
  mkdir -p "$log"
  # sudo must be able to ask before its output goes to a log
  am_root || sudo -v || die "packages are missing; as root run: apt-get install --no-install-recommends ${missing[*]}"
  say "packages missing: ${missing[*]}"
  if ! compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null; then
    run_step "package lists" "$log/apt-update.log" apt update || die "apt-get update failed"
  fi
  if ! STEP_NOTE=apt_note run_step "installing packages" "$log/apt.log" apt install -y --no-install-recommends "${missing[@]}"; then
    run_step "package lists" "$log/apt-update.log" apt update || die "apt-get update failed"
    STEP_NOTE=apt_note run_step "installing packages" "$log/apt.log" apt install -y --no-install-recommends "${missing[@]}" ||
      die "the packages could not be installed"
  fi
  hash -r
}
