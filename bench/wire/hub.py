"""A link between hosts, where the kernel cannot delay packets: hosts are network namespaces that hang on TUN devices.

Usage: hub.py MTU HOST=IP ...   A HOST is the name of a network namespace; `-` is the namespace of this process.
Lines on standard input change the link: `delay MS` (one way), `loss SHARE`, `rate BYTES` (a second, of what each host
sends; 0: no limit), `cut HOST`, `heal HOST`. Each is answered by the same line, once it holds.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
DEVICE = "wire0"
IPV4 = 4
READS_IN_A_ROW = 64
# Packets that wait for this process: more than the windows of TCP let through, so that only `loss` loses any.
QUEUE = 20_000


def open_device(namespace: str) -> int:
    """Makes the device in this process's namespace, and moves it to its own."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = f"wire{os.getpid()}"
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_WITHOUT_HEADER))
    within = [] if namespace == "-" else ["-n", namespace]
    if within:
        subprocess.run(["ip", "link", "set", name, "netns", namespace], check=True)
    subprocess.run(["ip", *within, "link", "set", name, "name", DEVICE], check=True)
    return device


def give_address(namespace: str, address: str, mtu: int) -> None:
    within = [] if namespace == "-" else ["-n", namespace]
    subprocess.run(["ip", *within, "addr", "add", f"{address}/24", "dev", DEVICE], check=True)
    subprocess.run(["ip", *within, "link", "set", DEVICE, "mtu", str(mtu), "txqueuelen", str(QUEUE), "up"], check=True)


class Wire:
    def __init__(self, mtu: int, hosts: dict[str, str]) -> None:
        self.devices = {name: open_device(name) for name in hosts}
        for name, address in hosts.items():
            give_address(name, address, mtu)
        self.names = {device: name for name, device in self.devices.items()}
        self.receivers = {bytes(map(int, ip.split("."))): name for name, ip in hosts.items()}
        self.delay = 0.0
        self.loss = 0.0
        self.rate = 0.0
        # When each host has sent what it was given so far, at this rate.
        self.free = dict.fromkeys(hosts, 0.0)
        self.cut: set[str] = set()
        # Packets under way: (time when due, number, device of the receiver, bytes).
        self.held: list[tuple[float, int, int, bytes]] = []
        self.number = 0

    def obey(self, line: str) -> None:
        word, what = line.split()
        if word == "delay":
            self.delay = float(what) / 1000
        elif word == "loss":
            self.loss = float(what)
        elif word == "rate":
            self.rate = float(what)
        elif word == "cut":
            self.cut.add(what)
        elif word == "heal":
            self.cut.discard(what)
        else:
            sys.exit(f"unknown command: {line}")
        print(line, flush=True)

    def take(self, device: int) -> None:
        sender = self.names[device]
        for _ in range(READS_IN_A_ROW):
            try:
                packet = os.read(device, 65536)
            except BlockingIOError:
                return
            receiver = self.receivers.get(packet[16:20]) if packet[0] >> 4 == IPV4 else None
            if receiver is None or sender in self.cut or receiver in self.cut:
                continue
            if self.loss > 0 and random.random() < self.loss:
                continue
            self.number += 1
            leaves = time.monotonic()
            if self.rate > 0:
                leaves = max(leaves, self.free[sender]) + len(packet) / self.rate
                self.free[sender] = leaves
            due = leaves + self.delay
            heapq.heappush(self.held, (due, self.number, self.devices[receiver], packet))

    def deliver(self) -> None:
        while self.held and self.held[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(self.held)
            try:
                os.write(device, packet)
            except BlockingIOError:
                pass  # A full queue loses packets, as a router's does.

    def run(self) -> None:
        commands = sys.stdin.fileno()
        waiting = b""
        while True:
            wait = max(0.0, self.held[0][0] - time.monotonic()) if self.held else None
            ready, _, _ = select.select([commands, *self.names], [], [], wait)
            for source in ready:
                if source != commands:
                    self.take(source)
                    continue
                read = os.read(commands, 4096)
                if read == b"":
                    return
                *lines, waiting = (waiting + read).split(b"\n")
                for line in lines:
                    self.obey(line.decode())
            self.deliver()


if __name__ == "__main__":
    wire = Wire(int(sys.argv[1]), dict(argument.split("=") for argument in sys.argv[2:]))
    print("ready", flush=True)
    wire.run()
