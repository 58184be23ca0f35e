//! What saving asks of a file system, in few words, so that tests can put a failing one in its place.

use std::fs;
use std::io;
use std::path::Path;

use crate::whole_file;

pub trait Disk {
    /// Makes a folder in one that is there. One that is there already is well.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Writes a new file and waits until its contents are on the disk. Its name is only after [`Disk::sync_folder`].
    fn write_through(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the names in a folder are on the disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// The system's own.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write_through(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        whole_file::write_through(path, bytes)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        whole_file::sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}
