//! Reads the sections of a program's file, and checks that it contains nothing that a static program must not contain.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use object::{
    Endianness, FileKind, Object, ObjectSection, ObjectSymbol, SectionKind,
    elf::{FileHeader32, FileHeader64, PF_W, PF_X, PT_DYNAMIC, PT_INTERP},
    read::elf::{ElfFile, FileHeader, ProgramHeader},
};

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
