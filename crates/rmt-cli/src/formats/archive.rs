//! zip archives, which both NumPy and PyTorch write.

use super::file::{Input, Window};
use super::names::quoted;
use std::sync::Arc;
use zip::ZipArchive;

/// An archive that is read by position. Clones share its directory, so each read has its own.
pub(super) type Archive = ZipArchive<Window<Arc<Input>>>;

/// Bytes that deflate can make of one (1032), and some.
const LARGEST_RATIO: u64 = 1100;
/// Room for what an empty member takes.
const SLACK: u64 = 4096;

/// Reads the directory, and refuses archives in which a member lies twice: they unpack to more than
/// they hold.
pub(super) fn open(input: &Arc<Input>) -> Result<Archive, String> {
    let unreadable = |error| format!("its zip directory cannot be read: {error}");
    let mut archive = Archive::new(Window::whole(Arc::clone(input))).map_err(unreadable)?;
    if archive.has_duplicate_names() {
        return Err("two members of the zip archive have one name".into());
    }
    if archive.has_overlapping_entries().map_err(unreadable)? {
        return Err("members of the zip archive overlap".into());
    }
    Ok(archive)
}

/// One member, as the directory says.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) number: usize,
    pub(super) name: String,
    /// Unpacked.
    pub(super) size: u64,
    packed: u64,
    /// CRC-32 of what it unpacks to, as the directory says.
    pub(super) checksum: u32,
}

impl Member {
    /// Whether deflate cannot have made it.
    pub(super) fn is_bomb(&self) -> bool {
        self.size > self.packed.saturating_mul(LARGEST_RATIO).saturating_add(SLACK)
    }
}

/// The files in an archive of so many bytes.
pub(super) fn members(archive: &Archive, length: u64) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let wrong = |error| format!("member {number} of the zip archive: {error}");
        let entry = archive.by_index_data(number).map_err(wrong)?;
        let name = entry.name().map_err(wrong)?.into_owned();
        if !entry.is_dir() {
            let (size, packed) = (entry.size(), entry.compressed_size());
            if packed > length {
                return Err(format!("member {} is larger than the file", quoted(&name)));
            }
            let checksum = entry.crc32();
            members.push(Member { number, name, size, packed, checksum });
        }
    }
    Ok(members)
}
