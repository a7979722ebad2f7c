//! Tests of run directories.

use super::*;

/// That go on with the run in `path`.
fn settings(path: &Path) -> Settings {
    Settings { run_directory: path.into(), resume: true, ..Settings::default() }
}

/// Of a run of its own.
fn fresh(path: &Path) -> Settings {
    Settings { resume: false, ..settings(path) }
}

#[test]
fn sessions_count_up_and_foreign_files_are_refused() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("a/b");
    let (directory, first) = RunDirectory::open(&settings(&path)).unwrap();
    assert_eq!((directory.path(), first.session), (path.as_path(), 0));
    let (_, second) = RunDirectory::open(&settings(&path)).unwrap();
    assert_eq!(second.session, 1);
    fs::write(path.join("run.json"), "{}").unwrap();
    let error = RunDirectory::open(&settings(&path)).unwrap_err();
    assert!(matches!(error, InitError::ForeignRun { .. }), "{error}");
}

#[test]
fn a_run_that_is_not_resumed_gets_a_number() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("x");
    let open = |settings: Settings| RunDirectory::open(&settings).unwrap();
    for name in ["x", "x-2", "x-3"] {
        let (directory, info) = open(fresh(&path));
        assert_eq!((directory.path(), info.session), (&*base.path().join(name), 0));
        assert_eq!(info.settings.run_directory, directory.path());
    }
    let (directory, info) = open(settings(&path));
    assert_eq!((directory.path(), info.session), (&*path, 1));
    // Those that hold no run are used, whatever else is in them; parts of one are a run.
    fs::create_dir(base.path().join("y")).unwrap();
    fs::write(base.path().join("y/notes.txt"), "mine").unwrap();
    assert_eq!(open(fresh(&base.path().join("y"))).0.path(), base.path().join("y"));
    let shard = Some(Shard { rank: 1, world: 2 });
    open(Settings { shard, ..fresh(&base.path().join("z")) });
    assert_eq!(open(fresh(&base.path().join("z"))).0.path(), base.path().join("z-2"));
}

#[test]
fn runs_that_start_at_once_get_a_directory_each() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("a/x");
    let mut found: Vec<PathBuf> = std::thread::scope(|scope| {
        let open = |_| scope.spawn(|| RunDirectory::open(&fresh(&path)).unwrap().0.path);
        let all: Vec<_> = (0..8).map(open).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 8, "{found:?}");
}

#[test]
fn a_share_of_another_run_is_refused_and_those_that_start_together_are_not() {
    let base = tempfile::tempdir().unwrap();
    let open = |rank, world, resume| {
        let shard = Some(Shard { rank, world });
        RunDirectory::open(&Settings { shard, resume, ..settings(base.path()) })
    };
    for rank in [2, 0, 3, 1] {
        let (directory, info) = open(rank, 4, false).unwrap();
        assert_eq!(info.session, 0);
        directory.release();
    }
    for (rank, world) in [(2, 4), (1, 2), (7, 8), (0, 1)] {
        let error = open(rank, world, false).unwrap_err();
        assert!(matches!(error, InitError::RunExists { .. }), "{rank} of {world}: {error}");
        let text = error.to_string();
        assert!(text.contains("with_resume(true)") && text.contains("another directory"));
    }
    assert!(!base.path().join("rank_7").exists());
    assert_eq!(open(7, 8, true).unwrap().1.session, 1);
    // A run of one process is another one, too.
    let alone = tempfile::tempdir().unwrap();
    RunDirectory::open(&fresh(alone.path())).unwrap();
    let shard = Some(Shard { rank: 0, world: 2 });
    let error = RunDirectory::open(&Settings { shard, ..fresh(alone.path()) }).unwrap_err();
    assert!(error.to_string().contains("the run of one process"), "{error}");
}

#[test]
fn who_was_killed_before_writing_anything_left_no_session() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join(RUN), "").unwrap();
    assert_eq!(RunDirectory::open(&settings(base.path())).unwrap().1.session, 0);
}

/// Opens the directories of as many processes, from rank `first` on, and says their session.
fn start(path: &Path, world: Option<usize>, first: usize) -> u32 {
    let open = |shard| {
        let (_, info) = RunDirectory::open(&Settings { shard, ..settings(path) }).unwrap();
        info.session
    };
    let Some(world) = world else { return open(None) };
    let ranks = (0..world).map(|rank| (rank + first) % world);
    let mut sessions: Vec<u32> = ranks.map(|rank| open(Some(Shard { rank, world }))).collect();
    sessions.dedup();
    assert_eq!(sessions.len(), 1, "{world}: {sessions:?}");
    sessions[0]
}

#[test]
fn sessions_are_numbered_in_order_however_many_share_them() {
    let worlds = [3, 3, 2, 2, 3, 0, 3, 3, 11, 0, 0, 1, 3].map(|n| (n > 0).then_some(n));
    for first in 0..3 {
        let base = tempfile::tempdir().unwrap();
        for (session, world) in worlds.into_iter().enumerate() {
            assert_eq!(start(base.path(), world, first) as usize, session, "{world:?}");
        }
    }
}

#[test]
fn processes_that_start_at_once_do_not_disturb_each_other() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("a/b");
    for (session, world) in [4, 4, 3].into_iter().enumerate() {
        let sessions: Vec<u32> = std::thread::scope(|scope| {
            let open = |rank| {
                let shard = Some(Shard { rank, world });
                let settings = Settings { shard, ..settings(&path) };
                scope.spawn(move || RunDirectory::open(&settings).unwrap().1.session)
            };
            let all: Vec<_> = (0..world).map(open).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(sessions.iter().all(|&found| found as usize == session), "{sessions:?}");
    }
}

#[test]
fn epochs_are_those_of_the_latest_session_that_knows_any() {
    let base = tempfile::tempdir().unwrap();
    let open = |rank, world| {
        let shard = Some(Shard { rank, world });
        RunDirectory::open(&Settings { shard, ..settings(base.path()) }).unwrap()
    };
    let ended = |(directory, mut info): (RunDirectory, RunInfo), epochs: &[(u64, u64)]| {
        epochs.iter().for_each(|&(epoch, step)| info.epoch_ended(epoch, step));
        directory.write_run(&info).unwrap();
    };
    (0..3).for_each(|rank| ended(open(rank, 3), &[(1, 10), (2, 20)]));
    // Two go on from the first epoch, at another length of an epoch.
    (0..2).for_each(|rank| ended(open(rank, 2), &[(2, 15)]));
    // What another program left is none of it.
    fs::create_dir(base.path().join("rank_7")).unwrap();
    fs::write(base.path().join("rank_7/run.json"), "{}").unwrap();
    for (rank, world) in [(2, 3), (0, 3), (1, 3), (3, 5)] {
        let (_, info) = open(rank, world);
        assert_eq!(info.epochs, BTreeMap::from([(1, 10), (2, 15)]), "{rank} of {world}");
    }
    let (_, alone) = RunDirectory::open(&settings(base.path())).unwrap();
    assert_eq!(alone.epochs, BTreeMap::from([(1, 10), (2, 15)]));
}

#[test]
fn another_monitor_is_noticed_until_it_finishes() {
    let base = tempfile::tempdir().unwrap();
    let open = || RunDirectory::open(&settings(base.path())).unwrap().0;
    let first = open();
    assert!(!first.shared_with_another());
    assert!(open().shared_with_another());
    first.clone().release();
    assert!(!open().shared_with_another());
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("run.json");
    fs::create_dir(&path).unwrap();
    assert!(replace(&path, &1).is_err());
    assert_eq!(fs::read_dir(base.path().join(".unfinished/files")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_a_name() {
    use std::os::unix::ffi::OsStrExt;
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join(std::ffi::OsStr::from_bytes(b"run\xff"));
    let (directory, _) = RunDirectory::open(&settings(&path)).unwrap();
    assert_eq!(directory.path(), path);
    let text = fs::read_to_string(path.join(RUN)).unwrap();
    assert!(text.contains("run\u{fffd}"), "{text}");
    let next = RunDirectory::open(&fresh(&path)).unwrap().0.path;
    assert_eq!(next.file_name().unwrap().as_bytes(), b"run\xff-2");
}

#[test]
fn unused_names() {
    let base = tempfile::tempdir().unwrap();
    let wanted = base.path().join("a/run");
    for name in ["a/run", "a/run-2", "a/run-3"] {
        let found = unused_run_directory(&wanted).unwrap();
        assert_eq!(found, base.path().join(name));
        assert!(found.is_dir());
    }
    assert!(unused_run_directory("/").is_err());
}
