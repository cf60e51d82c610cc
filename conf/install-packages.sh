#!/usr/bin/env bash
# install-packages.sh PACKAGE...: installs by apt those that are missing; silent and quick when none is.
set -eu
missing=()
for package in "$@"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0
echo "installing: ${missing[*]}"
[ "$(id -u)" = 0 ] || { echo "not root: install them with apt-get, then call make again" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
