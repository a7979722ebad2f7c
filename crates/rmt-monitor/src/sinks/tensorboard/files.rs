//! The event files of a session, one after another: a new one begins after each fault.

use super::event_file::EventFile;
use super::message::Values;
use crate::error::SinkError;
use std::io;
use std::path::{Path, PathBuf};

/// Writes events into one directory.
pub(super) struct EventFiles {
    directory: PathBuf,
    /// Whether this session has a file, which said where the session starts.
    begun: bool,
    file: Option<EventFile>,
    /// Records in the file that were not flushed yet.
    unflushed: u64,
}

impl EventFiles {
    /// With `begun`, no file says that a session starts.
    pub(super) fn new(directory: &Path, begun: bool) -> Self {
        Self { directory: directory.to_owned(), begun, file: None, unflushed: 0 }
    }

    /// A session starts at `step`, and says so in a new file.
    pub(super) fn start(&mut self, step: u64) -> Result<(), SinkError> {
        let flushed = self.flush();
        (self.file, self.begun) = (None, false);
        flushed.and(self.open(step).map(|_| ()))
    }

    fn open(&mut self, step: u64) -> Result<&mut EventFile, SinkError> {
        // Session 0 says so too: TensorBoard's slow loader takes the first start that it sees for no
        // restart, and would keep what a second session replaces.
        let start = (!self.begun).then_some(step);
        let created = EventFile::create(&self.directory, start);
        let error = |cause| SinkError::Io { path: self.directory.clone(), cause };
        let created = created.map_err(error)?;
        self.begun = true;
        Ok(self.file.insert(created))
    }

    pub(super) fn append(
        &mut self,
        step: u64,
        wall_time: f64,
        values: Values,
    ) -> Result<(), SinkError> {
        // What is written to a file that was removed is seen by nobody; what it still holds is counted
        // when it is flushed.
        if self.unflushed == 0 && self.file.as_ref().is_some_and(|file| !file.still_there()) {
            self.file = None;
        }
        let file = match self.file {
            Some(ref mut file) => file,
            None => self.open(step)?,
        };
        let written = file.write(step, wall_time, values);
        self.unflushed += 1;
        self.checked(written)
    }

    pub(super) fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = self.file.as_mut().map_or(Ok(()), |file| {
            file.flush()?;
            match file.still_there() || self.unflushed == 0 {
                true => Ok(()),
                false => Err(io::Error::new(io::ErrorKind::NotFound, "it was removed or replaced")),
            }
        });
        self.checked(flushed)?;
        self.unflushed = 0;
        Ok(())
    }

    /// Brings what was flushed to the disk.
    pub(super) fn sync(&mut self) -> Result<(), SinkError> {
        let synced = self.file.as_ref().map_or(Ok(()), EventFile::sync);
        self.checked(synced)
    }

    /// Gives the file up after an error, with what it holds.
    fn checked(&mut self, result: io::Result<()>) -> Result<(), SinkError> {
        result.map_err(|cause| {
            let path = match self.file.take() {
                Some(file) => file.path().to_owned(),
                None => self.directory.clone(),
            };
            let error = SinkError::Io { path, cause };
            match std::mem::take(&mut self.unflushed) {
                0 | 1 => error,
                records => SinkError::Several { records, cause: Box::new(error) },
            }
        })
    }
}
