//! The four architectures, and the names that tools know them by.

/// An architecture that nestling supports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Arch {
    /// 64 bits, of Intel and AMD.
    X86_64,
    /// 64 bits, of ARM.
    Aarch64,
    /// 64 bits, RISC-V.
    Riscv64,
    /// 32 bits, of Intel and AMD.
    I386,
}

/// The architecture of this machine.
pub const HOST: Arch = if cfg!(target_arch = "x86_64") {
    Arch::X86_64
} else if cfg!(target_arch = "aarch64") {
    Arch::Aarch64
} else if cfg!(target_arch = "riscv64") {
    Arch::Riscv64
} else if cfg!(target_arch = "x86") {
    Arch::I386
} else {
    panic!("it runs on Linux on x86_64, aarch64, riscv64 or i386")
};

/// Constants are made where they are needed, not kept in registers, and thus on the stack, throughout a loop; and blocks stand where
/// they are reached with the fewest jumps.
const LESS_FOR_SPEED: &[&str] = &["disable-machine-licm", "apply-ext-tsp-for-size"];

impl Arch {
    /// All of them.
    pub const ALL: [Arch; 4] = [Arch::X86_64, Arch::Aarch64, Arch::Riscv64, Arch::I386];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
            Arch::Riscv64 => "riscv64",
            Arch::I386 => "i386",
        }
    }

    /// As Rust writes it.
    pub fn triple(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-linux-gnu",
            Arch::Aarch64 => "aarch64-unknown-linux-gnu",
            Arch::Riscv64 => "riscv64gc-unknown-linux-gnu",
            Arch::I386 => "i686-unknown-linux-gnu",
        }
    }

    /// qemu-user's program for it.
    pub fn emulator(self) -> &'static str {
        match self {
            Arch::X86_64 => "qemu-x86_64",
            Arch::Aarch64 => "qemu-aarch64",
            Arch::Riscv64 => "qemu-riscv64",
            Arch::I386 => "qemu-i386",
        }
    }

    /// What makes an optimised program of its smaller: none is over a mebibyte, and none is loaded but where it was linked for, of
    /// which x86_64's `small` ones have some use, and i386's all (see `.cargo/config.toml`). What LLVM does for speed where it is asked
    /// for size, too, the small ones do without.
    pub fn rustflags(self, small: bool) -> String {
        let code = match self {
            Arch::X86_64 | Arch::I386 if small => "-Crelocation-model=static",
            // Otherwise each atomic exchange is a call of a function that comes with a kilobyte about the processor's features.
            Arch::Aarch64 => "-Ccode-model=tiny -Ctarget-feature=-outline-atomics",
            _ => "",
        };
        let llvm: &[&str] = match self {
            _ if !small => &[],
            // Comparisons take less room than tables of jumps, whose entries are 8 bytes.
            Arch::X86_64 => &["min-jump-table-entries=100"],
            // Registers are saved and restored by functions; values are computed once; few tables of jumps.
            Arch::Aarch64 => &[
                "homogeneous-prolog-epilog",
                "aggressive-machine-cse",
                "aarch64-min-jump-table-entries=8",
            ],
            Arch::Riscv64 | Arch::I386 => &[],
        };
        let mut flags = String::from(code);
        if small {
            for option in LESS_FOR_SPEED.iter().chain(llvm) {
                flags += &format!(" -Cllvm-args=-{option}");
            }
        }
        flags
    }

    /// The start of the environment variables that tell cargo about this target alone.
    pub fn cargo_variable(self, setting: &str) -> String {
        let triple = self.triple().replace('-', "_").to_uppercase();
        format!("CARGO_TARGET_{triple}_{setting}")
    }
}
