"""The configuration of a container: every door that must be shut is."""

import pytest

from sandbox.api import SandboxSpec
from sandbox.errors import SpecRefused
from sandbox.hardening import container_config, refuse_unreasonable, sizes_mb


def test_every_door_is_shut():
    config = container_config(SandboxSpec(labels={"a": "b"}, env={"KEY": "secret"}), {"c": "d"})
    host = config["HostConfig"]
    assert config["User"] == "65534:65534"
    assert config["NetworkDisabled"]
    assert not config["Tty"]
    assert not config["StdinOnce"]
    assert "secret" not in repr(config)
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert not host["Privileged"]
    assert not host["Init"]
    assert host["PidsLimit"] == 128
    assert host["IpcMode"] == "private"
    assert host["Memory"] == host["MemorySwap"] == 512 << 20
    assert host["LogConfig"]["Type"] == "none"
    assert "nproc" not in {limit["Name"] for limit in host["Ulimits"]}
    assert not {"Binds", "Mounts", "Devices", "PortBindings", "CapAdd"} & set(host)
    for options in host["Tmpfs"].values():
        assert {"nosuid", "nodev"} <= set(options.split(","))
    assert "noexec" in host["Tmpfs"]["/tmp"]


@pytest.mark.parametrize("memory_mb", [64, 65, 100, 512, 4096, 100_000])
def test_what_can_be_filled_stays_below_the_memory_limit(memory_mb):
    assert sum(sizes_mb(memory_mb)) <= memory_mb * 3 // 4
    assert all(size > 0 for size in sizes_mb(memory_mb))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpu": 0}, "cpu is 0: choose from 0.1 to 64"),
        ({"memory_mb": 10}, "memory_mb is 10: choose from 64"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"ttl_s": 0}, "ttl_s is 0"),
        ({"network": ("127.0.0.1",)}, "network: '127.0.0.1' is an address"),
        ({"env": {"A=B": "c"}}, "impossible name"),
        ({"env": {"A": "\0"}}, "impossible name"),
    ],
)
def test_unreasonable_specs_are_refused_by_field(changes, message):
    with pytest.raises(SpecRefused, match=message):
        refuse_unreasonable(SandboxSpec(**changes))
