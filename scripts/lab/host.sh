#!/usr/bin/env bash
# The first process of a host of the lab, which lives as long as the host does:
#   unshare --net --uts --ipc --mount --pid --fork scripts/lab/host.sh NAME
# up.sh starts it so; nobody else should. The host shares the file system of this
# machine except /tmp and /dev/shm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh
name=$1

# Should the repository stand in /tmp, it stays visible there.
mount_own_tmp() {
    mkdir -p "$lab/tmp"
    mount -t tmpfs -o mode=1777 tmpfs "$lab/tmp"
    if [[ $PWD == /tmp/* ]]; then
        mkdir -p "$lab$PWD"
        mount --bind "$PWD" "$lab$PWD"
    fi
    mount --move "$lab/tmp" /tmp
}

# /proc is still the starter's, so this is the pid that the starter knows.
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount_own_tmp
mount --bind "$lab/hosts" /etc/hosts
hostname "$name"
ip link set lo up
echo "$pid" >"$lab/$name.pid"

# Orphans become children of the first process; bash reaps them while it waits.
trap : TERM
while true; do
    sleep 3600 &
    wait $! || true
done
