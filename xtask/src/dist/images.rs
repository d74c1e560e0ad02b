//! Images of containers and machines: nothing but nestling runs in them.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use cargo_nestling::image::{CREATED, Container};
use duct::cmd;
use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};

use super::tree::gzip;
use crate::{
    arch::Arch,
    boot,
    compile::{self, Profile},
    initramfs::Initramfs,
    kernel::{self, Age},
    packages,
    workspace::Workspace,
};

/// The architecture of the disk's image.
pub const DISK: Arch = Arch::X86_64;

/// The services of a machine whose console is a serial line: a shell.
const ON_THE_CONSOLE: &str = "::respawn:-/bin/sh\n";

/// The services of a machine with a screen or a serial line.
const ON_EACH_TERMINAL: &str = "tty1::respawn:-/bin/sh\nttyS0::respawn:-/bin/sh\n";

/// The kernel's arguments. It writes its messages to both terminals.
const APPEND: &str = "console=tty0 console=ttyS0 panic=10 quiet";

/// The licence of nestling, as an SPDX expression.
const LICENCE: &str = env!("CARGO_PKG_LICENSE");

/// Makes an OCI image, as a tar archive, in which `init` starts `sh` or another command.
pub fn container(workspace: &Workspace, arch: Arch, date: u64) -> Result<Vec<u8>> {
    let mut files = Initramfs::new();
    for name in ["init", "sh"] {
        let path = compile::path(workspace, arch, Profile::Release, name);
        files.program(&format!("bin/{name}"), &path)?;
    }
    let about = "init as process 1, and a POSIX shell, which need no libc";
    oci(workspace, arch, ["nestling", about], &files, date)
}

/// Makes an OCI image with `box` and links to all of its applets.
pub fn container_of_box(workspace: &Workspace, arch: Arch, date: u64) -> Result<Vec<u8>> {
    let mut files = Initramfs::new();
    let path = compile::path(workspace, arch, Profile::Release, "box");
    files.program("bin/box", &path)?;
    for name in applets(workspace)? {
        files.link(&format!("bin/{name}"), "box");
    }
    let about =
        "init as process 1, a POSIX shell and the utilities of a rescue system, which need no libc";
    oci(workspace, arch, ["nestling-box", about], &files, date)
}

/// The names of the applets, from the manual page: the program may be of another architecture. A test compares the page with
/// `box --list` (`tests/host/tests/manuals.rs`).
fn applets(workspace: &Workspace) -> Result<Vec<String>> {
    let page = fs::read_to_string(workspace.root.join("src/man/box.1"))?;
    let items = page.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    let names = items.filter_map(|item| item.split(' ').next());
    Ok(names
        .map(|name| name.trim_start_matches("\\&").into())
        .collect())
}

/// Makes an OCI image with these files. `date` is in seconds since 1970.
fn oci(
    workspace: &Workspace,
    arch: Arch,
    [title, about]: [&str; 2],
    files: &Initramfs,
    date: u64,
) -> Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let date = cmd!("date", "--utc", format!("--date=@{date}"), "+%FT%TZ").read()?;
    let container = Container {
        arch,
        name: &format!("{title}:{version}"),
        entrypoint: &["/bin/init"],
        command: &["/bin/sh"],
        annotations: &[
            ("org.opencontainers.image.title", title),
            ("org.opencontainers.image.description", about),
            ("org.opencontainers.image.version", version),
            ("org.opencontainers.image.licenses", LICENCE),
            (CREATED, &date),
        ],
    };
    let scratch = workspace.scratch()?;
    let output = scratch.join("container.tar");
    container.write(files, &scratch.join("container"), &output)?;
    read(&output)
}

/// Makes a compressed initramfs of a machine with a shell and the utilities of `box` on its console.
pub fn initramfs(workspace: &Workspace, arch: Arch) -> Result<Vec<u8>> {
    machine(workspace, arch, ON_THE_CONSOLE)
}

fn machine(workspace: &Workspace, arch: Arch, services: &str) -> Result<Vec<u8>> {
    let mut files = Initramfs::new();
    boot::rescue_system(&mut files, workspace, arch)?;
    let inittab = format!("{}\n{services}", boot::INSTALL);
    files.file("etc/inittab", inittab.as_bytes());
    let output = workspace.scratch()?.join("machine.cpio");
    files.write(&output)?;
    gzip(&read(&output)?)
}

/// Makes a compressed image of a disk that starts on a computer with UEFI: Debian's kernel, the initramfs, and systemd's boot loader.
pub fn disk(workspace: &Workspace) -> Result<Vec<u8>> {
    let scratch = workspace.scratch()?;
    let kernel = read(&kernel::obtain(&scratch, DISK, Age::Current)?)?;
    let loader = read(&loader(&scratch)?)?;
    gzip(&bootable(
        &kernel,
        &loader,
        &machine(workspace, DISK, ON_EACH_TERMINAL)?,
    )?)
}

/// Returns the path of systemd's boot loader, and downloads it if necessary.
fn loader(scratch: &Path) -> Result<PathBuf> {
    let place = scratch.join("loader");
    let path = place.join("systemd-bootx64.efi");
    if !path.exists() {
        let package = packages::fetch(&place, DISK, &["systemd-boot-efi"])?;
        let name = "./usr/lib/systemd/boot/efi/systemd-bootx64.efi";
        // The file has another name until it is complete.
        let partial = place.join("partial");
        cmd!("dpkg-deb", "--fsys-tarfile", package)
            .pipe(cmd!("tar", "-xO", name))
            .stdout_path(&partial)
            .run()?;
        fs::rename(partial, &path)?;
    }
    Ok(path)
}

/// The bytes of a sector.
const SECTOR: usize = 512;

/// The sector at which the only partition begins, as tools for partitions align it.
const START: usize = 2048;

/// The sectors of the partition, 48 MiB: FAT32 needs at least 65525 clusters, and with one sector for each that is 33 MiB.
const LENGTH: usize = 48 << 11;

/// The most bytes of the files: the file system needs some space itself.
const CAPACITY: usize = 46 << 20;

/// The type of a partition from which UEFI starts programs (UEFI specification 2.10, 5.2.2).
const EFI_SYSTEM: u8 = 0xef;

/// Makes the image of a disk with one partition, whose files the firmware and the boot loader read.
fn bootable(kernel: &[u8], loader: &[u8], initramfs: &[u8]) -> Result<Vec<u8>> {
    let bytes = kernel.len() + loader.len() + initramfs.len();
    ensure!(
        bytes <= CAPACITY,
        "the files of the disk have {bytes} bytes: more than {CAPACITY}"
    );
    let mut disk = vec![0; (START + LENGTH) * SECTOR];
    let (table, partition) = disk.split_at_mut(START * SECTOR);
    let numbers = [START, LENGTH].map(|it| (it as u32).to_le_bytes());
    // An entry of the table (UEFI specification, 5.2.1). Nothing uses the numbers of cylinders; they have the highest values.
    let entry = [
        &[0, 0xfe, 0xff, 0xff, EFI_SYSTEM, 0xfe, 0xff, 0xff][..],
        &numbers.concat(),
    ];
    table[446..462].copy_from_slice(&entry.concat());
    table[510..512].copy_from_slice(&[0x55, 0xaa]);

    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_cluster(SECTOR as u32)
        .volume_label(*b"NESTLING   ");
    let mut partition = Cursor::new(&mut partition[..]);
    fatfs::format_volume(&mut partition, options)?;
    let volume = FileSystem::new(partition, FsOptions::new())?;
    let root = volume.root_dir();
    for folder in ["EFI", "EFI/BOOT", "loader", "loader/entries"] {
        root.create_dir(folder)?;
    }
    let entry = format!("title nestling\nlinux /vmlinuz\ninitrd /machine.gz\noptions {APPEND}\n");
    let release = release(kernel).context("the kernel does not say its release")?;
    let readme = format!(
        "This disk contains nestling {}, Linux {release} and systemd-boot, both as Debian\n\
         distributes them. Their sources are at https://snapshot.debian.org, as the source\n\
         packages linux (GPL-2) and systemd (LGPL-2.1-or-later).\n",
        env!("CARGO_PKG_VERSION"),
    );
    for (path, content) in [
        ("EFI/BOOT/BOOTX64.EFI", loader),
        ("loader/loader.conf", b"timeout 0\n"),
        ("loader/entries/nestling.conf", entry.as_bytes()),
        ("vmlinuz", kernel),
        ("machine.gz", initramfs),
        ("README.txt", readme.as_bytes()),
    ] {
        root.create_file(path)?.write_all(content)?;
    }
    drop(root);
    volume.unmount()?;
    Ok(disk)
}

/// Returns the text about its release in a kernel for x86 (Linux's `Documentation/arch/x86/boot.rst`, `kernel_version`).
fn release(kernel: &[u8]) -> Option<&str> {
    let offset = kernel.get(0x20e..0x210)?;
    let start = usize::from(u16::from_le_bytes(offset.try_into().ok()?)) + 0x200;
    let text = kernel.get(start..)?.split(|&byte| byte == 0).next()?;
    std::str::from_utf8(text).ok()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("no {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read};

    use serde_json::{Value, json};

    use super::*;
    use crate::arch::HOST;

    /// The smallest kernel that says its release.
    fn kernel() -> Vec<u8> {
        let mut kernel = vec![0; 0x400];
        kernel[0x20e..0x210].copy_from_slice(&[0x10, 1]);
        kernel[0x310..0x315].copy_from_slice(b"6.1.0");
        kernel
    }

    #[test]
    fn an_oci_image_says_what_it_is_and_the_same_image_is_made_of_the_same_files() {
        let workspace = crate::dist::tests::workspace();
        let mut files = Initramfs::new();
        files.file("bin/init", b"init");
        let make = || oci(&workspace, HOST, ["nestling", "two words"], &files, 86_400);
        let image = make().expect("an image");
        assert!(image == make().expect("an image"), "two images differ");

        let mut blobs = BTreeMap::new();
        let mut archive = tar::Archive::new(&image[..]);
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("a file");
            if let Ok(content) = serde_json::from_slice::<Value>(&content) {
                blobs.insert(path.replace("blobs/sha256/", "sha256:"), content);
            }
        }
        let digest = |of: &Value| of["digest"].as_str().expect("a digest").to_owned();
        let manifest = &blobs[&digest(&blobs["index.json"]["manifests"][0])];
        let config = &blobs[&digest(&manifest["config"])];
        let expected = json!({
            "org.opencontainers.image.title": "nestling",
            "org.opencontainers.image.description": "two words",
            "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
            "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
            "org.opencontainers.image.created": "1970-01-02T00:00:00Z",
        });
        assert_eq!(manifest["annotations"], expected);
        assert_eq!(config["config"]["Labels"], expected);
        assert_eq!(config["created"], "1970-01-02T00:00:00Z");
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        assert_eq!(config["config"]["Env"], json!([path]));
    }

    #[test]
    fn a_disk_has_one_partition_from_which_uefi_starts_the_boot_loader() {
        let make = || bootable(&kernel(), b"loader", b"initramfs").expect("an image");
        let mut disk = make();
        assert!(disk == make(), "two disks of the same files differ");
        assert_eq!(disk[510..512], [0x55, 0xaa]);
        assert_eq!(disk[450], EFI_SYSTEM);
        assert!(
            disk[462..510].iter().all(|&byte| byte == 0),
            "a second partition"
        );
        let number = |at: usize| u32::from_le_bytes(disk[at..at + 4].try_into().expect("4"));
        let (start, length) = (number(454) as usize, number(458) as usize);
        assert_eq!((start + length) * SECTOR, disk.len());

        let partition = Cursor::new(&mut disk[start * SECTOR..]);
        let volume = FileSystem::new(partition, FsOptions::new()).expect("a file system");
        assert_eq!(volume.fat_type(), FatType::Fat32);
        let content = |path: &str| {
            let mut content = Vec::new();
            let mut file = volume.root_dir().open_file(path).expect(path);
            file.read_to_end(&mut content).expect(path);
            content
        };
        assert_eq!(content("EFI/BOOT/BOOTX64.EFI"), b"loader");
        assert_eq!(content("vmlinuz"), kernel());
        assert_eq!(content("machine.gz"), b"initramfs");
        let entry = String::from_utf8(content("loader/entries/nestling.conf")).expect("text");
        for line in entry.lines().filter_map(|line| line.split_once(" /")) {
            content(line.1);
        }
        assert!(String::from_utf8_lossy(&content("README.txt")).contains("Linux 6.1.0 "));
    }

    #[test]
    fn the_image_of_box_has_the_applets_that_the_manual_page_lists() {
        let names = applets(&crate::dist::tests::workspace()).expect("the names");
        for name in ["[", "init", "ls", "sh", "xargs"] {
            assert!(names.iter().any(|it| it == name), "no {name}: {names:?}");
        }
    }

    #[test]
    fn a_kernel_that_is_too_large_for_the_disk_is_an_error() {
        let error = bootable(&vec![0; CAPACITY + 1], b"", b"").expect_err("an error");
        let expected = "the files of the disk have 48234497 bytes: more than 48234496";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_kernel_without_a_release_is_an_error() {
        let error = bootable(b"kernel", b"", b"").expect_err("an error");
        assert_eq!(error.to_string(), "the kernel does not say its release");
    }
}
