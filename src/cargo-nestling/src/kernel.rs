//! Debian's kernels: downloads a package without any change to this machine, and unpacks the kernel from it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use duct::cmd;

use crate::{apt, arch::Arch, cache, note, packages::Apt};

/// One of Debian's kernels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Age {
    /// The kernel of the oldest release that has one.
    Current,
    /// Debian 11's, the oldest kernel that is tested. Its support has ended, so a mirror may lack it.
    Old,
}

impl Age {
    /// Both kernels.
    pub const ALL: [Age; 2] = [Age::Current, Age::Old];

    /// The releases that have this kernel, in the order in which they are tried.
    fn suites(self, arch: Arch) -> &'static [&'static str] {
        match (self, arch) {
            // Bookworm has no kernel for riscv64.
            (Age::Current, Arch::Riscv64) => &apt::SUITES[1..],
            (Age::Current, Arch::X86_64 | Arch::Aarch64 | Arch::I386) => &apt::SUITES,
            (Age::Old, Arch::Riscv64) => &[],
            (Age::Old, Arch::X86_64 | Arch::Aarch64 | Arch::I386) => &["bullseye"],
        }
    }

    /// Whether this kernel exists for the architecture.
    pub fn exists_for(self, arch: Arch) -> bool {
        !self.suites(arch).is_empty()
    }
}

/// Returns Debian's name of the architecture, and the package that depends on its current kernel.
pub fn debian(arch: Arch) -> (&'static str, &'static str) {
    match arch {
        Arch::X86_64 => ("amd64", "linux-image-cloud-amd64"),
        Arch::Aarch64 => ("arm64", "linux-image-cloud-arm64"),
        Arch::Riscv64 => ("riscv64", "linux-image-riscv64"),
        Arch::I386 => ("i386", "linux-image-686"),
    }
}

/// Returns the kernel, if it was downloaded into this folder before.
pub fn present(cache: &Path, arch: Arch, age: Age) -> Option<PathBuf> {
    let path = folder(cache, arch, age).join("vmlinuz");
    path.exists().then_some(path)
}

fn folder(cache: &Path, arch: Arch, age: Age) -> PathBuf {
    let name = match age {
        Age::Current => arch.name().into(),
        Age::Old => format!("{}-old", arch.name()),
    };
    cache.join("kernels").join(name)
}

/// Returns the kernel, and downloads it into this folder if necessary.
pub fn obtain(cache: &Path, arch: Arch, age: Age) -> Result<PathBuf> {
    if let Some(path) = present(cache, arch, age) {
        return Ok(path);
    }
    let _alone = cache::lock(&folder(cache, arch, age))?;
    // Another process may have downloaded it in the meantime.
    if let Some(path) = present(cache, arch, age) {
        return Ok(path);
    }
    download(cache, arch, age).map_err(|error| {
        let (name, package) = (arch.name(), debian(arch).1);
        anyhow!(
            "there is no Linux kernel for {name}, and Debian's package {package} is not available: {error:#}. \
             It would be kept in {}. `boot --arch {name} --kernel PATH` boots a kernel of your own, which has \
             initramfs and serial console built in",
            folder(cache, arch, age).display(),
        )
    })
}

fn download(cache: &Path, arch: Arch, age: Age) -> Result<PathBuf> {
    for program in ["apt-get", "apt-cache", "dpkg-deb", "tar"] {
        apt::program(program, &[]).map_err(|it| anyhow!("{} is missing", it.what))?;
    }
    // If the mirror cannot be reached now, the other architectures do not try it again.
    static UNREACHABLE: OnceLock<String> = OnceLock::new();
    let mut problem = UNREACHABLE.get().cloned();
    // The next release is tried if one does not have the package, or if the mirror is just being updated.
    for suite in age.suites(arch) {
        if UNREACHABLE.get().is_some() {
            continue;
        }
        match download_from(cache, arch, age, suite) {
            Ok(path) => return Ok(path),
            Err(error) => {
                let why = format!("{error:#}");
                note!("{suite}: {why}");
                if ["resolving", "connect", "timed out"]
                    .iter()
                    .any(|word| why.contains(word))
                {
                    let _ = UNREACHABLE.set(why.clone());
                }
                problem = Some(why);
            }
        }
    }
    bail!(problem.unwrap_or_else(|| "no suite was tried".into()))
}

fn download_from(cache: &Path, arch: Arch, age: Age, suite: &str) -> Result<PathBuf> {
    let (debian_arch, mut package) = (debian(arch).0, String::from(debian(arch).1));
    let apt = Apt::new(&folder(cache, arch, age), debian_arch, suite)?;
    let mirror = apt::mirror();
    note!("reading the list of packages of {mirror} {suite} for {debian_arch}");
    let complaints = apt.update()?;
    // The package depends on a package for the newest kernel, which may depend on a package with the file.
    let mut step = Some(package.clone());
    while let Some(next) = step {
        let description = apt.show(&next).ok_or_else(|| {
            let reason = complaints.lines().find(|line| line.contains("Err:"));
            let detail = complaints.lines().skip_while(|line| Some(*line) != reason);
            match reason {
                // The line below the error contains the reason.
                Some(_) => anyhow!("{}", detail.take(2).collect::<Vec<_>>().join(": ")),
                None => anyhow!("no package {next} for {debian_arch}"),
            }
        })?;
        package = next;
        step = kernel_dependency(&description, &package);
    }
    note!("downloading {package}");
    let file = apt.download(&package)?;
    let folder = folder(cache, arch, age);
    let path = folder.join("vmlinuz");
    unpack(&file, &path)?;
    // The lists are larger than the kernel, and nothing needs them again.
    fs::remove_dir_all(folder.join("apt"))?;
    Ok(path)
}

/// Returns the dependency that contains the kernel.
fn kernel_dependency(description: &str, package: &str) -> Option<String> {
    let depends = description
        .lines()
        .find_map(|line| line.strip_prefix("Depends: "))?;
    let names = || {
        depends
            .split([',', '|'])
            .filter_map(|it| it.split_whitespace().next())
    };
    ["linux-binary-", "linux-image-"]
        .iter()
        .find_map(|start| names().find(|name| name.starts_with(start) && *name != package))
        .map(String::from)
}

/// Writes the only file of the package that is a kernel.
fn unpack(package: &Path, to: &Path) -> Result<()> {
    // The file is renamed when it is complete.
    let partial = to.with_file_name("partial");
    fs::create_dir_all(&partial)?;
    // The kernel is among the first of hundreds of megabytes. tar ends after it, and dpkg-deb then complains about a broken pipe.
    let content = cmd!("dpkg-deb", "--fsys-tarfile", package);
    let what = ["-x", "-v", "--occurrence=1", "--wildcards", "*/vmlinu[xz]*"];
    let tar = cmd("tar", what).dir(&partial).stderr_null();
    let names = content.stderr_null().unchecked().pipe(tar).read();
    let kernel = names.ok().filter(|name| is_kernel(name));
    let kernel = kernel.with_context(|| format!("no kernel in {}", package.display()))?;
    let file = partial.join(kernel);
    ensure!(
        fs::metadata(&file)?.len() > 0,
        "the kernel in {} is empty",
        package.display()
    );
    fs::rename(file, to)?;
    fs::remove_dir_all(partial)?;
    Ok(())
}

/// Whether a file of a package is its kernel. On some architectures, the kernel is not compressed.
fn is_kernel(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.starts_with("vmlinuz") || (folder.ends_with("boot") && name.starts_with("vmlinux-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_in_a_package_is_found_by_its_name() {
        assert!(is_kernel("./boot/vmlinuz-6.1.0-50-cloud-amd64"));
        assert!(is_kernel("./boot/vmlinux-6.12.57+deb13-riscv64"));
        assert!(is_kernel("./usr/lib/modules/7.2+deb14-riscv64/vmlinuz"));
        assert!(!is_kernel("./boot/"));
        assert!(!is_kernel("./boot/System.map-6.1.0-50-cloud-amd64"));
        assert!(!is_kernel("./usr/lib/debug/lib/modules/6.1/vmlinux-6.1"));
    }

    #[test]
    fn the_dependencies_lead_from_a_package_to_its_kernel() {
        let next = |depends: &str, package| {
            let description = format!("Package: {package}\nDepends: {depends}\n");
            kernel_dependency(&description, package)
        };
        let meta = "linux-base-riscv64 (= 7), linux-image-7+deb14-riscv64 (= 7)";
        let image =
            "dracut | linux-initramfs-tool, linux-binary-7+deb14-riscv64 (= 7), linux-modules-7";
        let whole = "kmod, linux-base (>= 4.3~), initramfs-tools | linux-initramfs-tool";
        assert_eq!(
            next(meta, "linux-image-riscv64").as_deref(),
            Some("linux-image-7+deb14-riscv64")
        );
        assert_eq!(
            next(image, "linux-image-7+deb14-riscv64").as_deref(),
            Some("linux-binary-7+deb14-riscv64")
        );
        assert_eq!(next(whole, "linux-image-6.1.0-50-cloud-amd64"), None);
    }
}
