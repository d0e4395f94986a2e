#!/usr/bin/env bash
# Proves that the committed project runs on a bare Debian 12: makes a minimal
# root folder with debootstrap, clones HEAD into it, and runs there, by chroot,
# scripts/evolve.sh with a small population and scripts/test.sh. Or that the
# Debian packages of this machine's build do: installs them there, with what they
# ask for and nothing else, and uses them as people would.
#
#   fresh_machine.sh [--user] [--packages] [--base BARE_ROOT] [DIRECTORY]
#
#   --packages   try the Debian packages, which are made first
#   --user       run as an ordinary user with passwordless sudo, not as root
#   --base DIR   copy the bare root from DIR, made there first if it is missing
#   DIRECTORY    where to make the root folder (new or empty; it is kept);
#                default: a temporary folder, removed after a success
#
# Needs root, debootstrap, git and a machine whose apt knows Debian bookworm.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

suite=bookworm
as_user=no
packages=no
base=
root=
temporary=no

fail() {
    echo "fresh_machine: $*" >&2
    exit 2
}

usage() {
    sed -n '/^#   fresh_machine/,/^# Needs/p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

parse_arguments() {
    while (($#)); do
        case $1 in
        --user) as_user=yes ;;
        --packages) packages=yes ;;
        --base)
            (($# > 1)) || fail "--base needs a directory"
            base=$2
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) fail "unknown option $1 (see --help)" ;;
        *)
            [[ -z $root ]] || fail "more than one directory given"
            root=$1
            ;;
        esac
        shift
    done
}

check_machine() {
    local program
    ((EUID == 0)) || fail "run it as root: it mounts and changes root folders"
    for program in debootstrap git chroot mount apt-get; do
        command -v "$program" >/dev/null || fail "$program is not installed"
    done
    [[ -n $(debian_sources) ]] ||
        fail "apt has no source for Debian $suite here (is 'apt-get update' due?)"
}

# The folder is filled by this script, so it must not hold anything else.
make_directory() {
    if [[ -z $root ]]; then
        root=$(mktemp -d "${TMPDIR:-/tmp}/fresh-machine.XXXXXX")
        chmod 755 "$root" # an ordinary user inside must be able to enter it
        temporary=yes
    fi
    mkdir -p "$root"
    root=$(cd "$root" && pwd)
    [[ -z $(ls -A "$root") ]] || fail "$root is not empty"
}

# Prints this machine's own Debian sources as "SITE RELEASE COMPONENT" lines.
# No mirror is named in this script: the one that works here is the one to use.
debian_sources() {
    # shellcheck disable=SC2016 # apt-get expands these, not the shell
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 'Component: main' |
        grep -E " $suite(-updates|-security)? main\$" | sort -u
}

# Makes a bare root: Debian's essential packages and apt, nothing else.
bootstrap() {
    local target=$1 mirror
    mirror=$(debian_sources | awk -v suite="$suite" '$2 == suite { print $1 }')
    debootstrap --variant=minbase "$suite" "$target" "$mirror"
}

# Fills the root folder, from the base where one is given: that takes seconds.
make_root() {
    if [[ -z $base ]]; then
        bootstrap "$root"
        return
    fi
    if [[ ! -d $base ]]; then
        bootstrap "$base.partial" # renamed when complete, so never half a base
        mv "$base.partial" "$base"
    fi
    cp -a --reflink=auto "$base/." "$root/"
}

# Gives apt inside what it needs to reach the mirror from here: sources, name
# resolution, and this machine's proxy and certificate settings, if any.
configure_apt() {
    debian_sources | sed 's/^/deb /' >"$root/etc/apt/sources.list"
    apt-config dump | grep -iE '^Acquire::(https?::|Check-)' \
        >"$root/etc/apt/apt.conf.d/99this-machine" || true
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt \
        /usr/local/share/ca-certificates; do
        [[ -e $file ]] || continue
        mkdir -p "$root$(dirname "$file")"
        cp --recursive --dereference "$file" "$root$(dirname "$file")/"
    done
}

# Clones what is committed; --no-local copies the objects, so that nothing in
# the clone refers to files outside the root folder.
clone_project() {
    mkdir -p "$root/srv"
    git clone --quiet --no-local "$repository" "$root/srv/project"
    echo "fresh_machine: testing commit $(git -C "$repository" rev-parse HEAD)"
}

# /dev is made private first, or the mounts below it would show up on this
# machine too. MPI counts the cores through /sys, and its ranks exchange messages
# through /dev/shm.
mount_all() {
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --bind /dev "$root/dev"
    mount --make-private "$root/dev"
    mount --bind /dev/pts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
}

unmount_all() {
    local folder
    for folder in dev/shm dev/pts dev sys proc; do
        if mountpoint -q "$root/$folder"; then
            umount "$root/$folder" || umount --lazy "$root/$folder"
        fi
    done
}

# Runs at every end. The root folder is removed only where it is temporary and
# everything went well; --one-file-system spares /dev should it be mounted still.
clean_up() {
    local status=$?
    [[ -n $root ]] || exit "$status"
    unmount_all
    if [[ $temporary == yes && $status == 0 ]]; then
        rm -rf --one-file-system "$root"
    else
        echo "fresh_machine: the root folder is $root"
    fi
    ((status == 0)) || echo "fresh_machine: FAILED with status $status" >&2
    exit "$status"
}

# Runs a command as root inside, with nothing of this machine's environment.
inside() {
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Adds the ordinary user, owner of the clone, who may use sudo.
add_user() {
    inside env DEBIAN_FRONTEND=noninteractive apt-get update -q
    inside env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends sudo
    inside useradd --create-home --shell /bin/bash tester
    echo 'tester ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tester"
    chmod 440 "$root/etc/sudoers.d/tester"
    inside chown -R tester: /srv/project
}

# Runs a command line at the top of the clone, as root or as the user.
run_in_project() {
    echo "fresh_machine: running as $([[ $as_user == yes ]] && echo user || echo root): $1"
    if [[ $as_user == yes ]]; then
        inside su --login tester --command "cd /srv/project && $1"
    else
        inside bash -c "cd /srv/project && $1"
    fi
}

# Installs the packages of this machine's build, and uses them far from any source.
try_packages() {
    (cd "$repository" && scripts/package.sh)
    cp "$repository"/build/*.deb "$root/srv/"
    inside env DEBIAN_FRONTEND=noninteractive apt-get update -q
    inside bash -c 'DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends /srv/microgpt_*.deb'
    inside useradd --create-home --shell /bin/bash tester
    inside su --login tester --command 'set -ex
        export OMPI_MCA_rmaps_base_oversubscribe=1
        mpirun -n 3 evolve_loss --population 4 --generations 2
        creature | grep "MicroGPT \[Evolved\]"
        evolve_report && test -s experiments/latest/report.html
        evolve_report --format markdown'
    echo "fresh_machine: the programs work; now the libraries"
    inside bash -c 'DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends g++ cmake make /srv/libmicrogpt-dev_*.deb'
    cp -r "$repository/examples/library" "$root/srv/"
    inside bash -ec 'cd /srv && cmake -S library -B built && cmake --build built
        built/minimum && built/evolved /usr/share/microgpt/names.txt | grep "Champion: organism"'
    echo "fresh_machine: passed: the packages work on a bare Debian ($suite)"
}

parse_arguments "$@"
check_machine
make_directory
trap clean_up EXIT
trap 'exit 130' INT TERM
make_root
configure_apt
mount_all
if [[ $packages == yes ]]; then
    try_packages
    exit
fi
clone_project
[[ $as_user == no ]] || add_user
run_in_project 'scripts/evolve.sh --population 4 --generations 2 --immigrants 1 --seed 1'
run_in_project 'scripts/test.sh'
echo "fresh_machine: passed: evolution and tests run on a bare Debian ($suite)"
