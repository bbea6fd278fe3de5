"""`./redoubt dev isolation KERNEL`: the tests of what a worker may do, in a virtual machine whose kernel has cgroup v2.

Many machines that build have version 1, or a hierarchy that is not theirs; there the tests run with the other limits alone.
QEMU emulates the processor, so that this needs no /dev/kvm: five minutes for what takes half of one outside.
"""

import argparse
import gzip
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVE = HERE.parents[2]
TARGET = SERVE / "target" / "vm"
REPORT = SERVE / "target" / "surefire-reports" / "TEST-dev.redoubt.serve.worker.CgroupTest.xml"
TESTS = [f"dev.redoubt.serve.worker.{name}" for name in ["CgroupKernelTest", "WorkerIsolationTest"]]
OPENED = ["", ".java", ".worker", ".worker.hostile"]  # packages of tests
MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"]
LIBRARIES = ["c", "m", "dl", "pthread", "rt", "gcc_s", "stdc++", "z"]
LIMIT_S = 1800


def main() -> int:
    parser = argparse.ArgumentParser(prog="./redoubt dev isolation", description=__doc__)
    parser.add_argument("kernel", type=Path, help="an unpacked kernel package, with boot/vmlinuz-* and lib/modules (Debian: apt-get download "
                                                  "linux-image-VERSION-cloud-amd64, then dpkg-deb -x FILE KERNEL)")
    kernel = parser.parse_args().kernel
    images = sorted(kernel.glob("boot/vmlinuz-*"))
    if not images:
        return refuse(f"{kernel} holds no boot/vmlinuz-*: unpack a kernel package there")
    for tool, package in {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "mke2fs": "e2fsprogs"}.items():
        if not shutil.which(tool):
            return refuse(f"{tool} not found: install it (Debian: apt-get install {package})")
    shutil.rmtree(TARGET, ignore_errors=True)
    first_files(kernel)
    disk(Path(os.environ["JAVA_HOME"]))
    return run(images[-1])


def refuse(why: str) -> int:
    print(f"redoubt: {why}", file=sys.stderr)
    return 69


def first_files(kernel: Path) -> None:
    """What the kernel starts with: finds the disk, and goes on there."""
    root = TARGET / "first"
    for folder in ["bin", "proc", "sys", "dev", "disk", "lib"]:
        (root / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin")
    for name in MODULES:
        for file in kernel.glob(f"lib/modules/*/**/{name}.ko"):
            shutil.copy(file, root / "lib")
    shutil.copy(HERE / "first.sh", root / "init")
    os.chmod(root / "init", 0o755)
    names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
    made = subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), capture_output=True, check=True)
    with gzip.open(TARGET / "first.gz", "wb", 1) as out:
        out.write(made.stdout)


def disk(jdk: Path) -> None:
    root = TARGET / "root"
    for folder in ["bin", "proc", "sys", "dev", "tmp", "etc", "root", "lib64", "lib/x86_64-linux-gnu"]:
        (root / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin")
    shutil.copytree(jdk, inside(root, jdk), symlinks=True, ignore=shutil.ignore_patterns("jmods", "src.zip", "man", "cacerts"))
    shutil.copy("/lib64/ld-linux-x86-64.so.2", root / "lib64")
    for name in LIBRARIES:
        for file in Path("/lib/x86_64-linux-gnu").glob(f"lib{name}.so.[0-9]"):
            shutil.copy(file, root / "lib/x86_64-linux-gnu")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    module_path, class_path = paths()
    runner = root / "runner"
    launcher = [jar for jar in class_path if "junit-platform" in jar]
    subprocess.run([jdk / "bin/javac", "-proc:none", "-nowarn", "-cp", ":".join(launcher), "-d", runner, HERE / "RunTests.java"], check=True)
    for name in module_path + class_path + [str(SERVE / "target/test-classes")]:
        path = Path(name)
        if path.is_dir():
            shutil.copytree(path, inside(root, path), dirs_exist_ok=True)
        elif path.is_file():
            inside(root, path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, inside(root, path))
    command = [
        jdk / "bin/java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx600m", "--illegal-native-access=deny",
        "--enable-native-access=dev.redoubt.serve", "-p", ":".join(module_path),
        "--patch-module", f"dev.redoubt.serve={SERVE / 'target/test-classes'}", "--add-modules", "dev.redoubt.serve",
        "--add-reads", "dev.redoubt.serve=ALL-UNNAMED",
        *(word for package in OPENED for word in ["--add-opens", f"dev.redoubt.serve/dev.redoubt.serve{package}=ALL-UNNAMED"]),
        "-cp", ":".join([*class_path, "/runner"]), "RunTests", *TESTS,
    ]
    (root / "tests").write_text(f"cd {SERVE}\nexec " + " ".join(str(word) for word in command) + "\n")
    shutil.copy(HERE / "run.sh", root / "run.sh")
    os.chmod(root / "run.sh", 0o755)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, TARGET / "disk", "1500M"], check=True)


def inside(root: Path, path: Path) -> Path:
    return root / path.absolute().relative_to("/")


def paths() -> tuple[list[str], list[str]]:
    """Of modules and of classes, as the tests outside had them, and what runs tests."""
    report = html.unescape(REPORT.read_text())
    modules = re.search(r'name="jdk.module.path" value="([^"]*)"', report).group(1).split(":")
    classes = re.search(r'name="surefire.test.class.path" value="([^"]*)"', report).group(1).split(":")
    classes = [name for name in classes if name and not name.endswith("serve/target/test-classes")]
    engine = next(name for name in classes if "junit-platform-engine" in name)
    return modules, [*classes, engine.replace("junit-platform-engine", "junit-platform-launcher")]


def run(kernel: Path) -> int:
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3000", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-drive", f"file={TARGET / 'disk'},if=virtio,format=raw", "-kernel", kernel, "-initrd", TARGET / "first.gz",
        "-append", "console=ttyS0 quiet panic=1 cgroup_no_v1=all",
    ]
    failed, done = 0, False
    with open(TARGET / "log", "w") as log, subprocess.Popen(
            ["timeout", str(LIMIT_S), *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as machine:
        for line in machine.stdout:
            log.write(line)
            log.flush()
            if line.startswith(("TEST ", "CGROUP ")):
                print(line.rstrip(), flush=True)
            failed += line.startswith("TEST FAILED")
            done |= line.startswith("DONE")
    print(f"{'all have run' if done else 'it did not come to the end'}, {failed} failed: all that was said is in {TARGET / 'log'}")
    return 0 if done and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
