//! `cargo nestling image`: writes a project's programs as an image that other tools boot or run.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use duct::cmd;
use serde_json::{Value, json};

use crate::{
    apt,
    arch::Arch,
    boot::Contents,
    compile, disk,
    initramfs::{DIRECTORY, Initramfs, LINK, TYPE},
    project::{Profile, Project},
};

/// The form of the image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// An archive of an OCI image, which `podman load` and `skopeo` can read.
    Oci,
    /// An archive that a kernel can boot.
    Initramfs,
    /// An ext4 file system, whose `/sbin/init` is process 1.
    Disk,
}

/// Builds the release programs, and writes the image.
pub fn image(
    project: &Project,
    arch: Arch,
    form: Form,
    contents: &Contents,
    output: &Path,
) -> Result<()> {
    let folder = output.parent().unwrap_or(output);
    ensure!(
        folder.as_os_str().is_empty() || folder.is_dir(),
        "{} is no directory",
        folder.display()
    );
    contents.check()?;
    compile::programs(project, &[arch], Profile::Release)?;
    let (mut archive, has_init) = contents.archive(Some(project), arch, Profile::Release)?;
    ensure!(
        has_init || form == Form::Oci,
        "the project has no init (`init = true` in [package.metadata.nestling]): name one with --init"
    );
    let folder = project.scratch()?.join("image");
    match form {
        Form::Initramfs => archive.write(output)?,
        Form::Disk => {
            archive.link("sbin/init", "../init");
            let bytes = unpack(&archive, &folder)?;
            // The file system itself needs some space, and leaves as much space free as the files take.
            disk::image(&folder, output, ((bytes * 2) >> 20) as u32 + 16)?;
            disk::normalise(output, archive.files().map(|(path, _, _)| path))?;
        }
        Form::Oci => {
            let start = match has_init {
                true => "/init".into(),
                false => format!("/bin/{}", project.bin(None)?),
            };
            let container = Container {
                arch,
                name: &format!("{}:latest", project.name),
                entrypoint: &[&start],
                command: &[],
                annotations: &[],
            };
            container.write(&archive, &folder, output)?;
        }
    }
    println!("{:>9}  {}", fs::metadata(output)?.len(), output.display());
    Ok(())
}

/// Makes an empty folder.
fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// Writes the files into a folder. Returns the number of their bytes.
fn unpack(archive: &Initramfs, folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    clear(folder)?;
    // The mode of the root directory: it must not depend on the umask.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for (path, mode, content) in archive.files() {
        let place = folder.join(path);
        let permissions = fs::Permissions::from_mode(mode & 0o7777);
        let made = match mode & TYPE {
            DIRECTORY => {
                fs::create_dir(&place).and_then(|()| fs::set_permissions(&place, permissions))
            }
            LINK => symlink(String::from_utf8_lossy(content).as_ref(), &place),
            _ => fs::write(&place, content).and_then(|()| fs::set_permissions(&place, permissions)),
        };
        made.with_context(|| format!("can't write {}", place.display()))?;
        bytes += content.len().next_multiple_of(4096) as u64;
    }
    Ok(bytes)
}

/// The annotation whose value is a date, as in `2026-11-30T21:00:00Z`; the image's configuration has a field for it, too.
pub const CREATED: &str = "org.opencontainers.image.created";

/// What an OCI image says about its files.
pub struct Container<'a> {
    /// The architecture of its programs.
    pub arch: Arch,
    /// The image's name and tag, as in `name:latest`.
    pub name: &'a str,
    /// The program that each container starts, and its first arguments.
    pub entrypoint: &'a [&'a str],
    /// The arguments after these, which the user of the image may replace.
    pub command: &'a [&'a str],
    /// Names and values of annotations, which are also the labels of each container:
    /// <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
    pub annotations: &'a [(&'a str, &'a str)],
}

impl Container<'_> {
    /// Writes the image with these files, as a tar archive of an OCI layout: <https://github.com/opencontainers/image-spec>.
    /// The same files give the same bytes. The folder `scratch` and one beside it are overwritten.
    pub fn write(&self, files: &Initramfs, scratch: &Path, output: &Path) -> Result<()> {
        unpack(files, scratch)?;
        layout(self, scratch, output)
    }
}

/// Writes a folder as an OCI image.
fn layout(container: &Container, folder: &Path, output: &Path) -> Result<()> {
    let place = folder.with_extension("oci");
    clear(&place)?;
    let blobs = place.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    // The name of a blob is its digest.
    let enter = |kind: &str, blob: &Path| -> Result<Value> {
        let said = cmd!("sha256sum", blob).read().context("sha256sum")?;
        let digest = said.split_whitespace().next().context("a digest")?;
        let size = fs::metadata(blob)?.len();
        fs::rename(blob, blobs.join(digest))?;
        Ok(json!({
            "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": format!("sha256:{digest}"),
            "size": size,
        }))
    };
    let blob = blobs.join("new");
    tar(folder, &blob, &[])?;
    let layer = enter("layer.v1.tar", &blob)?;
    let architecture = match container.arch {
        Arch::X86_64 => "amd64",
        Arch::Aarch64 => "arm64",
        Arch::Riscv64 => "riscv64",
        Arch::I386 => "386",
    };
    let annotations: BTreeMap<_, _> = container.annotations.iter().copied().collect();
    let mut config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {
            "Entrypoint": container.entrypoint,
            "Cmd": container.command,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Labels": annotations,
            "WorkingDir": "/",
        },
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
        // One entry for each layer: buildah adds no layer to an image whose history lacks one.
        "history": [{ "created_by": "cargo nestling image" }],
    });
    if let Some(date) = annotations.get(CREATED) {
        config["created"] = json!(date);
        config["history"][0]["created"] = json!(date);
    }
    fs::write(&blob, config.to_string())?;
    let config = enter("config.v1+json", &blob)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
        "annotations": annotations,
    });
    fs::write(&blob, manifest.to_string())?;
    let mut manifest = enter("manifest.v1+json", &blob)?;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": container.name });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(place.join("index.json"), index.to_string())?;
    let layout = json!({ "imageLayoutVersion": "1.0.0" });
    fs::write(place.join("oci-layout"), layout.to_string())?;
    // The permissions of these files depend on the umask.
    tar(&place, output, &["--mode=u=rwX,go=rX"])
}

/// Makes a tar archive of a folder's contents. The owner is root and all times are the same, so that the same contents
/// give the same bytes.
fn tar(folder: &Path, output: &Path, options: &[&str]) -> Result<()> {
    let tar = apt::obtain(|| apt::program("tar", &["tar"]))?;
    let root = ["--owner=0", "--group=0", "--numeric-owner"];
    let same = ["--format=gnu", "--sort=name", "--mtime=@0"];
    let words = root.iter().chain(&same).chain(options).map(OsString::from);
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    let words = words.chain(["-C".into(), folder.into(), "-cf".into(), output.into()]);
    cmd(tar, words.chain(names)).run().context("tar")?;
    Ok(())
}
