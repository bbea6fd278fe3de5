#!/bin/busybox sh
# On the disk: a group of its own for the tests, as a service has it, and everything in it.
export PATH=/bin HOME=/root
/bin/busybox --install -s /bin
mount -o remount,rw /
mount -t tmpfs none /tmp
ip link set lo up
mount -t cgroup2 none /sys/fs/cgroup
echo "+memory +cpu +pids" >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/redoubt
echo "CGROUP on Linux $(uname -r): $(cat /sys/fs/cgroup/redoubt/cgroup.controllers)"
(
    echo 0 >/sys/fs/cgroup/redoubt/cgroup.procs
    . /tests
)
poweroff -f
