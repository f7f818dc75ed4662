# SPDX-License-Identifier: Apache-2.0
"""The machine: what it is, and whether it had other things to do."""
import os
import platform
import re
import subprocess

LARGEST_SPREAD = 0.10
LARGEST_SHARE = 0.10
LARGEST_THEFT = 0.02
LARGEST_LOAD = 0.5


def text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def describe():
    """Processor, cores, memory, system and kernel."""
    model = re.search(r"^model name\s*:\s*(.*)$", text("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", text("/proc/meminfo"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="?(.*?)"?$', text("/etc/os-release"), re.MULTILINE)
    return {
        "processor": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": int(memory.group(1)) * 1024 if memory else 0,
        "system": system.group(1) if system else platform.system(),
        "kernel": platform.release(),
    }


def ticks():
    """All processor time since the start of the machine, and of it the idle and the stolen part, in seconds."""
    fields = text("/proc/stat").splitlines()[0].split()[1:9] if text("/proc/stat") else []
    if len(fields) < 8:
        return None
    numbers = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields]
    return sum(numbers), numbers[3] + numbers[4], numbers[7]


def own():
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Watch:
    """Sees from its making to the end of a run what others did with the processors."""

    def __init__(self):
        self.load = os.getloadavg()[0]
        self.before, self.used = ticks(), own()

    def reasons(self, spread=None):
        """Each thing that speaks against the figures, in words; none on a quiet machine."""
        reasons = []
        cores = len(os.sched_getaffinity(0))
        if self.load > LARGEST_LOAD * cores:
            reasons.append(f"the load average was {self.load:.1f} at the start, with {cores} cores")
        after = ticks()
        if self.before and after and after[0] > self.before[0]:
            total, idle, stolen = (late - early for late, early in zip(after, self.before))
            others = (total - idle - stolen - (own() - self.used)) / total
            if others > LARGEST_SHARE:
                reasons.append(f"other programs used {others:.0%} of the processors")
            if stolen / total > LARGEST_THEFT:
                reasons.append(f"the hypervisor took {stolen / total:.0%} of the processor time")
        if spread is not None and spread > LARGEST_SPREAD:
            reasons.append(f"repeated runs differ by {spread:.0%} from their median in the worst case")
        return reasons


def version(command):
    """The first line in which a program tells its version."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError:
        return None
    for line in (result.stdout + result.stderr).splitlines():
        if match := re.search(r"\d+\.\d+[\w.+-]*", line):
            return match.group(0).rstrip(".,")
    return None


def revision(root):
    """The commit that was measured; nothing outside of a checkout."""
    result = subprocess.run(
        ["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=10"], capture_output=True, text=True,
        check=False)
    return result.stdout.strip() or None
