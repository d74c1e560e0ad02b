//! Raw system calls, with the same interface on each of the four architectures. The module has functions that make a call, the
//! numbers of the calls, a function that converts the kernel's return value, and a function that makes a child.
//!
//! Use this module for a system call that has no function in [`sys`](crate::sys). The functions here only make the call: they
//! do not repeat an interrupted call, do not check arguments, and do not keep any state. The arguments are machine words, in
//! the order of the call's manual page (section 2). The C headers `linux/*.h` and the crate `linux-raw-sys` define the
//! constants and structures.
//!
//! On x86_64, aarch64 and riscv64, a call is one instruction in the caller's code. On i386, a call is the instruction `int
//! 0x80`; a call with five or six arguments needs more instructions, which are in a function.

use core::ffi::c_void;

use crate::arch;
use crate::errno::Errno;

pub use crate::arch::ChildFunction;

/// Makes a system call without arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::raw::{nr, result, syscall0};
///
/// // SAFETY: `getpid` takes no arguments and changes nothing.
/// let id = unsafe { syscall0(nr::GETPID) };
/// assert_eq!(result(id), Ok(std::process::id() as usize));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall0(number: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall0(number) }
}

/// Makes a system call with one argument. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::Errno;
/// use nestling::raw::{nr, result, syscall1};
///
/// // SAFETY: no descriptor has this number.
/// let answer = unsafe { syscall1(nr::CLOSE, usize::MAX) };
/// assert_eq!(result(answer), Err(Errno::EBADF));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall1(number: usize, a1: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall1(number, a1) }
}

/// Makes a system call with two arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::raw::{nr, result, syscall2};
///
/// // SAFETY: signal 0 is none: the kernel says only whether one could be sent.
/// let answer = unsafe { syscall2(nr::KILL, std::process::id() as usize, 0) };
/// assert_eq!(result(answer), Ok(0));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall2(number: usize, a1: usize, a2: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall2(number, a1, a2) }
}

/// Makes a system call with three arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::raw::{nr, result, syscall3};
///
/// let mut bytes = [0u8; 16];
/// // SAFETY: the kernel writes at most as many bytes as there are.
/// let answer = unsafe { syscall3(nr::GETRANDOM, bytes.as_mut_ptr() as usize, bytes.len(), 0) };
/// assert_eq!(result(answer), Ok(16));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall3(number: usize, a1: usize, a2: usize, a3: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall3(number, a1, a2, a3) }
}

/// Makes a system call with four arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::Errno;
/// use nestling::raw::{nr, result, syscall4};
///
/// // SAFETY: the kernel may leave out the status and the usage. No child has this process id.
/// let answer = unsafe { syscall4(nr::WAIT4, i32::MAX as usize, 0, 0, 0) };
/// assert_eq!(result(answer), Err(Errno::ECHILD));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall4(number: usize, a1: usize, a2: usize, a3: usize, a4: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall4(number, a1, a2, a3, a4) }
}

/// Makes a system call with five arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::raw::{nr, result, syscall5};
///
/// let time = [0usize; 4]; // seconds and nanoseconds, 64 bits each on every architecture
/// // SAFETY: no descriptors and no mask; the kernel may write what is left to the time.
/// let answer = unsafe { syscall5(nr::PPOLL, 0, 0, (&raw const time).cast_mut() as usize, 0, 0) };
/// assert_eq!(result(answer), Ok(0));
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall5(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall5(number, a1, a2, a3, a4, a5) }
}

/// Makes a system call with six arguments. Returns the kernel's raw return value; [`result`] converts it.
///
/// ```
/// use nestling::raw::{nr, result, syscall2, syscall6};
///
/// const READ: usize = 1; // PROT_READ
/// const PRIVATE_AND_ANONYMOUS: usize = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
/// // SAFETY: a new mapping replaces no other, and what was mapped here may be unmapped.
/// unsafe {
///     let answer = syscall6(nr::MMAP, 0, 4096, READ, PRIVATE_AND_ANONYMOUS, usize::MAX, 0);
///     let address = result(answer).expect("a page");
///     assert_eq!(*(address as *const u8), 0);
///     assert_eq!(result(syscall2(nr::MUNMAP, address, 4096)), Ok(0));
/// }
/// ```
///
/// # Safety
/// The arguments must be valid for this call, and the call must not break anything that this process relies on.
#[inline(always)]
pub unsafe fn syscall6(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
    a6: usize,
) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::syscall6(number, a1, a2, a3, a4, a5, a6) }
}

/// Converts the kernel's raw return value. The 4,095 highest values are errors; every other value is a result.
///
/// ```
/// use nestling::Errno;
/// use nestling::raw::result;
///
/// assert_eq!(result(7), Ok(7));
/// assert_eq!(result(2usize.wrapping_neg()), Err(Errno::ENOENT));
/// ```
///
/// # Errors
/// The errno, if the value is an error.
#[inline]
pub const fn result(answer: usize) -> Result<usize, Errno> {
    match Errno::from_answer(answer) {
        None => Ok(answer),
        Some(errno) => Err(errno),
    }
}

/// Makes a child that calls `function(argument)` on a stack of its own. `number` is [`nr::CLONE`] or [`nr::CLONE3`]. This
/// function returns only in the parent, with the kernel's raw return value.
///
/// For `clone`, `first` contains the flags, `second` is the address of the stack's end (its highest address), and `child_tid`
/// is the address for `CLONE_CHILD_SETTID` and `CLONE_CHILD_CLEARTID`. For `clone3`, `first` is the address of a `clone_args`,
/// `second` is the size of this structure, and `child_tid` is not used.
///
/// The child aligns its stack to 16 bytes before it calls `function`. A debugger's backtrace of the child ends at `function`.
/// Most programs need [`fork`](crate::spawn::fork) or a [`Spawn`](crate::spawn::Spawn) instead of this function.
///
/// ```
/// use core::ffi::c_void;
/// use core::mem::MaybeUninit;
/// use nestling::raw::{clone, nr, result, syscall1, syscall4};
///
/// unsafe extern "C" fn child(code: *mut c_void) -> ! {
///     // SAFETY: it ends this process, which is the child.
///     unsafe { syscall1(nr::EXIT_GROUP, code as usize) };
///     unreachable!()
/// }
///
/// const SIGCHLD: usize = 17;
/// let mut stack = [MaybeUninit::<u8>::uninit(); 16 * 1024];
/// let end = stack.as_mut_ptr_range().end as usize;
/// let mut status = 0i32;
/// // SAFETY: without CLONE_VM the child has a copy of this memory, and does no more than exit. The kernel writes a number.
/// unsafe {
///     let id = clone(nr::CLONE, SIGCHLD, end, 0, child, 7 as *mut c_void);
///     let id = result(id).expect("a child");
///     let waited = syscall4(nr::WAIT4, id, &raw mut status as usize, 0, 0);
///     assert_eq!(result(waited), Ok(id));
/// }
/// assert_eq!(status, 7 << 8);
/// ```
///
/// # Safety
/// The arguments must be valid for the call, and the stack must stay valid until the child calls `execve` or exits. For
/// `clone`, the flags must not contain `CLONE_SETTLS`, `CLONE_PIDFD` or `CLONE_PARENT_SETTID`, because this function does not
/// pass their arguments. It must be sound to call `function` in such a child. With `CLONE_VM`, the child shares this process's
/// memory: `function` must use neither thread-local storage nor locks. In a program with the runtime `rt`, no code calls `rt::fork` and
/// `rt::on_fault` while such a child runs.
#[inline]
pub unsafe fn clone(
    number: usize,
    first: usize,
    second: usize,
    child_tid: usize,
    function: ChildFunction,
    argument: *mut c_void,
) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { arch::clone(number, first, second, child_tid, function, argument) }
}

macro_rules! numbers {
    ($($own:ident)*; $($name:ident $number:ident)*) => {
        /// The numbers of the system calls that take the same arguments on all four architectures.
        ///
        /// On i386, some calls exist in several versions. This module has the number of the version with 32-bit ids, 64-bit
        /// times and 64-bit file offsets: `GETUID` is the number of `getuid32`, `PPOLL` is the number of `ppoll_time64`, and
        /// `FCNTL` is the number of `fcntl64`. `MMAP` is the number of `mmap2`, whose offset is in units of 4,096 bytes.
        ///
        /// This module does not contain calls with a 64-bit argument, such as `pread64`, because on i386 the kernel takes such
        /// an argument as two arguments.
        pub mod nr {
            $(
                #[doc = concat!("`", stringify!($own), "`")]
                pub const $own: usize = crate::arch::nr::$own as usize;
            )*
            $(
                #[doc = concat!("`", stringify!($number), "`")]
                pub const $name: usize = linux_raw_sys::general::$number as usize;
            )*
        }
    };
}

numbers! {
    CLOCK_GETTIME CLOCK_NANOSLEEP CLOCK_SETTIME FCNTL GETEGID GETEUID GETGID GETGROUPS GETUID MMAP PPOLL RT_SIGTIMEDWAIT
    SETGID SETGROUPS SETRESGID SETRESUID SETUID TIMERFD_GETTIME TIMERFD_SETTIME;
    ACCEPT4 __NR_accept4 ACCT __NR_acct ADD_KEY __NR_add_key ADJTIMEX __NR_adjtimex BIND __NR_bind BPF __NR_bpf BRK __NR_brk
    CACHESTAT __NR_cachestat CAPGET __NR_capget CAPSET __NR_capset CHDIR __NR_chdir CHROOT __NR_chroot CLONE __NR_clone
    CLONE3 __NR_clone3 CLOSE __NR_close CLOSE_RANGE __NR_close_range CONNECT __NR_connect COPY_FILE_RANGE __NR_copy_file_range
    DELETE_MODULE __NR_delete_module DUP __NR_dup DUP3 __NR_dup3 EPOLL_CREATE1 __NR_epoll_create1 EPOLL_CTL __NR_epoll_ctl
    EPOLL_PWAIT __NR_epoll_pwait EPOLL_PWAIT2 __NR_epoll_pwait2 EVENTFD2 __NR_eventfd2 EXECVE __NR_execve EXECVEAT __NR_execveat
    EXIT __NR_exit EXIT_GROUP __NR_exit_group FACCESSAT __NR_faccessat FACCESSAT2 __NR_faccessat2 FANOTIFY_INIT __NR_fanotify_init
    FCHDIR __NR_fchdir FCHMOD __NR_fchmod FCHMODAT __NR_fchmodat FCHMODAT2 __NR_fchmodat2 FCHOWNAT __NR_fchownat
    FDATASYNC __NR_fdatasync FGETXATTR __NR_fgetxattr FILE_GETATTR __NR_file_getattr FILE_SETATTR __NR_file_setattr
    FINIT_MODULE __NR_finit_module FLISTXATTR __NR_flistxattr FLOCK __NR_flock FREMOVEXATTR __NR_fremovexattr
    FSCONFIG __NR_fsconfig FSETXATTR __NR_fsetxattr FSMOUNT __NR_fsmount FSOPEN __NR_fsopen FSPICK __NR_fspick FSYNC __NR_fsync
    FUTEX_REQUEUE __NR_futex_requeue FUTEX_WAIT __NR_futex_wait FUTEX_WAITV __NR_futex_waitv FUTEX_WAKE __NR_futex_wake
    GET_MEMPOLICY __NR_get_mempolicy GET_ROBUST_LIST __NR_get_robust_list GETCPU __NR_getcpu GETCWD __NR_getcwd
    GETDENTS64 __NR_getdents64 GETITIMER __NR_getitimer GETPEERNAME __NR_getpeername GETPGID __NR_getpgid GETPID __NR_getpid
    GETPPID __NR_getppid GETPRIORITY __NR_getpriority GETRANDOM __NR_getrandom GETRUSAGE __NR_getrusage GETSID __NR_getsid
    GETSOCKNAME __NR_getsockname GETSOCKOPT __NR_getsockopt GETTID __NR_gettid GETTIMEOFDAY __NR_gettimeofday
    GETXATTR __NR_getxattr GETXATTRAT __NR_getxattrat INIT_MODULE __NR_init_module INOTIFY_ADD_WATCH __NR_inotify_add_watch
    INOTIFY_INIT1 __NR_inotify_init1 INOTIFY_RM_WATCH __NR_inotify_rm_watch IO_CANCEL __NR_io_cancel IO_DESTROY __NR_io_destroy
    IO_SETUP __NR_io_setup IO_SUBMIT __NR_io_submit IO_URING_ENTER __NR_io_uring_enter IO_URING_REGISTER __NR_io_uring_register
    IO_URING_SETUP __NR_io_uring_setup IOCTL __NR_ioctl IOPRIO_GET __NR_ioprio_get IOPRIO_SET __NR_ioprio_set KCMP __NR_kcmp
    KEXEC_LOAD __NR_kexec_load KEYCTL __NR_keyctl KILL __NR_kill LANDLOCK_ADD_RULE __NR_landlock_add_rule
    LANDLOCK_CREATE_RULESET __NR_landlock_create_ruleset LANDLOCK_RESTRICT_SELF __NR_landlock_restrict_self
    LGETXATTR __NR_lgetxattr LINKAT __NR_linkat LISTEN __NR_listen LISTMOUNT __NR_listmount LISTXATTR __NR_listxattr
    LISTXATTRAT __NR_listxattrat LLISTXATTR __NR_llistxattr LREMOVEXATTR __NR_lremovexattr LSETXATTR __NR_lsetxattr
    LSM_GET_SELF_ATTR __NR_lsm_get_self_attr LSM_LIST_MODULES __NR_lsm_list_modules LSM_SET_SELF_ATTR __NR_lsm_set_self_attr
    MADVISE __NR_madvise MAP_SHADOW_STACK __NR_map_shadow_stack MBIND __NR_mbind MEMBARRIER __NR_membarrier
    MEMFD_CREATE __NR_memfd_create MEMFD_SECRET __NR_memfd_secret MIGRATE_PAGES __NR_migrate_pages MINCORE __NR_mincore
    MKDIRAT __NR_mkdirat MKNODAT __NR_mknodat MLOCK __NR_mlock MLOCK2 __NR_mlock2 MLOCKALL __NR_mlockall MOUNT __NR_mount
    MOUNT_SETATTR __NR_mount_setattr MOVE_MOUNT __NR_move_mount MOVE_PAGES __NR_move_pages MPROTECT __NR_mprotect
    MQ_GETSETATTR __NR_mq_getsetattr MQ_NOTIFY __NR_mq_notify MQ_OPEN __NR_mq_open MQ_UNLINK __NR_mq_unlink MREMAP __NR_mremap
    MSEAL __NR_mseal MSGCTL __NR_msgctl MSGGET __NR_msgget MSGRCV __NR_msgrcv MSGSND __NR_msgsnd MSYNC __NR_msync
    MUNLOCK __NR_munlock MUNLOCKALL __NR_munlockall MUNMAP __NR_munmap NAME_TO_HANDLE_AT __NR_name_to_handle_at
    NANOSLEEP __NR_nanosleep OPEN_BY_HANDLE_AT __NR_open_by_handle_at OPEN_TREE __NR_open_tree OPEN_TREE_ATTR __NR_open_tree_attr
    OPENAT __NR_openat OPENAT2 __NR_openat2 PERF_EVENT_OPEN __NR_perf_event_open PERSONALITY __NR_personality
    PIDFD_GETFD __NR_pidfd_getfd PIDFD_OPEN __NR_pidfd_open PIDFD_SEND_SIGNAL __NR_pidfd_send_signal PIPE2 __NR_pipe2
    PIVOT_ROOT __NR_pivot_root PKEY_ALLOC __NR_pkey_alloc PKEY_FREE __NR_pkey_free PKEY_MPROTECT __NR_pkey_mprotect
    PRCTL __NR_prctl PRLIMIT64 __NR_prlimit64 PROCESS_MADVISE __NR_process_madvise PROCESS_MRELEASE __NR_process_mrelease
    PROCESS_VM_READV __NR_process_vm_readv PROCESS_VM_WRITEV __NR_process_vm_writev PTRACE __NR_ptrace QUOTACTL __NR_quotactl
    QUOTACTL_FD __NR_quotactl_fd READ __NR_read READLINKAT __NR_readlinkat READV __NR_readv REBOOT __NR_reboot
    RECVFROM __NR_recvfrom RECVMSG __NR_recvmsg REMOVEXATTR __NR_removexattr REMOVEXATTRAT __NR_removexattrat
    RENAMEAT2 __NR_renameat2 REQUEST_KEY __NR_request_key RESTART_SYSCALL __NR_restart_syscall RSEQ __NR_rseq
    RT_SIGACTION __NR_rt_sigaction RT_SIGPENDING __NR_rt_sigpending RT_SIGPROCMASK __NR_rt_sigprocmask
    RT_SIGQUEUEINFO __NR_rt_sigqueueinfo RT_SIGRETURN __NR_rt_sigreturn RT_SIGSUSPEND __NR_rt_sigsuspend
    RT_TGSIGQUEUEINFO __NR_rt_tgsigqueueinfo SCHED_GET_PRIORITY_MAX __NR_sched_get_priority_max
    SCHED_GET_PRIORITY_MIN __NR_sched_get_priority_min SCHED_GETAFFINITY __NR_sched_getaffinity SCHED_GETATTR __NR_sched_getattr
    SCHED_GETPARAM __NR_sched_getparam SCHED_GETSCHEDULER __NR_sched_getscheduler SCHED_SETAFFINITY __NR_sched_setaffinity
    SCHED_SETATTR __NR_sched_setattr SCHED_SETPARAM __NR_sched_setparam SCHED_SETSCHEDULER __NR_sched_setscheduler
    SCHED_YIELD __NR_sched_yield SECCOMP __NR_seccomp SEMCTL __NR_semctl SEMGET __NR_semget SENDMMSG __NR_sendmmsg
    SENDMSG __NR_sendmsg SENDTO __NR_sendto SET_MEMPOLICY __NR_set_mempolicy SET_MEMPOLICY_HOME_NODE __NR_set_mempolicy_home_node
    SET_ROBUST_LIST __NR_set_robust_list SET_TID_ADDRESS __NR_set_tid_address SETDOMAINNAME __NR_setdomainname
    SETHOSTNAME __NR_sethostname SETITIMER __NR_setitimer SETNS __NR_setns SETPGID __NR_setpgid SETPRIORITY __NR_setpriority
    SETRLIMIT __NR_setrlimit SETSID __NR_setsid SETSOCKOPT __NR_setsockopt SETTIMEOFDAY __NR_settimeofday SETXATTR __NR_setxattr
    SETXATTRAT __NR_setxattrat SHMAT __NR_shmat SHMCTL __NR_shmctl SHMDT __NR_shmdt SHMGET __NR_shmget SHUTDOWN __NR_shutdown
    SIGALTSTACK __NR_sigaltstack SIGNALFD4 __NR_signalfd4 SOCKET __NR_socket SOCKETPAIR __NR_socketpair SPLICE __NR_splice
    STATMOUNT __NR_statmount STATX __NR_statx SWAPOFF __NR_swapoff SWAPON __NR_swapon SYMLINKAT __NR_symlinkat SYNC __NR_sync
    SYNCFS __NR_syncfs SYSINFO __NR_sysinfo SYSLOG __NR_syslog TEE __NR_tee TGKILL __NR_tgkill TIMER_CREATE __NR_timer_create
    TIMER_DELETE __NR_timer_delete TIMER_GETOVERRUN __NR_timer_getoverrun TIMERFD_CREATE __NR_timerfd_create TIMES __NR_times
    TKILL __NR_tkill UMASK __NR_umask UMOUNT2 __NR_umount2 UNAME __NR_uname UNLINKAT __NR_unlinkat UNSHARE __NR_unshare
    USERFAULTFD __NR_userfaultfd VHANGUP __NR_vhangup VMSPLICE __NR_vmsplice WAIT4 __NR_wait4 WAITID __NR_waitid WRITE __NR_write
    WRITEV __NR_writev
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_4095_answers_are_errors() {
        assert_eq!(result(0), Ok(0));
        assert_eq!(result(usize::MAX), Err(Errno::EPERM));
        assert_eq!(
            result(usize::MAX - 4094),
            Err(Errno::from_raw(4095).unwrap())
        );
        assert_eq!(result(usize::MAX - 4095), Ok(usize::MAX - 4095));
        assert_eq!(result(1 << (usize::BITS - 1)), Ok(1 << (usize::BITS - 1)));
    }
}
