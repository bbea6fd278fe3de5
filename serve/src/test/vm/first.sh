#!/bin/busybox sh
# The first process of the virtual machine: finds the disk, and goes on there.
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
    [ ! -f /lib/$module.ko ] || insmod /lib/$module.ko # else the kernel holds it
done
mount -t ext4 /dev/vda /disk || poweroff -f
for folder in proc sys dev; do mount --move /$folder /disk/$folder; done
exec switch_root /disk /run.sh
