//! Reads the sections of a program's file, and checks that it contains nothing that a static program must not contain.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use object::{
    Architecture, Endianness, FileKind, Object, ObjectSection, ObjectSymbol, SectionKind,
    elf::{FileHeader32, FileHeader64, PF_W, PF_X, PT_DYNAMIC, PT_INTERP},
    read::elf::{ElfFile, FileHeader, ProgramHeader},
};

use crate::arch::Arch;

/// The names of [`Measure::sizes`].
pub const SIZES: [&str; 5] = ["file", "text", "rodata", "data", "bss"];

/// The names of [`Measure::properties`].
pub const PROPERTIES: [&str; 5] = [
    "no interpreter",
    "no dynamic section",
    "no undefined symbol",
    "no W+X segment",
    "no R+X constants",
];

/// The sizes and properties of a program's file.
pub struct Measure {
    /// The sizes in bytes.
    pub sizes: [u64; SIZES.len()],
    /// Whether the file has each property.
    pub properties: [bool; PROPERTIES.len()],
}

/// Reads a program's file.
pub fn measure(path: &Path) -> Result<Measure> {
    let bytes = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let measure = match FileKind::parse(&*bytes) {
        Ok(FileKind::Elf32) => inspect::<FileHeader32<Endianness>>(&bytes),
        _ => inspect::<FileHeader64<Endianness>>(&bytes),
    };
    measure.with_context(|| format!("{} is not a proper ELF file", path.display()))
}

/// Returns the path of the interpreter that a program of this architecture needs, if it needs one. It is an error if the file is no such
/// program.
pub fn interpreter(bytes: &[u8], arch: Arch) -> Result<Option<String>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some(rest) = bytes.strip_prefix(b"#!") {
        let line = rest.split(|&it| it == b'\n').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace);
        return Ok(words.find(|word| !word.is_empty()).map(text));
    }
    let (machine, interpreter) = match FileKind::parse(bytes) {
        Ok(FileKind::Elf32) => requirements::<FileHeader32<Endianness>>(bytes)?,
        Ok(FileKind::Elf64) => requirements::<FileHeader64<Endianness>>(bytes)?,
        _ => bail!("it is neither an ELF file nor a script"),
    };
    let is_right = match arch {
        // Debian's kernels for x86_64 also run programs of i386.
        Arch::X86_64 => matches!(machine, Architecture::X86_64 | Architecture::I386),
        Arch::I386 => machine == Architecture::I386,
        Arch::Aarch64 => machine == Architecture::Aarch64,
        Arch::Riscv64 => machine == Architecture::Riscv64,
    };
    ensure!(is_right, "it is a program for {machine:?}");
    Ok(interpreter.map(|path| text(&path)))
}

/// Returns the architecture of a program, and the path of its interpreter.
fn requirements<Elf: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
) -> Result<(Architecture, Option<Vec<u8>>)> {
    let elf = ElfFile::<Elf>::parse(bytes)?;
    let mut interpreter = None;
    for header in elf.elf_program_headers() {
        let found = header.interpreter(elf.endian(), bytes)?;
        interpreter = interpreter.or(found.map(<[u8]>::to_vec));
    }
    Ok((elf.architecture(), interpreter))
}

/// Whether a segment that is executable contains the headers, or a section other than code.
fn has_executable_constants<Elf: FileHeader<Endian = Endianness>>(elf: &ElfFile<'_, Elf>) -> bool {
    let endian = elf.endian();
    let headers = elf.elf_program_headers().iter();
    let is_executed = |it: &&Elf::ProgramHeader| it.p_flags(endian) & PF_X == PF_X;
    let executed: Vec<_> = headers
        .filter(is_executed)
        .map(|it| {
            let (start, length) = (it.p_vaddr(endian).into(), it.p_memsz(endian).into());
            (it.p_offset(endian).into(), start..start + length)
        })
        .collect();
    // If a section of constants contains a loader's tables, it counts as a section of variables. A section of one byte
    // only keeps a segment from being empty.
    let mut others = elf
        .sections()
        .filter(|it| it.kind() != SectionKind::Text && it.address() != 0 && it.size() > 1);
    executed.iter().any(|(offset, _): &(u64, _)| *offset == 0)
        || others.any(|it| {
            executed
                .iter()
                .any(|(_, range)| range.contains(&it.address()))
        })
}

fn inspect<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<Measure> {
    let elf = ElfFile::<Elf>::parse(bytes)?;
    let sum = |kind| -> u64 {
        let sections = elf.sections().filter(|it| it.kind() == kind);
        // lld's padding after the sections that are read-only after relocation is not used by the program.
        sections
            .filter(|it| it.name() != Ok(".relro_padding"))
            .map(|it| it.size())
            .sum()
    };
    let endian = elf.endian();
    let headers = elf.elf_program_headers().iter();
    let segments: Vec<_> = headers
        .map(|it| (it.p_type(endian), it.p_flags(endian)))
        .collect();
    let has = |kind| segments.iter().any(|(it, _)| *it == kind);
    Ok(Measure {
        sizes: [
            bytes.len() as u64,
            sum(SectionKind::Text),
            sum(SectionKind::ReadOnlyData) + sum(SectionKind::ReadOnlyString),
            sum(SectionKind::Data),
            sum(SectionKind::UninitializedData),
        ],
        properties: [
            !has(PT_INTERP),
            !has(PT_DYNAMIC),
            !elf.symbols()
                .chain(elf.dynamic_symbols())
                .any(|it| it.is_undefined()),
            !segments
                .iter()
                .any(|(_, flags)| *flags & (PF_W | PF_X) == PF_W | PF_X),
            !has_executable_constants(&elf),
        ],
    })
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;
    use crate::arch::HOST;

    #[test]
    fn a_program_is_for_its_architecture_and_needs_its_interpreter() {
        // The test itself is a dynamic program of this machine.
        let path = env::current_exe().expect("this program");
        let bytes = fs::read(path).expect("this program");
        let loader = interpreter(&bytes, HOST).expect("a program");
        assert!(loader.is_some_and(|path| path.starts_with("/lib")));
        let other = match HOST {
            Arch::Riscv64 => Arch::Aarch64,
            Arch::X86_64 | Arch::Aarch64 | Arch::I386 => Arch::Riscv64,
        };
        let error = interpreter(&bytes, other).expect_err("another architecture");
        assert!(
            error.to_string().starts_with("it is a program for "),
            "{error}"
        );
        let script = interpreter(b"#! /bin/sh -e\n", HOST).expect("a script");
        assert_eq!(script.as_deref(), Some("/bin/sh"));
        assert!(interpreter(b"\x7fELF", HOST).is_err());
        assert!(interpreter(b"text", HOST).is_err());
    }
}
