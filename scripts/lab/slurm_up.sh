#!/usr/bin/env bash
# Brings up the lab with a real Slurm over it:
#   scripts/lab/slurm_up.sh [NODES [CPUS]]
# NODES as in up.sh; CPUS is how many each node pretends to have (4). Then:
#   scripts/lab/exec.sh head sbatch scripts/slurm/evolve.sbatch
#   scripts/lab/exec.sh head squeue
#   scripts/lab/down.sh
# Configuration, state and logs are in /run/microgpt-lab, and this machine's own
# /etc/slurm is not touched. Called again, it switches on what is off. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh
nodes=${1:-3}
cpus=${2:-4}
slurm=$lab/slurm

# Times are shorter than usual, to save time: a node is considered lost
# after 10 s instead of 300, and a job that was requeued starts again after 5 s
# instead of 120 (cred_expire); the scheduler looks for work every second.
write_configuration() {
    cat <<CONF
ClusterName=lab
SlurmctldHost=head
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$lab/munge/socket,cred_expire=5
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool.%n
SlurmctldPidFile=$slurm/run/slurmctld.pid
SlurmdPidFile=$slurm/run/slurmd.%n.pid
SlurmctldLogFile=$slurm/log/slurmctld.log
SlurmdLogFile=$slurm/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerParameters=bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
KillWait=5
SlurmdParameters=config_overrides
NodeName=node[1-$nodes] CPUs=$cpus RealMemory=64000
PartitionName=all Nodes=ALL Default=YES
CONF
}

# One munged serves all hosts: its socket is a file, and they share the files.
start_munge() {
    local socket=$lab/munge/socket
    mkdir -p "$lab/munge"
    (umask 077 && head --bytes=128 /dev/urandom >"$lab/munge/key")
    on_host head munged --key-file="$lab/munge/key" --socket="$socket" \
        --pid-file="$lab/munge/pid" --seed-file="$lab/munge/seed" --log-file="$lab/munge/log"
}

start_controller() {
    mkdir -p "$slurm"/{etc,state,log,run}
    write_configuration >"$slurm/etc/slurm.conf"
    on_host head mount --bind "$slurm/etc" /etc/slurm
    on_host head slurmctld
}

start_node_daemon() {
    local node=$1
    mkdir -p "$slurm/spool.$node"
    on_host "$node" mount --bind "$slurm/etc" /etc/slurm
    on_host "$node" slurmd -N "$node"
}

runs() {
    on_host "$1" pidof -q "$2"
}

# Whether every node answers; "idle*" would be one that did once.
nodes_answer() {
    local answering
    answering=$(on_host head sinfo --noheader --Node --format=%T 2>/dev/null |
        grep -cxE 'idle|mixed|allocated|completing') || true
    ((answering == nodes))
}

scripts/lab/up.sh "$nodes"
runs head munged || start_munge
runs head slurmctld || start_controller
for ((i = 1; i <= nodes; ++i)); do
    runs "node$i" slurmd || start_node_daemon "node$i"
done
wait_until 30 nodes_answer || fail "not every node answers: see $slurm/log"
on_host head sinfo
