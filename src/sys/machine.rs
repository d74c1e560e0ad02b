//! The machine: its names, its state, its console, random numbers and swap. The module also contains calls that set properties
//! of a process, for an init.

use core::ffi::CStr;
use core::fmt;
use core::time::Duration;

use linux_raw_sys::{general as linux, prctl};

use super::{done, result, small};
use crate::arch::{syscall1, syscall2, syscall3};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// The names of the machine and its kernel.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Utsname([u8; 6 * FIELD]);

/// The length of a field, including its null byte.
const FIELD: usize = 65;

impl Utsname {
    /// The operating system: `Linux`.
    #[must_use]
    pub fn sysname(&self) -> &CStr {
        self.field(0)
    }

    /// The machine's name, as `gethostname` returns it.
    #[must_use]
    pub fn nodename(&self) -> &CStr {
        self.field(1)
    }

    /// The kernel's release, such as `6.1.0`.
    #[must_use]
    pub fn release(&self) -> &CStr {
        self.field(2)
    }

    /// The version of the kernel's build, with the date of the build.
    #[must_use]
    pub fn version(&self) -> &CStr {
        self.field(3)
    }

    /// The kernel's architecture, such as `x86_64`.
    #[must_use]
    pub fn machine(&self) -> &CStr {
        self.field(4)
    }

    /// The NIS domain; `(none)` by default.
    #[must_use]
    pub fn domainname(&self) -> &CStr {
        self.field(5)
    }

    fn field(&self, index: usize) -> &CStr {
        let field = self.0.get(index * FIELD..).unwrap_or_default();
        crate::c_str::head(field).unwrap_or_default()
    }
}

impl fmt::Debug for Utsname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = (0..6).map(|index| self.field(index));
        f.debug_list().entries(fields).finish()
    }
}

/// `uname`: returns the names of the machine and its kernel.
///
/// ```
/// assert_eq!(nestling::sys::machine::uname().unwrap().sysname(), c"Linux");
/// ```
pub fn uname() -> Result<Utsname, Errno> {
    let mut names = Utsname([0; 6 * FIELD]);
    // SAFETY: the kernel writes six fields of 65 bytes.
    let answer = unsafe { syscall1(linux::__NR_uname as usize, &raw mut names as usize) };
    small(answer).map(|_| names)
}

/// `sethostname`: sets the machine's name. Fails with `EINVAL` if the name has more than 64 bytes.
///
/// ```
/// use nestling::sys::machine::sethostname;
///
/// # if false {
/// sethostname(b"nest")?; // needs a capability
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn sethostname(name: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads the slice.
    let answer = unsafe {
        syscall2(
            linux::__NR_sethostname as usize,
            name.as_ptr() as usize,
            name.len(),
        )
    };
    done(answer)
}

/// `setdomainname`: sets the NIS domain. Fails with `EINVAL` if the name has more than 64 bytes.
///
/// ```
/// use nestling::sys::machine::setdomainname;
///
/// # if false {
/// setdomainname(b"(none)")?; // needs a capability
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn setdomainname(name: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads the slice.
    let answer = unsafe {
        syscall2(
            linux::__NR_setdomainname as usize,
            name.as_ptr() as usize,
            name.len(),
        )
    };
    done(answer)
}

/// The state of the machine. Amounts of memory are in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sysinfo {
    /// The time since the machine started, in whole seconds, rounded up.
    pub uptime: Duration,
    /// The load averages of the last 1, 5 and 15 minutes, each multiplied by 65,536.
    pub loads: [u64; 3],
    /// Usable memory.
    pub total_ram: u64,
    /// Unused memory.
    pub free_ram: u64,
    /// Memory of `tmpfs` and other shared memory.
    pub shared_ram: u64,
    /// Memory used for buffers of block devices.
    pub buffer_ram: u64,
    /// The whole swap space.
    pub total_swap: u64,
    /// Unused swap space.
    pub free_swap: u64,
    /// The number of threads of all processes.
    pub threads: u16,
}

/// `struct sysinfo`.
#[repr(C)]
#[derive(Default)]
struct KernelSysinfo {
    uptime: isize,
    loads: [usize; 3],
    total_ram: usize,
    free_ram: usize,
    shared_ram: usize,
    buffer_ram: usize,
    total_swap: usize,
    free_swap: usize,
    procs: u16,
    pad: u16,
    total_high: usize,
    free_high: usize,
    mem_unit: u32,
    /// Padding, which makes the struct 64 bytes long on i386.
    rest: [u8; 16 - 2 * size_of::<usize>()],
}

/// `sysinfo`: returns the state of the machine.
///
/// ```
/// let info = nestling::sys::machine::sysinfo()?;
/// assert!(info.free_ram <= info.total_ram);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn sysinfo() -> Result<Sysinfo, Errno> {
    let mut info = KernelSysinfo::default();
    // SAFETY: the kernel writes one `struct sysinfo`.
    let answer = unsafe { syscall1(linux::__NR_sysinfo as usize, &raw mut info as usize) };
    small(answer)?;
    let bytes = |units: usize| (units as u64).saturating_mul(info.mem_unit.into());
    Ok(Sysinfo {
        uptime: Duration::from_secs(info.uptime as u64),
        loads: info.loads.map(|load| load as u64),
        total_ram: bytes(info.total_ram),
        free_ram: bytes(info.free_ram),
        shared_ram: bytes(info.shared_ram),
        buffer_ram: bytes(info.buffer_ram),
        total_swap: bytes(info.total_swap),
        free_swap: bytes(info.free_swap),
        threads: info.procs,
    })
}

/// `syslog(SYSLOG_ACTION_CONSOLE_LEVEL)`: sets which messages the kernel prints on the console: messages with a level below
/// `level`. If `level` is 1, the kernel prints only emergencies; if it is 8, the kernel prints all messages.
///
/// ```
/// use nestling::sys::machine::set_console_level;
///
/// # if false {
/// set_console_level(4)?; // needs a capability
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias("klogctl", "syslog"))]
pub fn set_console_level(level: i32) -> Result<(), Errno> {
    const SYSLOG_ACTION_CONSOLE_LEVEL: usize = 8;
    // SAFETY: this action takes only a number.
    let answer = unsafe {
        syscall3(
            linux::__NR_syslog as usize,
            SYSLOG_ACTION_CONSOLE_LEVEL,
            0,
            level as usize,
        )
    };
    done(answer)
}

/// `syslog(SYSLOG_ACTION_SIZE_BUFFER)`: returns the size of the kernel's log in bytes.
#[doc(alias("klogctl", "dmesg"))]
pub fn kernel_log_size() -> Result<usize, Errno> {
    const SYSLOG_ACTION_SIZE_BUFFER: usize = 10;
    // SAFETY: this action takes no buffer.
    result(unsafe { syscall3(linux::__NR_syslog as usize, SYSLOG_ACTION_SIZE_BUFFER, 0, 0) })
}

/// `syslog(SYSLOG_ACTION_READ_ALL)`, `…_READ_CLEAR`: writes the last messages of the kernel's log to `buffer`, and returns their
/// length. Each line begins with the number of its facility and level, such as `<6>`. With `clears`, later calls return only
/// messages that the kernel logs after this call. Fails with `EPERM` if the caller lacks `CAP_SYSLOG`, unless the system lets
/// everyone read the log.
#[doc(alias("klogctl", "dmesg"))]
pub fn read_kernel_log(buffer: &mut [u8], clears: bool) -> Result<usize, Errno> {
    const SYSLOG_ACTION_READ_ALL: usize = 3;
    const SYSLOG_ACTION_READ_CLEAR: usize = 4;
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_syslog as usize,
            if clears {
                SYSLOG_ACTION_READ_CLEAR
            } else {
                SYSLOG_ACTION_READ_ALL
            },
            buffer.as_mut_ptr() as usize,
            buffer.len().min(i32::MAX as usize),
        )
    };
    result(answer)
}

/// `getrandom`: writes random bytes to `buffer`, and returns the number of bytes written. The call always fills a buffer of up
/// to 256 bytes; it may fill only a part of a larger buffer. Shortly after the machine has started, the kernel may not have
/// enough entropy yet; then the call waits for it.
///
/// ```
/// let mut seed = [0; 32];
/// assert_eq!(nestling::sys::machine::getrandom(&mut seed), Ok(32));
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn getrandom(buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_getrandom as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
            0,
        )
    };
    result(answer)
}

/// `swapon`: starts swapping to a file or device that `mkswap` has prepared. `priority` is a number from 0 to 32767; the kernel
/// uses areas with a higher priority first. If `priority` is `None`, the kernel chooses a priority below 0. Fails with `EINVAL` if
/// the file is not a swap area, and with `EPERM` if the caller lacks `CAP_SYS_ADMIN`.
pub fn swapon(path: &CStr, priority: Option<u16>) -> Result<(), Errno> {
    const PREFER: u32 = 0x8000;
    let flags = priority.map_or(0, |priority| PREFER | u32::from(priority) & (PREFER - 1));
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall2(
            linux::__NR_swapon as usize,
            path.as_ptr() as usize,
            flags as usize,
        )
    };
    done(answer)
}

/// `finit_module`: loads a kernel module from an open file. `parameters` is a list such as `debug=1 mode=fast`. Fails with `EEXIST`
/// if the module is loaded, with `ENOEXEC` if the file is no module of this kernel, and with `EPERM` if the caller lacks
/// `CAP_SYS_MODULE`.
#[doc(alias("insmod", "modprobe"))]
pub fn finit_module(file: BorrowedFd<'_>, parameters: &CStr) -> Result<(), Errno> {
    load_module(file, parameters, 0)
}

/// `finit_module(MODULE_INIT_COMPRESSED_FILE)` (Linux 5.17): loads a kernel module like [`finit_module`], from a file that is
/// compressed by the method that the kernel was built with. Fails with `EINVAL` if the kernel is older, and with `EOPNOTSUPP` if
/// it was built without a method.
#[doc(alias("insmod", "modprobe"))]
pub fn finit_compressed_module(file: BorrowedFd<'_>, parameters: &CStr) -> Result<(), Errno> {
    const MODULE_INIT_COMPRESSED_FILE: usize = 4;
    load_module(file, parameters, MODULE_INIT_COMPRESSED_FILE)
}

fn load_module(file: BorrowedFd<'_>, parameters: &CStr, flags: usize) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string. The module runs in the kernel, and Rust's rules do not cover the kernel.
    let answer = unsafe {
        syscall3(
            linux::__NR_finit_module as usize,
            file.fd as usize,
            parameters.as_ptr() as usize,
            flags,
        )
    };
    done(answer)
}

/// `delete_module(O_NONBLOCK)`: removes a kernel module. Fails with `ENOENT` if no module has this name, and with `EAGAIN` or
/// `EWOULDBLOCK` if the module is in use.
#[doc(alias("rmmod", "modprobe"))]
pub fn delete_module(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall2(
            linux::__NR_delete_module as usize,
            name.as_ptr() as usize,
            linux::O_NONBLOCK as usize,
        )
    };
    done(answer)
}

/// `swapoff`: stops swapping to a file or device, and moves the swapped pages back to memory.
pub fn swapoff(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_swapoff as usize, path.as_ptr() as usize) })
}

/// `prctl(PR_SET_CHILD_SUBREAPER)`: sets whether this process adopts its orphaned descendants, as PID 1 does.
#[doc(alias = "PR_SET_CHILD_SUBREAPER")]
pub fn set_child_subreaper(subreaper: bool) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_SET_CHILD_SUBREAPER as usize,
            subreaper.into(),
        )
    };
    done(answer)
}

/// `prctl(PR_GET_CHILD_SUBREAPER)`: returns whether this process adopts its orphaned descendants (see [`set_child_subreaper`]).
///
/// ```
/// use nestling::sys::machine::{child_subreaper, set_child_subreaper};
///
/// set_child_subreaper(true)?;
/// assert_eq!(child_subreaper(), Ok(true));
/// # set_child_subreaper(false)?;
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn child_subreaper() -> Result<bool, Errno> {
    let mut subreaper = 0i32;
    // SAFETY: the kernel writes one number.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_GET_CHILD_SUBREAPER as usize,
            &raw mut subreaper as usize,
        )
    };
    small(answer).map(|_| subreaper != 0)
}

/// `prctl(PR_SET_NAME)`: sets this thread's name. The kernel keeps at most 15 bytes of the name. `ps` shows the name of a
/// process's first thread.
#[doc(alias = "PR_SET_NAME")]
pub fn set_name(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads at most a C string.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_SET_NAME as usize,
            name.as_ptr() as usize,
        )
    };
    done(answer)
}
