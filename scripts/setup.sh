# shellcheck shell=bash
# Functions shared by the other scripts. Source this file, do not execute it.
# The working directory must be the top of the repository.

# Prints the names in packages.txt, or in another list, so that each list exists
# in one place only.
required_packages() {
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "${1:-scripts/packages.txt}"
}

# Prints the required packages dpkg does not report as installed. Asking dpkg
# takes a fraction of a second, so every script can afford it on every run. A
# package may be there for several architectures; then each has its status.
# Takes a list like required_packages.
missing_packages() {
    local package status
    for package in $(required_packages "$@"); do
        status=$(dpkg-query -W -f ' ${db:Status-Status} ' "$package" 2>/dev/null || true)
        [[ $status == *' installed '* ]] || echo "$package"
    done
}

# Says what is missing and ends the script: there is nothing else it could do.
cannot_install() {
    local reason=$1
    shift
    {
        echo "setup: $reason, so these packages cannot be installed:"
        printf '  %s\n' "$@"
        echo "setup: install them (or their equivalents) by other means; where they"
        echo "setup: are not Debian packages, build with: cmake --preset release &&"
        echo "setup: cmake --build --preset release"
    } >&2
    exit 2
}

# Makes the build possible on a bare Debian, and is quiet and quick where
# everything is there already. Another list of packages may be named.
install_packages() {
    local -a missing as_root=()
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0

    command -v apt-get >/dev/null ||
        cannot_install "apt-get is not available" "${missing[@]}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            cannot_install "you are not root and there is no sudo" "${missing[@]}"
        as_root=(sudo)
    fi

    echo "setup: installing ${missing[*]}"
    # env stands after sudo because sudo would drop the variable.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q || return
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Builds everything; the arguments go to the configuration, for example
# -DMICROGPT_WERROR=ON.
build() {
    cmake --preset release "$@" && cmake --build --preset release
}

# Builds the named targets only: a run needs no tests, yet shares the build
# folder with them.
build_targets() {
    cmake --preset release && cmake --build --preset release --target "$@"
}

# Lets mpirun start more ranks than there are cores (the islands outnumber the
# cores of a laptop), and start as root, as it must in most containers. Variables
# of PRTE are for Open MPI 5.
mpi_environment() {
    export OMPI_MCA_rmaps_base_oversubscribe=1 \
        PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
    # Two jobs on one machine would bind their ranks to the same cores.
    export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
    # Docker and libvirt give every host the same address, over which ranks wait for
    # each other for ever.
    if [[ -z ${OMPI_MCA_btl_tcp_if_include:-} ]]; then
        export OMPI_MCA_btl_tcp_if_exclude=${OMPI_MCA_btl_tcp_if_exclude:-127.0.0.0/8,sppp,docker0,virbr0}
    fi
    # mpirun itself would wait forever for a silent host; with these keepalives it
    # probes after 4 s and gives up after three probes 1 s apart. That must be sooner
    # than rank 0 gives up (10 s): TCP sends no probes while an abort is in flight.
    export OMPI_MCA_oob_tcp_keepalive_time=4 OMPI_MCA_oob_tcp_keepalive_intvl=1 \
        OMPI_MCA_oob_tcp_keepalive_probes=3
    if ((EUID == 0)); then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}
