//! Debian's binary package of the programs.
//!
//! The programs are `/usr/bin/nestling-NAME`, and under their plain names in `/usr/libexec/nestling`: the package takes the place of no
//! other `init` or `sh`, and is no alternative for `/bin/sh`.

use std::{env, fs};

use anyhow::{Context, Result};
use duct::cmd;

use super::{
    Built, COMPLETIONS,
    linked::Linked,
    manuals, read,
    tree::{Tree, gzip},
};
use crate::{arch::Arch, workspace::Workspace};

/// The remarks of lintian that do not apply, each with the reason.
const OVERRIDES: &str = "\
# The programs run where there is no libc: that is what they are for.
nestling: statically-linked-binary *
# The package is made from an archive of the release, not from a package of sources, and closes no report.
nestling: initial-upload-closes-no-bugs *
# It is no word, but instructions of the processor.
nestling: spelling-error-in-binary * [usr/bin/nestling-sh]
";

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

/// Makes the package by `dpkg-deb`.
pub fn package(
    workspace: &Workspace,
    arch: Arch,
    built: &Built,
    date: u64,
    maintainer: &str,
) -> Result<Vec<u8>> {
    let mut tree = contents(workspace, arch, built, date, maintainer)?;
    let size: usize = tree
        .files()
        .map(|(_, content)| content.len().div_ceil(1024))
        .sum();
    let (version, arch) = (version(), name(arch));
    let control = format!(
        "Package: nestling\n\
         Version: {version}\n\
         Architecture: {arch}\n\
         Maintainer: {maintainer}\n\
         Installed-Size: {size}\n\
         Section: admin\n\
         Priority: optional\n\
         Description: process 1, shell and program starter that need no libc\n \
         Three static programs, which also run in a container or an initramfs that\n \
         contains nothing else:\n \
         .\n  \
         * nestling-spawn starts a program with other attributes and open files,\n    \
         and reports which step of the start failed;\n  \
         * nestling-init is process 1 of a container or a machine;\n  \
         * nestling-sh is a POSIX shell with line editing.\n \
         .\n \
         They do not replace the init and the /bin/sh of the system. The directory\n \
         /usr/libexec/nestling has them under the names spawn, init and sh.\n"
    );
    tree.file("DEBIAN/control", control);
    let scratch = workspace.scratch()?;
    let root = scratch.join("deb");
    tree.write(&root)?;
    let installed = tree.files().map(|(path, _)| path);
    let installed = installed.filter(|path| !path.starts_with("DEBIAN/"));
    let sums = cmd("md5sum", installed)
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
    .env("SOURCE_DATE_EPOCH", date.to_string())
    .stdout_null()
    .run()
    .context("dpkg-deb")?;
    fs::read(&file).with_context(|| format!("no {}", file.display()))
}

/// The installed files.
fn contents(
    workspace: &Workspace,
    arch: Arch,
    built: &Built,
    date: u64,
    maintainer: &str,
) -> Result<Tree> {
    let mut tree = Tree::default();
    for (name, content) in &built.programs {
        tree.program(format!("usr/bin/nestling-{name}"), &**content);
        tree.link(
            format!("usr/libexec/nestling/{name}"),
            format!("../../bin/nestling-{name}"),
        );
    }
    for (name, page) in manuals(workspace)? {
        // Other packages have an init(8) and an inittab(5). That of the library belongs to the library.
        let (name, section) = name.rsplit_once('.').context("a page without a section")?;
        let name = name.trim_start_matches("nestling-");
        if ["spawn", "init", "inittab", "sh"].contains(&name) {
            tree.file(
                format!("usr/share/man/man{section}/nestling-{name}.{section}.gz"),
                gzip(&page)?,
            );
        }
    }
    for (name, folder) in COMPLETIONS {
        // Each shell looks for a file that is named as the command.
        let installed = match name.strip_prefix('_') {
            Some(name) => format!("_nestling-{name}"),
            None => format!("nestling-{}", name.trim_end_matches(".bash")),
        };
        let folder = folder.replace("site-functions", "vendor-completions");
        let content = read(workspace, &format!("src/completions/{name}"))?;
        tree.file(format!("usr/{folder}/{installed}"), content);
    }
    let documents = "usr/share/doc/nestling";
    tree.file(
        format!("{documents}/README.md"),
        read(workspace, "README.md")?,
    );
    tree.file(
        format!("{documents}/changelog.gz"),
        gzip(&read(workspace, "CHANGELOG.md")?)?,
    );
    let version = version();
    let day = cmd!("date", "--utc", "--rfc-email", format!("--date=@{date}"))
        .env("LC_ALL", "C")
        .read()?;
    let changelog = format!(
        "nestling ({version}) unstable; urgency=medium\n\n  * Package the programs of this release.\n\n -- {maintainer}  {day}\n"
    );
    tree.file(
        format!("{documents}/changelog.Debian.gz"),
        gzip(changelog.as_bytes())?,
    );
    tree.file(
        format!("{documents}/copyright"),
        copyright(workspace, arch)?,
    );
    tree.file("usr/share/lintian/overrides/nestling", OVERRIDES);
    Ok(tree)
}

/// The licences in the form of Debian's policy: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>.
fn copyright(workspace: &Workspace, arch: Arch) -> Result<String> {
    let linked = Linked::find(workspace, arch, &["nestling-programs"])?;
    let licence = |path: &str| -> Result<String> {
        let text = String::from_utf8(read(workspace, path)?)?;
        let lines = text.lines().map(|line| match line.trim_end() {
            "" => " .\n".into(),
            line => format!(" {line}\n"),
        });
        Ok(lines.collect())
    };
    let mut text = String::from(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: nestling\n\n\
         Files: *\n\
         Copyright: the authors of nestling\n\
         License: Expat or Apache-2.0\n\
         Comment:\n The programs contain code of these libraries, each under a licence below:\n",
    );
    for it in linked.foreign() {
        text += &format!(" {} {} ({}).\n", it.name, it.version, it.licence);
    }
    text += " Rust's libraries core and alloc (MIT OR Apache-2.0).\n";
    let expat = licence("LICENSE-MIT")?;
    text += &format!("\nLicense: Expat\n{expat}");
    text += "\nLicense: Apache-2.0\n On Debian systems, the text of the Apache License, Version 2.0, is in\n \
             /usr/share/common-licenses/Apache-2.0.\n";
    Ok(text)
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
    use crate::{arch::HOST, compile::SHIPPED, dist::tests::workspace};

    #[test]
    fn the_package_hides_no_program_and_no_manual_page_of_the_system() {
        let built = Built {
            programs: SHIPPED.map(|name| (name, name.into())).into(),
            c: Vec::new(),
        };
        let tree = contents(&workspace(), HOST, &built, 1, "A <a@b.c>").expect("the content");
        let mut shared = 0;
        for (path, _) in tree.files() {
            let (folder, name) = path.rsplit_once('/').expect("a folder");
            if folder.ends_with("bin") || folder.contains("/man/") || folder.contains("completions")
            {
                assert!(
                    name.trim_start_matches('_').starts_with("nestling-"),
                    "{path}"
                );
                shared += 1;
            } else {
                assert!(
                    folder.starts_with("usr/share/doc/nestling") || folder.contains("lintian"),
                    "{path}"
                );
            }
        }
        assert_eq!(shared, 3 + 4 + 6);
    }
}
