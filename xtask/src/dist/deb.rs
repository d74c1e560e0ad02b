//! Debian's binary packages: of the programs, and of the library for C.
//!
//! The programs are `/usr/bin/nestling-NAME`, and under their plain names in `/usr/libexec/nestling`: the package takes the place of no
//! other `init` or `sh`, and is no alternative for `/bin/sh`. The library is two packages, as Debian's policy has it in chapter 8: one for
//! programs that are linked with it or preload it, and one for those who compile.

use std::{collections::BTreeSet, env, fs};

use anyhow::{Context, Result};
use duct::cmd;

use super::{
    Built, COMPLETIONS, MACHINE, OF_THE_SOURCE, document,
    linked::Linked,
    manuals, pkg_config, read,
    tree::{Tree, gzip},
};
use crate::{arch::Arch, compile::SHIPPED, workspace::Workspace};

/// The remarks of lintian that do not apply, each with the reason: for the programs, and for the library.
const OVERRIDES: &str = "\
# The programs run where there is no libc: that is what they are for.
nestling: statically-linked-binary *
# The package is made from an archive of the release, not from a package of sources, and closes no report.
nestling: initial-upload-closes-no-bugs *
";
const OVERRIDES_OF_THE_BOX: &str = "\
# The program runs where there is no libc: that is what it is for.
nestling-box: statically-linked-binary *
# The package is made from an archive of the release, not from a package of sources, and closes no report.
nestling-box: initial-upload-closes-no-bugs *
";
const OVERRIDES_OF_THE_LIBRARY: &str = "\
# The package is made from an archive of the release, not from a package of sources, and closes no report.
libnestling0: initial-upload-closes-no-bugs *
# It takes malloc and the like from the libc of the program, which is glibc or musl.
libnestling0: shared-library-lacks-prerequisites *
# The functions are those of the libc, all of them since the first version: the file shlibs says enough.
libnestling0: no-symbols-control-file *
# Rust's linker writes it. Programs that strip it do so for one architecture, and the packages are made for four.
libnestling0: binary-has-unneeded-section .comment *
";
const OVERRIDES_FOR_COMPILING: &str = "\
# The package is made from an archive of the release, not from a package of sources, and closes no report.
libnestling-dev: initial-upload-closes-no-bugs *
# Rust's own objects are in it. Programs that strip them do so for one architecture, and the packages are made for four.
libnestling-dev: static-library-has-unneeded-sections *
libnestling-dev: unstripped-static-library *
";

const PROGRAMS: &str = "\
Section: admin
Multi-Arch: foreign
Description: process 1, shell and program starter that need no libc
 Three static programs, which also run in a container or an initramfs that
 contains nothing else:
 .
  * nestling-spawn starts a program with other attributes and open files,
    and reports which step of the start failed;
  * nestling-init is process 1 of a container or a machine;
  * nestling-sh is a POSIX shell with line editing.
 .
 They do not replace the init and the /bin/sh of the system. The directory
 /usr/libexec/nestling has them under the names spawn, init and sh.
";
const BOX: &str = "\
Section: utils
Multi-Arch: foreign
Suggests: nestling
Description: init, shell and utilities of a rescue system in one static file
 A static program that needs no libc and contains more than 60 programs, which
 it runs by their names: the files and text utilities of POSIX, those that
 repair a system, such as mount, modprobe and ip, a POSIX shell with line
 editing, and process 1. It is made for initramfs files and containers.
 .
 The package makes no links: \"nestling-box --install DIRECTORY\" makes them.
";
const LIBRARY: &str = "\
Section: libs
Multi-Arch: same
Depends: libc6 (>= 2.34)
Description: posix_spawn, system and popen that say why a start failed
 A library with the functions posix_spawn, posix_spawnp, system and popen, to
 be used in place of those of the libc. The cost of a start does not depend on
 the memory of the program, and the library says which step of a failed start
 went wrong.
 .
 A program that is not linked with it uses it with
 LD_PRELOAD=libnestling.so.0, and prints the reasons with NESTLING_VERBOSE=1.
";

/// The file that `dpkg-shlibdeps` reads: which package has the library.
const SHLIBS: &str = concat!(
    "libnestling 0 libnestling0 (>= ",
    env!("CARGO_PKG_VERSION"),
    ")\n"
);

/// Debian's name of an architecture.
pub fn name(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "amd64",
        Arch::Aarch64 => "arm64",
        Arch::Riscv64 => "riscv64",
        Arch::I386 => "i386",
    }
}

/// The package's version: the first package of this release.
pub fn version() -> String {
    format!("{}-1", env!("CARGO_PKG_VERSION"))
}

/// The architecture's name in the directories of libraries.
fn multiarch(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64-linux-gnu",
        Arch::Aarch64 => "aarch64-linux-gnu",
        Arch::Riscv64 => "riscv64-linux-gnu",
        Arch::I386 => "i386-linux-gnu",
    }
}

/// What all packages of a release have in common.
pub struct Release<'a> {
    pub workspace: &'a Workspace,
    pub arch: Arch,
    /// The date of all files, in seconds since 1970.
    pub date: u64,
    pub maintainer: &'a str,
}

impl Release<'_> {
    /// Makes the packages. Returns their names and contents.
    pub fn packages(&self, built: &Built) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let version = version();
        let for_compiling = format!(
            "Section: libdevel\n\
             Multi-Arch: same\n\
             Depends: libnestling0 (= {version}), libc6-dev\n\
             Description: posix_spawn, system and popen that say why a start failed - development\n \
             What compiling a program with libnestling needs: the header nestling.h, which\n \
             declares the function that returns the reason of a failed start, the static\n \
             library, the link for the shared one, and the file for pkg-config.\n"
        );
        Ok(vec![
            (
                "nestling",
                self.package("nestling", PROGRAMS, self.programs(built)?)?,
            ),
            (
                "nestling-box",
                self.package("nestling-box", BOX, self.the_box(built)?)?,
            ),
            (
                "libnestling0",
                self.package("libnestling0", LIBRARY, self.library(built)?)?,
            ),
            (
                "libnestling-dev",
                self.package(
                    "libnestling-dev",
                    &for_compiling,
                    self.for_compiling(built)?,
                )?,
            ),
        ])
    }

    /// Makes a package by `dpkg-deb`. `fields` are those of its control file that other packages have otherwise.
    fn package(&self, name: &str, fields: &str, mut tree: Tree) -> Result<Vec<u8>> {
        let installed: Vec<(String, usize)> = tree
            .files()
            .filter(|(path, _)| !path.starts_with("DEBIAN/"))
            .map(|(path, content)| (path.into(), content.len()))
            .collect();
        let size: usize = installed.iter().map(|(_, it)| it.div_ceil(1024)).sum();
        let (version, arch, maintainer) = (version(), self::name(self.arch), self.maintainer);
        let source = match name {
            "nestling" => "",
            _ => "Source: nestling\n",
        };
        let control = format!(
            "Package: {name}\n{source}Version: {version}\nArchitecture: {arch}\nMaintainer: {maintainer}\n\
             Installed-Size: {size}\nPriority: optional\n{fields}"
        );
        tree.file("DEBIAN/control", control);
        let scratch = self.workspace.scratch()?;
        let root = scratch.join("deb");
        tree.write(&root)?;
        let sums = cmd("md5sum", installed.iter().map(|(path, _)| path))
            .dir(&root)
            .read()
            .context("md5sum")?;
        tree.file("DEBIAN/md5sums", sums + "\n");
        tree.write(&root)?;
        let file = scratch.join("nestling.deb");
        // One thread: how the file is compressed depends on their number.
        cmd!(
            "dpkg-deb",
            "--root-owner-group",
            "-Zxz",
            "--threads-max=1",
            "--build",
            &root,
            &file
        )
        .env("SOURCE_DATE_EPOCH", self.date.to_string())
        .stdout_null()
        .run()
        .context("dpkg-deb")?;
        fs::read(&file).with_context(|| format!("no {}", file.display()))
    }

    /// The files of the programs.
    fn programs(&self, built: &Built) -> Result<Tree> {
        let mut tree = self.documents("nestling", "nestling-programs", OVERRIDES)?;
        let pages = [
            "nestling.3",
            "nestling-spawn.1",
            "nestling-sh.1",
            "nestling-inittab.5",
            "nestling-init.8",
        ];
        self.add_programs(&mut tree, built, &SHIPPED, &pages)?;
        for (source, folder, name) in COMPLETIONS {
            let folder = folder.replace("site-functions", "vendor-completions");
            let content = read(self.workspace, &format!("src/completions/{source}"))?;
            tree.file(format!("usr/{folder}/{name}"), content);
        }
        // debianutils adds this shell to /etc/shells.
        tree.file(
            "usr/share/debianutils/shells.d/nestling",
            "/usr/bin/nestling-sh\n",
        );
        let texts = [
            ("README.md", "README.md"),
            ("SECURITY.md", "SECURITY.md"),
            (MACHINE, "machine.md"),
        ];
        for (path, name) in texts {
            let mut text = document(self.workspace, path, &texts)?;
            if name == "README.md" {
                text.insert_str(0, OF_THE_SOURCE);
            }
            tree.file(format!("usr/share/doc/nestling/{name}"), text);
        }
        Ok(tree)
    }

    /// The files of `box`.
    fn the_box(&self, built: &Built) -> Result<Tree> {
        let mut tree = self.documents("nestling-box", "nestling-box", OVERRIDES_OF_THE_BOX)?;
        self.add_programs(&mut tree, built, &["box"], &["nestling-box.1"])?;
        let page = document(self.workspace, MACHINE, &[])?;
        tree.file("usr/share/doc/nestling-box/machine.md", page);
        Ok(tree)
    }

    /// Adds programs, as `nestling-NAME`, and manual pages.
    fn add_programs(
        &self,
        tree: &mut Tree,
        built: &Built,
        programs: &[&str],
        pages: &[&str],
    ) -> Result<()> {
        for (name, content) in &built.programs {
            if programs.contains(name) {
                tree.program(format!("usr/bin/nestling-{name}"), &**content);
                tree.link(
                    format!("usr/libexec/nestling/{name}"),
                    format!("../../bin/nestling-{name}"),
                );
            }
        }
        for (name, page) in manuals(self.workspace)? {
            let (_, section) = name.rsplit_once('.').context("a page without a section")?;
            if pages.contains(&&*name) {
                let path = format!("usr/share/man/man{section}/{name}.gz");
                tree.file(path, gzip(&page)?);
            }
        }
        Ok(())
    }

    /// The files of the shared library, which the loader's cache must list.
    fn library(&self, built: &Built) -> Result<Tree> {
        let mut tree = self.documents("libnestling0", "nestling-c", OVERRIDES_OF_THE_LIBRARY)?;
        let folder = format!("usr/lib/{}", multiarch(self.arch));
        tree.file(
            format!("{folder}/libnestling.so.0"),
            built.c("libnestling.so.0")?,
        );
        tree.file("DEBIAN/shlibs", SHLIBS);
        tree.file("DEBIAN/triggers", "activate-noawait ldconfig\n");
        Ok(tree)
    }

    /// The files that compiling needs.
    fn for_compiling(&self, built: &Built) -> Result<Tree> {
        let mut tree = self.documents("libnestling-dev", "nestling-c", OVERRIDES_FOR_COMPILING)?;
        let folder = format!("usr/lib/{}", multiarch(self.arch));
        tree.file(format!("{folder}/libnestling.a"), built.c("libnestling.a")?);
        tree.link(format!("{folder}/libnestling.so"), "libnestling.so.0");
        let page = pkg_config("/usr", &format!("lib/{}", multiarch(self.arch)));
        tree.file(format!("{folder}/pkgconfig/nestling.pc"), page);
        tree.file("usr/include/nestling.h", built.c("nestling.h")?);
        let page = read(self.workspace, "src/man/nestling_spawn_error.3")?;
        let folder = "usr/share/man/man3";
        tree.file(format!("{folder}/nestling_spawn_error.3.gz"), gzip(&page)?);
        let readme = document(self.workspace, "src/c/README.md", &[])?;
        tree.file("usr/share/doc/libnestling-dev/README.md", readme);
        Ok(tree)
    }

    /// What each package has: changelogs, licences, and the remarks of lintian that do not apply. `root` is the package of this workspace
    /// whose code is in it.
    fn documents(&self, package: &str, root: &str, overrides: &str) -> Result<Tree> {
        let mut tree = Tree::default();
        let documents = format!("usr/share/doc/{package}");
        tree.file(
            format!("{documents}/changelog.gz"),
            gzip(&read(self.workspace, "CHANGELOG.md")?)?,
        );
        let (version, maintainer) = (version(), self.maintainer);
        let day = cmd!(
            "date",
            "--utc",
            "--rfc-email",
            format!("--date=@{}", self.date)
        )
        .env("LC_ALL", "C")
        .read()?;
        let changelog = format!(
            "nestling ({version}) unstable; urgency=medium\n\n  * Package this release.\n\n -- {maintainer}  {day}\n"
        );
        tree.file(
            format!("{documents}/changelog.Debian.gz"),
            gzip(changelog.as_bytes())?,
        );
        let copyright = copyright(self.workspace, root)?;
        tree.file(format!("{documents}/copyright"), copyright);
        tree.file(format!("usr/share/lintian/overrides/{package}"), overrides);
        Ok(tree)
    }
}

/// The licences in the form of Debian's policy: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>. The text is the same
/// on all architectures, because packages of several architectures may be installed that share this file.
fn copyright(workspace: &Workspace, root: &str) -> Result<String> {
    let mut libraries = BTreeSet::new();
    for arch in Arch::ALL {
        let linked = Linked::find(workspace, arch, &[root])?;
        for it in linked.foreign() {
            let (name, version, notice) = (&it.name, &it.version, indented(&it.notice()?));
            let entry = format!(" {name} {version} ({}):\n .\n{notice} .\n", it.licence);
            libraries.insert(entry);
        }
    }
    let mut text = String::from(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: nestling\n\n\
         Files: *\n\
         Copyright: the authors of nestling\n\
         License: Expat or Apache-2.0\n\
         Comment:\n The package contains code of these libraries, with these notices:\n .\n",
    );
    text.extend(libraries);
    text += " Rust's libraries core and alloc (MIT OR Apache-2.0).\n";
    let expat = String::from_utf8(read(workspace, "LICENSE-MIT")?)?;
    text += &format!("\nLicense: Expat\n{}", indented(&expat));
    text += "\nLicense: Apache-2.0\n On Debian systems, the text of the Apache License, Version 2.0, is in\n \
             /usr/share/common-licenses/Apache-2.0.\n";
    Ok(text)
}

/// A text as the continuation of a field of a control file.
fn indented(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| match line.trim_end() {
        "" => " .\n".into(),
        line => format!(" {line}\n"),
    });
    lines.collect()
}

/// Who makes the package: `DEBFULLNAME` and `DEBEMAIL`, as for Debian's own tools, or the author of the commit.
pub fn maintainer(workspace: &Workspace) -> Result<String> {
    match (env::var("DEBFULLNAME"), env::var("DEBEMAIL")) {
        (Ok(name), Ok(address)) => Ok(format!("{name} <{address}>")),
        _ => cmd!("git", "log", "-1", "--format=%an <%ae>")
            .dir(&workspace.root)
            .stderr_null()
            .read()
            .context("this is no git repository: set DEBFULLNAME and DEBEMAIL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::HOST,
        dist::{self, C_FILES, tests::workspace},
    };

    fn built() -> Built {
        Built {
            programs: dist::SHIPPED.map(|name| (name, name.into())).into(),
            c: C_FILES.map(|(name, _)| (name, name.into())).into(),
        }
    }

    fn release(workspace: &Workspace) -> Release<'_> {
        Release {
            workspace,
            arch: HOST,
            date: 1,
            maintainer: "A <a@b.c>",
        }
    }

    #[test]
    fn the_packages_hide_no_program_and_no_manual_page_of_the_system() {
        let (workspace, built) = (workspace(), built());
        let release = release(&workspace);
        let programs = release.programs(&built).expect("the content");
        let the_box = release.the_box(&built).expect("the content");
        let mut shared = 0;
        for (path, _) in programs.files().chain(the_box.files()) {
            let (folder, name) = path.rsplit_once('/').expect("a folder");
            if folder.ends_with("bin") || folder.contains("/man/") || folder.contains("completions")
            {
                let is_own = name.trim_start_matches('_').starts_with("nestling-");
                assert!(is_own || name == "nestling.3.gz", "{path}");
                shared += 1;
            } else {
                assert!(
                    folder.starts_with("usr/share/doc/nestling")
                        || folder.contains("lintian")
                        || path == "usr/share/debianutils/shells.d/nestling",
                    "{path}"
                );
            }
        }
        // Programs, pages, and completions; the box has a program and a page.
        assert_eq!(shared, (3 + 5 + 6) + (1 + 1));
    }

    #[test]
    fn the_copyright_of_a_package_has_the_notice_of_each_crate_in_it() {
        let text = copyright(&workspace(), "nestling-box").expect("a text");
        for notice in [
            " memchr 2.",
            " Copyright (c) 2015 Andrew Gallant\n",
            " talc 5.",
            " lock_api 0.",
            " Copyright (c) 2016 The Rust Project Developers\n",
        ] {
            assert!(text.contains(notice), "no {notice:?} in {text}");
        }
        // A line is empty, or begins a field or continues it.
        let is_valid = |line: &str| line.is_empty() || line.starts_with(' ') || line.contains(':');
        assert_eq!(text.lines().find(|line| !is_valid(line)), None);
    }

    #[test]
    fn the_packages_of_the_library_share_no_file_and_can_be_installed_for_several_architectures() {
        let workspace = workspace();
        let release = release(&workspace);
        let trees = [
            release.library(&built()).expect("the library"),
            release.for_compiling(&built()).expect("its header"),
        ];
        // i386 needs other crates than the rest.
        let other = Release {
            arch: if HOST == Arch::I386 {
                Arch::X86_64
            } else {
                Arch::I386
            },
            ..release
        };
        let others = [
            other.library(&built()).expect("the library"),
            other.for_compiling(&built()).expect("its header"),
        ];
        for (tree, other) in trees.iter().zip(&others) {
            for (path, content) in tree.files() {
                let same = other.files().find(|(it, _)| *it == path);
                assert!(same.is_none_or(|(_, it)| it == content), "{path} differs");
            }
        }
        let [library, compiling] = trees.each_ref().map(|tree| -> BTreeSet<&str> {
            let paths = tree.files().map(|(path, _)| path);
            paths.filter(|path| path.starts_with("usr/")).collect()
        });
        assert!(library.is_disjoint(&compiling), "{library:?}");
        // Files that depend on the architecture are in a directory of the architecture.
        let folder = format!("usr/lib/{}", multiarch(HOST));
        let is_own = |path: &&&str| path.starts_with(&folder);
        assert_eq!(library.iter().filter(is_own).count(), 1, "{library:?}");
        assert_eq!(compiling.iter().filter(is_own).count(), 2, "{compiling:?}");
        for path in library.union(&compiling).filter(|path| !is_own(path)) {
            let others = ["usr/share/", "usr/include/nestling.h"];
            assert!(others.iter().any(|it| path.starts_with(it)), "{path}");
        }
    }
}
