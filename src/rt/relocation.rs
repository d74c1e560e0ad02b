//! The relocation of a static PIE. The program adds its load address to each word that contains an address.
//!
//! The table `DT_RELR` (`-z pack-relative-relocs`) lists these words. An even entry is the address of a word. An odd entry is a
//! bitmap. Its bits stand for the words that follow the words of the previous entry. This format is the same on every architecture.

use linux_raw_sys::auxvec::{AT_PHDR, AT_PHNUM};
use linux_raw_sys::elf::{Elf_Dyn, Elf_Ehdr, Elf_Phdr, PT_DYNAMIC};

const DT_RELRSZ: usize = 35;
const DT_RELR: usize = 36;

/// Relocates the program. Does nothing in a program with fixed addresses.
///
/// # Safety
/// `auxv` is the auxiliary vector. The program has not used a word that needs relocation yet.
#[inline(never)]
pub unsafe fn relocate(auxv: *const usize) {
    let (mut headers, mut count, mut next) = (core::ptr::null::<Elf_Phdr>(), 0, auxv);
    // SAFETY: the last pair of the vector has the key 0, and the loop stops there.
    unsafe {
        while *next != 0 {
            match *next as u32 {
                AT_PHDR => headers = *next.add(1) as *const Elf_Phdr,
                AT_PHNUM => count = *next.add(1),
                _ => {}
            }
            next = next.add(2);
        }
    }
    // The program headers follow the file's header, which was linked for the address 0.
    let base = (headers as usize).wrapping_sub(size_of::<Elf_Ehdr>());
    let mut dynamic = core::ptr::null::<Elf_Dyn>();
    for index in 0..count {
        // SAFETY: the program has `count` headers.
        let header = unsafe { &*headers.add(index) };
        if header.p_type == PT_DYNAMIC {
            dynamic = base.wrapping_add(header.p_vaddr) as *const Elf_Dyn;
        }
    }
    if dynamic.is_null() {
        return;
    }
    let (mut table, mut size) = (0, 0);
    // SAFETY: the last entry of the section has the tag 0. The tag determines which field of the union is valid.
    unsafe {
        while (*dynamic).d_tag != 0 {
            match (*dynamic).d_tag {
                DT_RELR => table = base.wrapping_add((*dynamic).d_un.d_ptr),
                DT_RELRSZ => size = (*dynamic).d_un.d_val as usize,
                _ => {}
            }
            dynamic = dynamic.add(1);
        }
    }
    // SAFETY: the linker made the table. It lists only words that are in writable segments of this program.
    unsafe { add_to_each(base, table as *const usize, size / size_of::<usize>()) };
}

/// Adds `base` to each word that the table lists. The table has `entries` entries.
///
/// # Safety
/// The table has `entries` entries, and the listed words are writable.
unsafe fn add_to_each(base: usize, table: *const usize, entries: usize) {
    let mut word = core::ptr::null_mut::<usize>();
    for index in 0..entries {
        // SAFETY: the caller upholds the safety contract.
        unsafe {
            let entry = *table.add(index);
            if entry & 1 == 0 {
                word = base.wrapping_add(entry) as *mut usize;
                *word = (*word).wrapping_add(base);
                word = word.add(1);
                continue;
            }
            for bit in 1..usize::BITS {
                if entry >> bit & 1 != 0 {
                    let place = word.add(bit as usize - 1);
                    *place = (*place).wrapping_add(base);
                }
            }
            word = word.add(usize::BITS as usize - 1);
        }
    }
}
