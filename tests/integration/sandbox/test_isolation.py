"""What a program in a sandbox cannot reach, and what it cannot ask the kernel for."""

import json

import pytest

from sandbox.live import LiveSandbox
from tests.integration.sandbox.conftest import Create

PROBE = """
import ctypes, errno, json, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    ctypes.set_errno(0)
    return errno.errorcode.get(ctypes.get_errno(), "done") if libc.syscall(*args) < 0 else "done"
def net(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(3)
            one.connect(address)
    except OSError as problem:
        return errno.errorcode.get(problem.errno, str(problem))
    return "done"
def write(path):
    try:
        open(path, "w").close()
    except OSError as problem:
        return errno.errorcode[problem.errno]
    os.unlink(path)
    return "done"
print(json.dumps({
    "io_uring": call(425, 8, ctypes.create_string_buffer(200)),
    "io_uring_enter": call(426, 0, 0, 0, 0, 0, 0),
    "ptrace": call(101, 16, os.getppid(), 0, 0),
    "ptrace_me": call(101, 0, 0, 0, 0),
    "process_vm_readv": call(310, 1, 0, 0, 0, 0, 0),
    "x32": call(0x40000000 + 39),
    "mount": call(165, b"none", b"/tmp", b"tmpfs", 0, 0),
    "unshare_user": call(272, 0x10000000),
    "setns": call(308, 0, 0),
    "bpf": call(321, 0, 0, 0),
    "userfaultfd": call(323, 0),
    "keyctl": call(250, 0, 0),
    "reboot": call(169, 0xfee1dead, 672274793, 0, 0),
    "chroot": call(161, b"/tmp"),
    "setuid": call(105, 0),
    "vsock": net(40, (2, 1024)),
    "packet": net(17, ("lo", 0)),
    "alg": net(38, ("hash", "sha256")),
    "documentation": net(socket.AF_INET, ("192.0.2.1", 80)),
    "metadata": net(socket.AF_INET, ("169.254.169.254", 80)),
    "gateway": net(socket.AF_INET, ("172.17.0.1", 22)),
    "six": net(socket.AF_INET6, ("2001:db8::1", 80)),
    "interfaces": os.listdir("/sys/class/net"),
    "routes": len(open("/proc/net/route").read().splitlines()) - 1,
    "docker": os.path.exists("/var/run/docker.sock") or os.path.exists("/run/docker.sock"),
    "root": write("/x"), "usr": write("/usr/x"), "etc": write("/etc/x"), "sys": write("/sys/x"),
    "home": write("/root/x"), "var": write("/var/tmp/x"), "proc": write("/proc/sys/kernel/x"),
    "workspace": write("/workspace/x"), "tmp": write("/tmp/x"), "shm": write("/dev/shm/x"),
    "ids": [os.getuid(), os.getgid(), os.getgroups()],
    "devices": sorted(os.listdir("/dev")),
    "env": sorted(os.environ),
}))
"""

REFUSED = (
    *("io_uring", "io_uring_enter", "ptrace", "ptrace_me", "process_vm_readv", "x32", "mount"),
    *("unshare_user", "setns", "bpf", "userfaultfd", "keyctl", "reboot", "chroot", "setuid"),
    *("vsock", "packet", "alg"),
)


@pytest.fixture
async def found(box: LiveSandbox):
    result = await box.run_code("python", PROBE)
    assert result.ok, result.stderr
    return json.loads(result.stdout)


async def test_nothing_is_within_reach(found):
    refused = {"EPERM", "ENOSYS", "EACCES", "EAFNOSUPPORT"}
    for name in REFUSED:
        assert found[name] in refused, name
    for name in ("documentation", "metadata", "gateway", "six"):
        assert found[name] in {"ENETUNREACH", "EADDRNOTAVAIL"}, name
    assert found["interfaces"] == ["lo"]
    assert found["routes"] == 0
    assert not found["docker"]
    for name in ("root", "usr", "etc", "sys", "home", "var", "proc"):
        assert found[name] in {"EROFS", "EACCES", "ENOENT", "EPERM"}, name
    assert {found[name] for name in ("workspace", "tmp", "shm")} == {"done"}
    assert found["ids"] == [65534, 65534, [65534]]
    assert not {"kmsg", "mem", "sda", "kvm", "fuse"} & set(found["devices"])
    assert not {name for name in found["env"] if "KEY" in name or "TOKEN" in name}


async def test_names_do_not_resolve(box: LiveSandbox):
    ask = "import socket\nsocket.getaddrinfo('example.org', 80)"
    assert b"gaierror" in (await box.run_code("python", ask)).stderr


async def test_no_program_gains_rights(box: LiveSandbox):
    status = (await box.run("cat /proc/self/status")).stdout.decode()
    lines = dict(line.split(":\t", 1) for line in status.splitlines())
    assert {lines[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
        "0" * 16
    }
    assert lines["NoNewPrivs"] == "1"
    assert lines["Seccomp"] == "2"
    assert not (await box.run("su -c id root", stdin=b"\n")).ok


async def test_sandboxes_do_not_see_each_other(create: Create):
    one, two = await create(), await create()
    await one.files.write("secret", b"1")
    await one.run("echo 1 > /dev/shm/secret; echo 1 > /tmp/secret")
    await one.start(["python3", "-m", "http.server", "8000"])
    for place in ("/workspace", "/tmp", "/dev/shm"):
        assert (await two.run(["ls", place])).stdout == b""
    assert b"http.server" not in (await two.run("cat /proc/*/cmdline")).stdout
    connect = "import socket\nsocket.create_connection(('127.0.0.1', 8000))"
    assert b"refused" in (await two.run_code("python", connect)).stderr


async def test_environment_of_a_sandbox_reaches_commands_only(create: Create):
    box = await create(env={"API_KEY": "s3cret"})
    assert (await box.run(["printenv", "API_KEY"])).stdout == b"s3cret\n"
    assert b"s3cret" not in (await box.run("cat /proc/1/cmdline")).stdout
