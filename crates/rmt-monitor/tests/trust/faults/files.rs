//! Faults of the file system and the clock.

use super::*;

pub(super) fn disk_full(child: &Child) {
    let mut run = child.start();
    let ballast = child.base.join("ballast");
    let summary = run.through(
        |_| {
            let mut file = fs::File::create(&ballast).unwrap();
            let full = io::copy(&mut io::repeat(7), &mut file).unwrap_err();
            assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        },
        |_| fs::remove_file(&ballast).unwrap(),
    );
    lost(&summary, &BOTH, "disk_full");
    run.has(&child.spared());
    assert!(event_files(&run.path).len() >= 2);
    assert!(run.path.join("summary.json").exists());
}

pub(super) fn file_size_limit(child: &Child) {
    let mut run = child.start();
    let limit = |bytes: &str| {
        let pid = std::process::id().to_string();
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
        assert!(set.unwrap().success());
    };
    let summary = run.through(|_| limit("1024"), |_| limit("unlimited"));
    lost(&summary, &BOTH, "file_too_large");
    run.has(&child.spared());
}

/// The device that is always full, in the place of one file.
pub(super) fn one_file_full(child: &Child) {
    let mut run = child.start();
    let summary = run.through(
        |path| {
            let file = path.join("metrics.jsonl");
            fs::rename(&file, path.join("earlier")).unwrap();
            fs::write(&file, "").unwrap();
            let mount = Command::new("mount").args(["--bind", "/dev/full"]).arg(&file).status();
            assert!(mount.unwrap().success());
        },
        |path| {
            let file = path.join("metrics.jsonl");
            // Lazily: the sink has it open.
            assert!(Command::new("umount").arg("--lazy").arg(&file).status().unwrap().success());
            fs::rename(path.join("earlier"), &file).unwrap();
        },
    );
    lost(&summary, &["jsonl"], "disk_full");
    run.has(&child.spared());
    // The other files were no worse for it.
    assert_eq!(steps_in_events(&run.path).len() as u64, STEPS + 1);
    let scalars = fs::read_to_string(run.path.join("scalars.jsonl")).unwrap();
    assert_eq!(scalars.matches("\"name\":\"loss\"").count() as u64, STEPS);
}

pub(super) fn directory_removed(child: &Child) {
    let mut run = child.start();
    let summary =
        run.through(|path| fs::remove_dir_all(path).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &BOTH, "not_found");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
    for file in ["run.json", "summary.json", "warnings.jsonl"] {
        assert!(run.path.join(file).exists(), "{file}");
    }
}

pub(super) fn directory_moved_away(child: &Child) {
    let mut run = child.start();
    let away = child.base.join("away");
    let summary =
        run.through(|path| fs::rename(path, &away).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &BOTH, "not_found");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
    run.path = away;
    run.has(&(0..child.from).collect::<Vec<_>>());
}

pub(super) fn replaced_by_a_file(child: &Child) {
    let mut run = child.start();
    let away = child.base.join("away");
    let summary = run.through(
        |path| {
            fs::rename(path, &away).unwrap();
            fs::write(path, "a file").unwrap();
        },
        |path| {
            assert_eq!(fs::read(path).unwrap(), b"a file");
            fs::remove_file(path).unwrap();
            fs::rename(&away, path).unwrap();
        },
    );
    lost(&summary, &BOTH, "not_a_directory");
    run.has(&child.spared());
}

fn permissions(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn read_only_from_the_start(child: &Child) {
    let mut run = child.start();
    permissions(&run.path, 0o555);
    assert!(fs::write(run.path.join("x"), "").is_err(), "permissions do not bind this user");
    run.train(child.to - 1);
    permissions(&run.path, 0o755);
    run.train(STEPS);
    let summary = run.end();
    lost(&summary, &ALL, "permission_denied");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
}

/// Files that are open stay writable.
pub(super) fn read_only_in_mid_run(child: &Child) {
    let mut run = child.start();
    let mut summary = run.through(|path| permissions(path, 0o555), |_| {});
    // The end is not on the page, which is replaced as a whole, and no file is begun for the warning of it.
    for sink in ["page", "jsonl"] {
        let lost = summary.sinks.remove(sink).unwrap().lost;
        assert_eq!(lost.into_keys().collect::<Vec<_>>(), ["permission_denied"], "{sink}");
    }
    nothing_lost(&run, &summary);
    assert!(!run.path.join("summary.json").exists());
    assert!(summary.warnings.iter().any(|w| w.message.starts_with("summary.json: ")));
    assert!(Heard::any("summary.json: "));
    permissions(&run.path, 0o755);
}

/// Each by itself: new ones are begun.
pub(super) fn files_removed(child: &Child) {
    let mut run = child.start();
    let clear = |path: &Path| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).for_each(|path| fs::remove_file(path).unwrap());
    };
    let summary = run.through(clear, |_| {});
    lost(&summary, &[], "");
    run.has(&(child.from..=STEPS).collect::<Vec<_>>());
}

pub(super) fn symbolic_link(child: &Child) {
    // The directory itself may be one.
    let (real, outside) = (child.base.join("real"), child.base.join("outside"));
    fs::create_dir(&real).unwrap();
    symlink(&real, child.base.join("run")).unwrap();
    fs::write(&outside, "precious").unwrap();
    let mut run = child.start();
    let names = ["metrics.jsonl", "summary.json", "run.json"];
    let summary = run.through(
        |path| {
            fs::rename(path.join("metrics.jsonl"), path.join("earlier")).unwrap();
            let _ = fs::remove_file(path.join("run.json"));
            names.iter().for_each(|name| symlink(&outside, path.join(name)).unwrap());
        },
        |path| fs::rename(path.join("earlier"), path.join("metrics.jsonl")).unwrap(),
    );
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
    lost(&summary, &["jsonl"], "permission_denied");
    run.has(&child.spared());
    assert!(!run.path.join("summary.json").is_symlink());
}

pub(super) fn name_is_no_text(child: &Child) {
    let path = child.base.join(OsStr::from_bytes(b"run \xff\xfe \x1b[31m"));
    let mut run = child.start_with(path, |config| config);
    let other = OsStr::from_bytes(b"rank_\xff");
    let summary = run.through(|path| fs::create_dir(path.join(other)).unwrap(), |_| {});
    nothing_lost(&run, &summary);
    let text = fs::read_to_string(run.path.join("run.json")).unwrap();
    assert!(text.contains('\u{fffd}') && !text.contains('\u{1b}'));
}

pub(super) fn clock_set_back(child: &Child) {
    let clock = child.base.join("clock");
    let set = |to: &str| fs::write(&clock, to).unwrap();
    let seconds = || {
        let now = std::time::SystemTime::now();
        now.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs()
    };
    let before = seconds();
    let mut run = child.start();
    run.train(child.from);
    run.engine.finish();
    let model = run.model;
    // Between two sessions, and again within the second.
    set("-3600");
    assert!(seconds() < before, "the clock was not set");
    let mut run = child.start();
    (run.model, run.step) = (model, child.from);
    run.engine.resume(child.from);
    run.observe(&Model::snapshot);
    run.train(child.to);
    set("-7200");
    run.train(STEPS);
    assert_eq!(run.model.fingerprint(), unwatched(child.seed));
    let summary = run.engine.finish();
    lost(&summary, &[], "");
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    // Readers take the files in the order of their names.
    let files = event_files(&run.path);
    let last_step = |path: &PathBuf| {
        let events = crate::support::events(&fs::read(path).unwrap());
        events.iter().map(|event| event.get_step()).max().unwrap()
    };
    let last: Vec<_> = files.iter().map(last_step).collect();
    assert_eq!(last, [child.from as i64, STEPS as i64]);
}

pub(super) fn same_directory(child: &Child) {
    if child.base.join("second").exists() {
        let mut run = child.start();
        let summary = run.through(|_| {}, |_| {});
        nothing_lost(&run, &summary);
        assert_eq!(summary.session, 1);
        assert!(summary.warnings.iter().any(|w| w.message.starts_with("another monitor")));
        assert!(Heard::any("another monitor"));
        return;
    }
    let mut run = child.start();
    run.train(child.from);
    fs::write(child.base.join("second"), "").unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap()).spawn().unwrap();
    run.train(STEPS);
    assert!(other.wait().unwrap().success());
    let summary = run.end();
    nothing_lost(&run, &summary);
    // Every line of both is whole.
    let (steps, torn) = steps_in_jsonl(&run.path);
    assert_eq!((steps.len() as u64, torn), (STEPS + 1, 0));
    let text = fs::read_to_string(run.path.join("metrics.jsonl")).unwrap();
    assert_eq!(text.lines().count() as u64, 2 * 2 * (STEPS + 1));
    assert_eq!(event_files(&run.path).len(), 2);
}
