//! The machine: its name, its kernel, its state; and what an init tells the kernel about itself.

use core::ffi::CStr;
use core::fmt;
use core::time::Duration;

use linux_raw_sys::{general as linux, prctl};

use super::{done, result, small};
use crate::arch::{syscall1, syscall2, syscall3};
use crate::errno::Errno;

/// What the machine and its kernel are called.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Utsname([u8; 6 * FIELD]);

/// How long a field is, its null included.
const FIELD: usize = 65;

impl Utsname {
    /// The operating system: `Linux`.
    pub fn sysname(&self) -> &CStr {
        self.field(0)
    }

    /// The machine's name: what `gethostname` returns.
    pub fn nodename(&self) -> &CStr {
        self.field(1)
    }

    /// The kernel's release, such as `6.1.0`.
    pub fn release(&self) -> &CStr {
        self.field(2)
    }

    /// When and how the kernel was built.
    pub fn version(&self) -> &CStr {
        self.field(3)
    }

    /// The kernel's architecture, such as `x86_64`.
    pub fn machine(&self) -> &CStr {
        self.field(4)
    }

    /// The NIS domain; `(none)` by default.
    pub fn domainname(&self) -> &CStr {
        self.field(5)
    }

    fn field(&self, index: usize) -> &CStr {
        let field = self.0.get(index * FIELD..).unwrap_or_default();
        super::args::head(field).unwrap_or_default()
    }
}

impl fmt::Debug for Utsname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = (0..6).map(|index| self.field(index));
        f.debug_list().entries(fields).finish()
    }
}

/// `uname`: what the machine and its kernel are called.
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

/// `sethostname`: names the machine. At most 64 bytes, else `EINVAL`.
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

/// `setdomainname`: sets the NIS domain. At most 64 bytes, else `EINVAL`.
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

/// How the machine is doing. Memory is in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sysinfo {
    /// Since the start, in whole seconds, rounded up.
    pub uptime: Duration,
    /// How many processes wanted to run, on the average of 1, 5 and 15 minutes, times 65,536.
    pub loads: [u64; 3],
    /// Memory that programs and the kernel can use.
    pub total_ram: u64,
    /// Memory that nobody uses.
    pub free_ram: u64,
    /// Memory in `tmpfs` and the like.
    pub shared_ram: u64,
    /// Memory that caches blocks of devices.
    pub buffer_ram: u64,
    /// Swap space.
    pub total_swap: u64,
    /// Swap space that nobody uses.
    pub free_swap: u64,
    /// How many threads there are.
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
    /// What brings it to 64 bytes on i386.
    rest: [u8; 16 - 2 * size_of::<usize>()],
}

/// `sysinfo`: how the machine is doing.
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

/// `syslog(SYSLOG_ACTION_CONSOLE_LEVEL)`: the kernel's messages more important than this, 1 (only emergencies) to 8 (all),
/// go to the console.
pub fn set_console_level(level: i32) -> Result<(), Errno> {
    const SYSLOG_ACTION_CONSOLE_LEVEL: usize = 8;
    // SAFETY: for this action a number is all it takes.
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

/// `getrandom`: fills the buffer with random bytes: how many, all if they are at most 256. Early in the machine's life it
/// waits until the kernel has some.
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

/// `swapoff`: stops swapping to a file or device, and fetches back what is there.
pub fn swapoff(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_swapoff as usize, path.as_ptr() as usize) })
}

/// `prctl(PR_SET_CHILD_SUBREAPER)`: whether the orphans among this process's descendants become its children, as if it were
/// PID 1.
pub fn set_child_subreaper(subreaper: bool) -> Result<(), Errno> {
    // SAFETY: numbers are all it takes.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_SET_CHILD_SUBREAPER as usize,
            subreaper.into(),
        )
    };
    done(answer)
}

/// `prctl(PR_GET_CHILD_SUBREAPER)`: what [`set_child_subreaper`] has set.
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

/// `prctl(PR_SET_NAME)`: names this thread; of the first one it is what `ps` shows. 15 bytes count.
pub fn set_name(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string, or its first bytes.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_SET_NAME as usize,
            name.as_ptr() as usize,
        )
    };
    done(answer)
}
