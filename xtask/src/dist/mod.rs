//! `cargo xtask dist`: the archives and images that people download, in `target/dist`.
//!
//! Two builds of the same commit by the same toolchain are the same, byte for byte: in any folder, on any day, by any user.

mod deb;
mod images;
mod linked;
mod tree;
#[cfg(test)]
mod tries;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use duct::cmd;

use self::{
    linked::Linked,
    tree::{Tree, sum},
};
use crate::{
    arch::Arch,
    c_library,
    compile::{self, BOX, Group, PROGRAMS, Profile, SHELL},
    workspace::Workspace,
};

/// The packages whose code is in the archives.
const PACKAGES: &[&str] = &["nestling-programs", "nestling-box", "nestling-c"];

/// The programs, by their names in the archives.
const SHIPPED: [&str; 4] = ["spawn", "init", "sh", "box"];

/// The folder of the programs: one that no `PATH` contains, even if somebody unpacks the archive over `/usr`.
const PROGRAMS_FOLDER: &str = "libexec/nestling";

const DOCUMENTS: &str = "share/doc/nestling";

/// Returns the package whose code the file at this path of an archive contains, or `None` if the file contains no code.
fn package_of(path: &str) -> Option<&'static str> {
    match path.strip_prefix(PROGRAMS_FOLDER) {
        Some("/box") => Some("nestling-box"),
        Some(_) => Some("nestling-programs"),
        None => path.starts_with("lib/lib").then_some("nestling-c"),
    }
}

/// Builds the programs and libraries, writes an archive for each architecture, and prints sizes and sums.
///
/// `deb` makes packages for Debian, too, and `disk` the image of a disk.
pub fn dist(workspace: &Workspace, archs: &[Arch], deb: bool, disk: bool) -> Result<()> {
    let maintainer = if deb {
        Some(deb::maintainer(workspace)?)
    } else {
        None
    };
    let maintainer = maintainer.as_deref();
    archives(workspace, archs, date(workspace)?, maintainer, disk)
}

fn archives(
    workspace: &Workspace,
    archs: &[Arch],
    date: u64,
    maintainer: Option<&str>,
    disk: bool,
) -> Result<()> {
    for group in Group::of(archs)? {
        for what in [PROGRAMS, SHELL, BOX] {
            let what = [what, &["--quiet"]].concat();
            let build = compile::command(&group, workspace, Profile::Release, &what);
            let built = build.unchecked().run()?.status.success();
            ensure!(built, "the build for {} failed", group.name());
        }
    }
    c_library::build(workspace, archs, Profile::Release)?;
    let folder = workspace.target.join("dist");
    fs::create_dir_all(&folder)?;
    let page = document(workspace, MACHINE, &[])?;
    write(&folder, "machine.md", page.as_bytes())?;
    for &arch in archs {
        let built = Built::read(workspace, arch)?;
        let tree = contents(workspace, arch, &built)?;
        let root = format!("nestling-{}-{}", env!("CARGO_PKG_VERSION"), arch.name());
        let name = format!("{root}.tar.gz");
        write(&folder, &name, &tree.tar_gz(&root, date)?)?;
        let container = images::container(workspace, arch, date)?;
        write(&folder, &format!("{root}.oci.tar"), &container)?;
        let container = images::container_of_box(workspace, arch, date)?;
        write(&folder, &format!("{root}-box.oci.tar"), &container)?;
        let initramfs = images::initramfs(workspace, arch)?;
        write(&folder, &format!("{root}.cpio.gz"), &initramfs)?;
        if disk && arch == images::DISK {
            let disk = images::disk(workspace)?;
            write(&folder, &format!("{root}.img.gz"), &disk)?;
        }
        if let Some(maintainer) = maintainer {
            let release = deb::Release {
                workspace,
                arch,
                date,
                maintainer,
            };
            let (version, arch) = (deb::version(), deb::name(arch));
            for (name, package) in release.packages(&built)? {
                write(&folder, &format!("{name}_{version}_{arch}.deb"), &package)?;
            }
        }
    }
    Ok(())
}

/// Writes a file, and its sum into another file beside it.
fn write(folder: &Path, name: &str, content: &[u8]) -> Result<()> {
    let sum = sum(name, content);
    fs::write(folder.join(name), content)?;
    fs::write(folder.join(format!("{name}.sha256")), &sum)?;
    let path = folder.join(name);
    println!(
        "{:>9}  {}\n           sha256 {sum}",
        content.len(),
        path.display()
    );
    Ok(())
}

/// The date of all files, in seconds since 1970: `SOURCE_DATE_EPOCH`, or the date of the commit.
fn date(workspace: &Workspace) -> Result<u64> {
    let text = match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => cmd!("git", "log", "-1", "--format=%ct")
            .dir(&workspace.root)
            .stderr_null()
            .read()
            .context("this is no git repository: set SOURCE_DATE_EPOCH")?,
    };
    let date = text.trim().parse();
    date.with_context(|| format!("SOURCE_DATE_EPOCH is no number of seconds: {text:?}"))
}

/// What was built for an architecture.
struct Built {
    /// By their names.
    programs: Vec<(&'static str, Vec<u8>)>,
    /// The libraries for C and their header, by the names of their files.
    c: Vec<(&'static str, Vec<u8>)>,
}

/// What programs in C need: each file of `c_library`, and its folder in the archive.
const C_FILES: [(&str, &str); 3] = [
    ("libnestling.so.0", "lib"),
    ("libnestling.a", "lib"),
    ("nestling.h", "include"),
];

impl Built {
    fn read(workspace: &Workspace, arch: Arch) -> Result<Built> {
        let read = |path: PathBuf| -> Result<Vec<u8>> {
            let content = fs::read(&path).with_context(|| format!("no {}", path.display()))?;
            portable(workspace, &path, &content)?;
            Ok(content)
        };
        let path = |name: &str| compile::path(workspace, arch, Profile::Release, name);
        let programs = SHIPPED.into_iter();
        let c = C_FILES.into_iter();
        Ok(Built {
            programs: programs
                .map(|name| Ok((name, read(path(name))?)))
                .collect::<Result<_>>()?,
            c: c.map(|(name, _)| Ok((name, read(path("c").join(name))?)))
                .collect::<Result<_>>()?,
        })
    }

    /// The content of a file for C.
    fn c(&self, name: &str) -> Result<&[u8]> {
        let file = self.c.iter().find(|(it, _)| *it == name);
        let (_, content) = file.with_context(|| format!("no {name}"))?;
        Ok(content)
    }
}

/// Checks that a program does not contain the path of this workspace or of cargo's folder: it would be another in another folder.
fn portable(workspace: &Workspace, path: &Path, content: &[u8]) -> Result<()> {
    let home = compile::cargo_home();
    for folder in [Some(workspace.root.clone()), home].into_iter().flatten() {
        let text = folder.to_string_lossy();
        let is_there = content.windows(text.len()).any(|it| it == text.as_bytes());
        ensure!(!is_there, "{} contains the path {text}", path.display());
    }
    Ok(())
}

/// The archive's content: the programs, the libraries for C, the manual pages, the documents, licences and sums.
fn contents(workspace: &Workspace, arch: Arch, built: &Built) -> Result<Tree> {
    let mut tree = Tree::default();
    for (name, content) in &built.programs {
        tree.program(format!("{PROGRAMS_FOLDER}/{name}"), &**content);
    }
    for (name, content) in &built.c {
        let folder = C_FILES.iter().find(|(it, _)| it == name);
        let (_, folder) = folder.context("a library without a folder")?;
        tree.file(format!("{folder}/{name}"), &**content);
    }
    if !built.c.is_empty() {
        tree.link("lib/libnestling.so", "libnestling.so.0");
        let page = pkg_config("${pcfiledir}/../..", "lib");
        tree.file("lib/pkgconfig/nestling.pc", page);
    }
    for (name, page) in manuals(workspace)? {
        let section = name.rsplit('.').next().unwrap_or_default();
        tree.file(format!("share/man/man{section}/{name}"), page);
    }
    for (source, folder, name) in COMPLETIONS {
        let path = format!("src/completions/{source}");
        tree.file(format!("{folder}/{name}"), read(workspace, &path)?);
    }
    for (path, name) in TEXTS {
        let mut text = document(workspace, path, &TEXTS)?;
        if name == "README.md" {
            text.insert_str(0, OF_THE_SOURCE);
        }
        tree.file(format!("{DOCUMENTS}/{name}"), text);
    }
    tree.file("README", first(arch));
    let linked = Linked::find(workspace, arch, PACKAGES)?;
    linked.add_licences(&mut tree, &format!("{DOCUMENTS}/licences"))?;
    tree.file(format!("{DOCUMENTS}/licences/README"), linked.table()?);
    let files = tree.files();
    let code: Vec<_> = files
        .filter_map(|(path, content)| Some((path, package_of(path)?, content)))
        .collect();
    let sbom = linked.sbom(env!("CARGO_PKG_VERSION"), &code)?;
    tree.file(format!("{DOCUMENTS}/nestling.cdx.json"), sbom);
    tree.file("SHA256SUMS", tree.sums());
    Ok(tree)
}

/// The file from which `pkg-config` knows how to compile with the library, and to link with it: `prefix` is where the header's folder is,
/// and `folder` is that of the library, below it.
fn pkg_config(prefix: &str, folder: &str) -> String {
    format!(
        "prefix={prefix}\n\
         libdir=${{prefix}}/{folder}\n\
         includedir=${{prefix}}/include\n\n\
         Name: nestling\n\
         Description: posix_spawn, system and popen that say why a start failed\n\
         Version: {}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lnestling\n",
        env!("CARGO_PKG_VERSION"),
    )
}

/// The documents of an archive: the paths in the repository, and the names in the archive.
const TEXTS: [(&str, &str); 7] = [
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("SECURITY.md", "SECURITY.md"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    (MACHINE, "machine.md"),
    ("src/c/README.md", "c.md"),
];

/// The beginning of a README that is not in the repository.
const OF_THE_SOURCE: &str = "\
*This is the README of the repository: the commands of cargo and the paths below `src` and `tests` need a clone of it.*

";

/// The page about what the images are for.
const MACHINE: &str = "src/bin/machine.md";

/// What somebody who has unpacked an archive reads first.
fn first(arch: Arch) -> String {
    let (version, arch) = (env!("CARGO_PKG_VERSION"), arch.name());
    format!(
        "nestling {version} for {arch}\n\n\
         libexec/nestling  the programs spawn, init, sh and box: static files, which need no other\n\
         lib, include      the library for programs in C, its file for pkg-config, its header\n\
         share/man         the manual pages: man -l share/man/man1/nestling-spawn.1\n\
         share/doc         README.md about all of nestling, c.md about the library for C,\n                  \
         machine.md about how to boot a machine and to start a container\n\
         share             completions of nestling-spawn and nestling-init for bash, zsh and fish\n\
         SHA256SUMS        for sha256sum --check SHA256SUMS, which finds damaged files\n\n\
         Nothing has to be installed: each program runs in any directory and under any name,\n\
         for example libexec/nestling/sh. These commands install the programs as\n\
         nestling-spawn, nestling-init, nestling-sh and nestling-box:\n\n    \
         mkdir -p /usr/local/libexec\n    \
         cp -r --remove-destination libexec/nestling /usr/local/libexec\n    \
         for name in spawn init sh box; do\n        \
         ln -sf ../libexec/nestling/$name /usr/local/bin/nestling-$name\n    \
         done\n\n\
         To install the manual pages, documents and completions, copy share to /usr/local: none\n\
         of its files has the name of a file of the system. (On Debian, fish finds completions\n\
         there only if XDG_DATA_DIRS contains /usr/local/share.) To install the library for C,\n\
         copy lib and include to /usr/local, and run ldconfig.\n\n\
         For Debian, the packages nestling, nestling-box, libnestling0 and libnestling-dev contain\n\
         all of this.\n"
    )
}

/// Reads a document of the repository, for a place where only these others are beside it. A link to another file of the repository
/// becomes its text.
fn document(workspace: &Workspace, path: &str, others: &[(&str, &str)]) -> Result<String> {
    let text = String::from_utf8(read(workspace, path)?)?;
    let mut linked = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once("](") {
        let (target, after) = after.split_once(')').context("a link without end")?;
        linked += before;
        rest = after;
        match others.iter().find(|(path, _)| *path == target) {
            Some((_, name)) => linked += &format!("]({name})"),
            None if target.contains("://") => linked += &format!("]({target})"),
            None => {
                let start = linked.rfind('[').context("a link without start")?;
                linked.remove(start);
            }
        }
    }
    Ok(linked + rest)
}

const FOR_BASH: &str = "share/bash-completion/completions";
const FOR_ZSH: &str = "share/zsh/site-functions";
const FOR_FISH: &str = "share/fish/vendor_completions.d";

/// The files of completions, where each shell looks for them, and under which name: that of the command.
const COMPLETIONS: [(&str, &str, &str); 6] = [
    ("spawn.bash", FOR_BASH, "nestling-spawn"),
    ("init.bash", FOR_BASH, "nestling-init"),
    ("_spawn", FOR_ZSH, "_nestling-spawn"),
    ("_init", FOR_ZSH, "_nestling-init"),
    ("spawn.fish", FOR_FISH, "nestling-spawn.fish"),
    ("init.fish", FOR_FISH, "nestling-init.fish"),
];

/// The manual pages of the programs and of the libraries. Their files have the names of the commands, to which they refer: other
/// packages have an init(8) and an inittab(5).
fn manuals(workspace: &Workspace) -> Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(workspace.root.join("src/man"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = match name.starts_with("nestling") {
            true => name,
            false => format!("nestling-{name}"),
        };
        // Its program is not in the archives.
        if name != "nestling-cargo-nestling.1" {
            let page = fs::read_to_string(entry.path())?;
            pages.push((name, renamed(&page).into()));
        }
    }
    Ok(pages)
}

/// A manual page with the installed names of the pages to which it refers.
fn renamed(page: &str) -> String {
    let lines = page.split_inclusive('\n').map(|line| {
        let target = line.strip_prefix(".Xr ").unwrap_or_default();
        match target.split(' ').next() {
            Some("spawn" | "init" | "inittab" | "box") => format!(".Xr nestling-{target}"),
            _ => line.into(),
        }
    });
    lines.collect()
}

fn read(workspace: &Workspace, path: &str) -> Result<Vec<u8>> {
    fs::read(workspace.root.join(path)).with_context(|| format!("no {path}"))
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::fs::symlink};

    use super::*;
    use crate::arch::HOST;

    /// The date of the files in the tests, in seconds since 1970.
    const DATE: u64 = 1_764_547_200;

    pub fn workspace() -> Workspace {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("a root");
        Workspace {
            root: root.into(),
            target: root.join("target"),
        }
    }

    fn tree() -> Tree {
        let built = Built {
            programs: SHIPPED.map(|name| (name, name.into())).into(),
            c: C_FILES.map(|(name, _)| (name, name.into())).into(),
        };
        contents(&workspace(), HOST, &built).expect("the content")
    }

    #[test]
    fn the_same_programs_make_the_same_archive_with_sums_of_all_files() {
        let tree = tree();
        let [first, second] =
            [&tree, &self::tree()].map(|it| it.tar_gz("n", 1).expect("an archive"));
        assert!(first == second);
        let (_, sums) = tree
            .files()
            .find(|(path, _)| *path == "SHA256SUMS")
            .expect("sums");
        let sums = String::from_utf8_lossy(sums);
        for (path, content) in tree.files().filter(|(path, _)| *path != "SHA256SUMS") {
            assert!(sums.contains(&sum(path, content)), "{path}");
        }
    }

    #[test]
    fn builds_of_two_folders_umasks_and_days_make_the_same_archives_which_others_can_use() {
        if env::var_os("NESTLING_LONG").is_none() {
            return;
        }
        let scratch = env::temp_dir().join(format!("nestling-dist-{}", std::process::id()));
        let copies = [
            ("022", "2001-02-03", "a"),
            ("077", "2024-10-11", "a/deeper folder/b"),
        ];
        let archives = copies.map(|(umask, day, name)| {
            let root = scratch.join(name);
            fs::create_dir_all(&root).expect("a folder");
            let copy = format!(
                "umask {umask}; git archive HEAD | tar -x -C \"$1\"; \
                 find \"$1\" -exec touch -d '{day}' '{{}}' +"
            );
            let copy = cmd!("sh", "-c", copy, "sh", &root).dir(workspace().root);
            copy.run().expect("a copy of the last commit");
            let target = root.join("target");
            let copy = Workspace { root, target };
            super::archives(&copy, &[HOST], DATE, Some("A <a@debian.org>"), false)
                .expect("an archive");
            let entries = fs::read_dir(copy.target.join("dist")).expect("the archives");
            let paths = entries.map(|entry| entry.expect("an archive").path());
            let mut files: Vec<_> = paths
                .map(|path| {
                    let name = path.file_name().map(OsStr::to_owned);
                    (name, fs::read(path).expect("a file"))
                })
                .collect();
            files.sort();
            files
        });
        assert_eq!(
            archives[0].len(),
            18,
            "a page, an archive, three images, four packages, and their sums"
        );
        assert!(archives[0] == archives[1], "the archives differ");

        let root = scratch.join("a");
        let folder = root.join("target/dist");
        tries::lintian_has_no_remark(&folder);
        tries::a_container_has_init_as_process_1(&folder, &scratch);
        let archive = tries::find(&folder, &format!("{}.tar.gz", HOST.name()));
        let unpacked = scratch.join("unpacked");
        fs::create_dir(&unpacked).expect("a folder");
        let tar = cmd!(
            "tar",
            "-xzf",
            archive,
            "--strip-components=1",
            "-C",
            &unpacked
        );
        tar.run().expect("an unpacked archive");
        tries::a_c_program_is_compiled_and_linked_by_pkg_config(&unpacked, &scratch);
        let target = root.join("target");
        let cached = ["kernels", "loader"].map(|it| workspace().target.join("xtask").join(it));
        if HOST == images::DISK && cached.iter().all(|it| it.exists()) {
            for path in cached {
                let link = target.join("xtask").join(path.file_name().expect("a name"));
                symlink(path, link).expect("a link");
            }
            let disk = images::disk(&Workspace { root, target }).expect("an image");
            tries::a_machine_starts_from_the_disk(&disk, &scratch);
        } else {
            eprintln!(
                "skipped: no disk: `cargo xtask dist --disk` downloads its kernel and its boot loader"
            );
        }
        fs::remove_dir_all(&scratch).expect("the folders");
    }

    #[test]
    fn no_file_of_an_archive_hides_one_of_the_system_where_it_is_unpacked() {
        let tree = tree();
        for (path, _) in tree.files() {
            let top = path.split('/').next().expect("a folder");
            assert!(!["bin", "sbin", "etc"].contains(&top), "{path}");
        }
        assert!(tree.files().any(|(path, _)| path == "libexec/nestling/sh"));
        let shared = tree.files().filter(|(path, _)| {
            path.starts_with("share/") && !path.starts_with("share/doc/nestling/")
        });
        let names = shared.filter_map(|(path, _)| path.rsplit('/').next());
        let names: Vec<_> = names.map(|name| name.trim_start_matches('_')).collect();
        assert!(
            names.iter().all(|name| name.starts_with("nestling")),
            "{names:?}"
        );
        assert_eq!(names.len(), 7 + COMPLETIONS.len());
    }

    #[test]
    fn pkg_config_finds_the_library_wherever_the_archive_is_unpacked() {
        let scratch = env::temp_dir().join(format!("nestling-pkg-config-{}", std::process::id()));
        fs::create_dir_all(&scratch).expect("a folder");
        let library = scratch.join("libnestling.so.0");
        let stub = "unsigned long nestling_spawn_error(char *to, unsigned long size) { return 0 * (to + size != 0); }";
        let compiler = cmd!(
            "cc",
            "-shared",
            "-fPIC",
            "-Wl,-soname,libnestling.so.0",
            "-x",
            "c",
            "-",
            "-o",
            &library
        );
        if compiler.stdin_bytes(stub).run().is_err() {
            return eprintln!("skipped: no cc");
        }
        let header = read(&workspace(), "src/c/nestling.h").expect("a header");
        let content = fs::read(library).expect("a library");
        let built = Built {
            programs: Vec::new(),
            c: vec![("libnestling.so.0", content), ("nestling.h", header)],
        };
        let tree = contents(&workspace(), HOST, &built).expect("the content");
        let root = scratch.join("anywhere");
        tree.write(&root).expect("the files");
        tries::a_c_program_is_compiled_and_linked_by_pkg_config(&root, &scratch);
        fs::remove_dir_all(&scratch).expect("the folder");
    }

    #[test]
    fn a_manual_page_of_an_archive_refers_to_the_pages_by_their_installed_names() {
        let tree = tree();
        let pages = tree.files().filter(|(path, _)| path.contains("/man/"));
        let pages: Vec<_> = pages.collect();
        let names = pages.iter().filter_map(|(path, _)| path.rsplit('/').next());
        let names: Vec<_> = names.collect();
        let mut ours = 0;
        for (path, page) in pages {
            let page = String::from_utf8_lossy(page);
            for reference in page.lines().filter_map(|line| line.strip_prefix(".Xr ")) {
                let mut words = reference.split(' ');
                let name = [words.next(), words.next()]
                    .map(Option::unwrap_or_default)
                    .join(".");
                assert!(
                    !["spawn.1", "init.8", "inittab.5", "box.1"].contains(&&*name),
                    "{path}"
                );
                if name.starts_with("nestling") {
                    assert!(names.contains(&&*name), "{path}: {reference}");
                    ours += 1;
                }
            }
        }
        assert!(ours > 10, "{ours}");
    }

    #[test]
    fn each_link_in_an_archive_leads_to_one_of_its_files() {
        let tree = tree();
        let folder = format!("{DOCUMENTS}/");
        let mut links = 0;
        for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
            let text = String::from_utf8_lossy(text);
            for link in text.split("](").skip(1) {
                let (target, _) = link.split_once(')').expect("an end");
                let is_there = || {
                    tree.files()
                        .any(|(path, _)| path == folder.clone() + target)
                };
                assert!(target.contains("://") || is_there(), "{path}: {target}");
                links += 1;
            }
        }
        assert!(links > 3, "{links}");
        let (_, readme) = tree
            .files()
            .find(|(path, _)| path.ends_with("doc/nestling/README.md"))
            .expect("a README");
        let readme = String::from_utf8_lossy(readme);
        assert!(readme.contains("[A riscv64 machine from one file](machine.md)"));
        assert!(!readme.contains("[ARCHITECTURE.md]"));
    }

    #[test]
    fn each_crate_in_the_programs_has_its_licence_in_the_archive_and_a_place_in_the_sbom() {
        let tree = tree();
        let (_, sbom) = tree
            .files()
            .find(|(path, _)| path.ends_with("nestling.cdx.json"))
            .expect("an SBOM");
        let sbom: serde_json::Value = serde_json::from_slice(sbom).expect("JSON");
        let components = sbom["components"].as_array().expect("a list");
        let urls = components.iter().filter_map(|it| it["purl"].as_str());
        let crates: Vec<_> = urls
            .filter_map(|it| it.strip_prefix("pkg:cargo/"))
            .collect();
        assert!(
            crates.iter().any(|it| it.starts_with("talc@")),
            "{crates:?}"
        );
        assert!(
            !crates.iter().any(|it| it.starts_with("rustix@")),
            "{crates:?}"
        );
        let dependencies = sbom["dependencies"].as_array().expect("a list");
        let needs = |whose: &str| {
            let entry = dependencies.iter().find(|it| it["ref"] == whose);
            entry.expect(whose)["dependsOn"][0].to_string()
        };
        for (file, package) in [
            ("libexec/nestling/sh", "nestling-programs"),
            ("libexec/nestling/box", "nestling-box"),
            ("lib/libnestling.a", "nestling-c"),
        ] {
            let url = needs(file);
            assert!(url.contains(&format!("/{package}@")), "{file}: {url}");
        }
        for it in crates.iter().filter(|it| !it.starts_with("nestling")) {
            let folder = format!("share/doc/nestling/licences/{}/", it.replace('@', "-"));
            assert!(
                tree.files().any(|(path, _)| path.starts_with(&folder)),
                "{folder}"
            );
        }
    }

    #[test]
    fn a_program_with_a_path_of_this_machine_is_refused() {
        let workspace = workspace();
        let text = format!("panicked at {}/src/lib.rs", workspace.root.display());
        let refused = portable(&workspace, Path::new("sh"), text.as_bytes());
        let error = refused.expect_err("an error").to_string();
        assert!(error.starts_with("sh contains the path /"), "{error}");
        assert!(portable(&workspace, Path::new("sh"), b"panicked at src/lib.rs").is_ok());
    }
}
