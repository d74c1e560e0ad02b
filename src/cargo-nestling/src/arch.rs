//! The four architectures, and their names in various tools.

/// An architecture that nestling supports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Arch {
    /// 64-bit Intel and AMD.
    X86_64,
    /// 64-bit ARM.
    Aarch64,
    /// 64-bit RISC-V.
    Riscv64,
    /// 32-bit Intel and AMD.
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

/// Options of LLVM: constants are made where they are needed, instead of being kept in registers (and so on the stack)
/// during a loop; and blocks are placed so that few jumps are needed.
const LESS_FOR_SPEED: &[&str] = &["disable-machine-licm", "apply-ext-tsp-for-size"];

impl Arch {
    /// All architectures.
    pub const ALL: [Arch; 4] = [Arch::X86_64, Arch::Aarch64, Arch::Riscv64, Arch::I386];

    /// The name that people write.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
            Arch::Riscv64 => "riscv64",
            Arch::I386 => "i386",
        }
    }

    /// The name of Rust's target.
    pub fn triple(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-linux-gnu",
            Arch::Aarch64 => "aarch64-unknown-linux-gnu",
            Arch::Riscv64 => "riscv64gc-unknown-linux-gnu",
            Arch::I386 => "i686-unknown-linux-gnu",
        }
    }

    /// The program of qemu-user that emulates it.
    pub fn emulator(self) -> &'static str {
        match self {
            Arch::X86_64 => "qemu-x86_64",
            Arch::Aarch64 => "qemu-aarch64",
            Arch::Riscv64 => "qemu-riscv64",
            Arch::I386 => "qemu-i386",
        }
    }

    /// Returns the flags that make an optimised program smaller. They rely on one fact: the program is loaded at the address
    /// for which it was linked. On x86_64, only the `small` programs use it, on i386 all programs (see
    /// `.cargo/config.toml`). The `small` programs also do without what LLVM does for speed even if it optimises for size.
    pub fn rustflags(self, small: bool) -> String {
        let code = match self {
            Arch::X86_64 | Arch::I386 if small => "-Crelocation-model=static",
            // Without this flag, each atomic exchange calls a function that comes with a kilobyte of code about the
            // processor's features.
            Arch::Aarch64 => "-Ctarget-feature=-outline-atomics",
            _ => "",
        };
        let llvm: &[&str] = match self {
            _ if !small => &[],
            // Comparisons are smaller than jump tables, whose entries have 8 bytes.
            Arch::X86_64 => &["min-jump-table-entries=100"],
            // Functions save and restore registers; values are computed only once; there are few jump tables.
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

    /// Returns the name of an environment variable that sets this option of cargo for this target only.
    pub fn cargo_variable(self, setting: &str) -> String {
        let triple = self.triple().replace('-', "_").to_uppercase();
        format!("CARGO_TARGET_{triple}_{setting}")
    }
}

/// The option `--arch` of a command for one architecture.
#[derive(clap::Args)]
pub struct OnOne {
    /// The architecture
    #[arg(long = "arch", value_name = "ARCH", value_parser = ["x86_64", "aarch64", "riscv64", "i386"], default_value = HOST.name())]
    name: String,
}

impl OnOne {
    /// Returns the architecture: this machine's, unless the option names one.
    #[must_use]
    pub fn arch(&self) -> Arch {
        let found = Arch::ALL.into_iter().find(|it| it.name() == self.name);
        found.unwrap_or(HOST)
    }
}
