//! Faults of the file system as they strike the page.

use super::*;

impl Child {
    /// A run whose page is written at every record.
    fn start_with_page(&self) -> Run<'_> {
        let path = self.base.join("run");
        let sink = Page::new(&path).with_interval(Duration::ZERO);
        self.start_with(path, |config| config.with_page(false).with_sink(sink))
    }
}

/// The page of a run that is over has its last step.
fn page_is_whole(run: &Run<'_>) {
    let page = page(&run.path);
    assert!(page.contains("Finished.") && page.contains(&format!(" at step {STEPS}, ")));
    assert_eq!(fs::read_dir(run.path.join(".unfinished/files")).unwrap().count(), 0);
}

pub(super) fn page_disk_full(child: &Child) {
    let mut run = child.start_with_page();
    let ballast = child.base.join("ballast");
    let summary = run.through(
        |_| {
            let mut file = fs::File::create(&ballast).unwrap();
            io::copy(&mut io::repeat(7), &mut file).unwrap_err();
        },
        |path| {
            // The one from before is still there.
            assert!(page(path).contains("Running."));
            fs::remove_file(&ballast).unwrap();
        },
    );
    lost(&summary, &ALL, "disk_full");
    run.has(&child.spared());
    page_is_whole(&run);
}

pub(super) fn page_directory_removed(child: &Child) {
    let mut run = child.start_with_page();
    // It is not made again before: making it would fail.
    let summary =
        run.through(|path| fs::remove_dir_all(path).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &ALL, "not_found");
    page_is_whole(&run);
}

/// A directory in its place.
pub(super) fn page_cannot_be_replaced(child: &Child) {
    let mut run = child.start_with_page();
    let summary = run.through(
        |path| {
            fs::remove_file(path.join("index.html")).unwrap();
            fs::create_dir(path.join("index.html")).unwrap();
        },
        |path| fs::remove_dir(path.join("index.html")).unwrap(),
    );
    lost(&summary, &["page"], "io");
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    page_is_whole(&run);
}
