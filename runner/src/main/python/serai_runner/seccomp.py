# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A filter of system calls for sandboxes, as the kernel wants it: classic BPF over `struct seccomp_data`.

What needs a capability or a namespace fails without it, too; the filter keeps the kernel's rarely walked ways out of reach,
as container engines do by default. A call that is kept away fails with EPERM.
"""

from __future__ import annotations

import os
import struct

# By architecture: its AUDIT_ARCH, and the numbers of linux/arch/x86/entry/syscalls/syscall_64.tbl and of
# linux/include/uapi/asm-generic/unistd.h.
_ARCHITECTURES = {
    "x86_64": (
        0xC000003E,
        {
            "ptrace": 101, "syslog": 103, "ustat": 136, "pivot_root": 155, "adjtimex": 159, "acct": 163, "settimeofday": 164,
            "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170,
            "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
            "nfsservctl": 180, "lookup_dcookie": 212, "clock_settime": 227, "kexec_load": 246, "add_key": 248,
            "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298, "fanotify_init": 300,
            "name_to_handle_at": 303, "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310,
            "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
            "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
            "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "quotactl_fd": 443,
            "mount_setattr": 442,
        },
        41,
    ),
    "aarch64": (
        0xC00000B7,
        {
            "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "acct": 89, "unshare": 97,
            "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117,
            "reboot": 142, "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "adjtimex": 171, "add_key": 217,
            "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241, "fanotify_init": 262,
            "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
            "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
            "kexec_file_load": 294, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
            "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
            "quotactl_fd": 443,
        },
        198,
    ),
}  # fmt: skip
_FAMILIES = (17, 38, 40)  # of sockets: packet, the kernel's ciphers, the hypervisor

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # with EPERM
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # places in seccomp_data
_X32 = 0x40000000


def program(machine: str) -> bytes | None:
    """@param machine: as uname says it. @return None: we have no filter for it"""
    if machine not in _ARCHITECTURES:
        return None
    arch, numbers, socket = _ARCHITECTURES[machine]
    words = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        words += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for number in sorted(numbers.values()):
        words += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    words += [(_EQUAL, 0, 1 + 2 * len(_FAMILIES), socket), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    for family in _FAMILIES:
        words += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _REFUSE)]
    words.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *word) for word in words)


def descriptor() -> int | None:
    """@return where bubblewrap may read the filter from; None: there is none for this machine"""
    filter_ = program(os.uname().machine)
    if filter_ is None:
        return None
    memory = os.memfd_create("seccomp")
    os.write(memory, filter_)
    os.lseek(memory, 0, os.SEEK_SET)
    return memory
