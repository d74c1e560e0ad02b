//! The image of a disk that a machine has as its root.

use std::{fs, path::Path};

use anyhow::{Result, ensure};
pub use cargo_nestling::disk::{device, image};
use duct::cmd;

/// Makes an executable script.
pub fn write_script(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text)?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// Returns the signs that an image was not unmounted; nothing if it was.
pub fn unclean(image: &Path) -> Result<String> {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let mut problems = String::new();
    let checked = cmd!("e2fsck", "-fn", image)
        .stderr_to_stdout()
        .stdout_capture()
        .unchecked()
        .run()?;
    if !checked.status.success() {
        let said = String::from_utf8_lossy(&checked.stdout);
        problems += &format!("{name} is not clean:\n{said}\n");
    }
    let header = cmd!("dumpe2fs", "-h", image).stderr_null().read()?;
    ensure!(
        header.contains("Filesystem features:"),
        "dumpe2fs: {header}"
    );
    if header.contains("needs_recovery") {
        problems += &format!("{name} needs recovery\n");
    }
    Ok(problems)
}
