//! A static PIE relocates itself: it adds the address that it was loaded at to each of its words that hold an address.
//!
//! The words are in the table `DT_RELR` (`-z pack-relative-relocs`): an even entry is the address of a word; an odd one is a bitmap of the
//! words that follow the last one. This form is the same for every architecture.

use linux_raw_sys::auxvec::{AT_PHDR, AT_PHNUM};
use linux_raw_sys::elf::{Elf_Dyn, Elf_Ehdr, Elf_Phdr, PT_DYNAMIC};

const DT_RELRSZ: usize = 35;
const DT_RELR: usize = 36;

/// Relocates the program. In one that has fixed addresses, it does nothing.
///
/// # Safety
/// `auxv` is the auxiliary vector, and nothing that is relocated was used yet.
#[inline(never)]
pub unsafe fn relocate(auxv: *const usize) {
    let (mut headers, mut count, mut next) = (core::ptr::null::<Elf_Phdr>(), 0, auxv);
    // SAFETY: the vector's last key is 0.
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
        // SAFETY: there are so many.
        let header = unsafe { &*headers.add(index) };
        if header.p_type == PT_DYNAMIC {
            dynamic = base.wrapping_add(header.p_vaddr) as *const Elf_Dyn;
        }
    }
    if dynamic.is_null() {
        return;
    }
    let (mut table, mut size) = (0, 0);
    // SAFETY: the section's last tag is 0; the tag says which field of the union is there.
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
    // SAFETY: the linker has made the table, of words that are this program's to change.
    unsafe { add_to_each(base, table as *const usize, size / size_of::<usize>()) };
}

/// Adds `base` to each word that a table of so many entries names.
///
/// # Safety
/// The table has so many entries, and the words are writable.
unsafe fn add_to_each(base: usize, table: *const usize, entries: usize) {
    let mut word = core::ptr::null_mut::<usize>();
    for index in 0..entries {
        // SAFETY: the caller's promise.
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
