//! The start of a run: settings are checked, the directory is claimed, the worker thread begins.

use super::Engine;
use super::owner::Owner;
use crate::error::InitError;
use crate::filter::Filter;
use crate::ledger::Ledger;
use crate::null_cache::DiskCache;
use crate::run_directory::RunDirectory;
use crate::schedule::Timetable;
use crate::settings::Settings;
use crate::share::Share;
use crate::shared::Shared;
#[cfg(feature = "pictures")]
use crate::sinks::Page;
#[cfg(feature = "tensorboard")]
use crate::sinks::TensorBoard;
use crate::sinks::{Jsonl, Sink};
use crate::worker::Worker;
use crossbeam::channel;
use rmt_core::shard::Shard;
use rmt_core::statistics::drift::SpectralEdge;
use rmt_core::{Analyser, Nulls};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

/// The warning where two monitors write to one directory.
const SHARED: &str = "another monitor that is not finished writes to this run directory: their rows \
                      and curves are mixed; resume a run in one program at a time, or share it by with_shard";
impl Engine {
    pub(crate) fn start(
        mut settings: Settings,
        own: Vec<Box<dyn Sink>>,
    ) -> Result<Self, InitError> {
        check(&settings)?;
        let timetable = Timetable::new(settings.schedule)?;
        let filter = Filter::new(&settings)?;
        let mut nulls = Nulls::new(settings.seed);
        if let Some(directory) = &settings.null_cache {
            nulls = nulls.with_cache(DiskCache::new(directory));
        }
        let analyser = Analyser::new(settings.analysis.clone(), nulls)?;
        let asked = settings.run_directory.clone();
        let (directory, info) = RunDirectory::open(&settings)?;
        settings.run_directory.clone_from(&info.settings.run_directory);
        let session = info.session;
        let mut sinks = built_in(&settings, directory.path(), session);
        sinks.extend(own);
        let shared = Arc::new(Shared {
            ledger: Ledger::default(),
            latest_step: AtomicU64::new(0),
            first_step: OnceLock::new(),
            share: Share::new(settings.shard),
            info: Mutex::new(info),
            progress: Mutex::default(),
            filter,
            timetable,
            directory,
            asked,
            settings,
            idle: Arc::default(),
            stuck: AtomicBool::new(false),
        });
        shared.ledger.lock().budget = shared.settings.budget_bytes;
        if shared.directory.shared_with_another() {
            shared.warn(0, SHARED.to_owned());
        }
        let (jobs, receiver) = channel::unbounded();
        let (ending, ended) = channel::bounded(0);
        let worker = Worker::new(shared.clone(), analyser, sinks, session);
        thread::Builder::new()
            .name("rmt-worker".into())
            .spawn(move || {
                let _ending = ending;
                worker.run(receiver);
            })
            .map_err(InitError::Thread)?;
        let owner = Owner { shared, jobs, ended, summary: Mutex::new(None) };
        Ok(Self { owner: Arc::new(owner) })
    }
}

/// Refuses settings without a meaning.
fn check(settings: &Settings) -> Result<(), InitError> {
    let refuse = |setting, problem: &str| Err(InitError::setting(setting, problem));
    if settings.run_directory.as_os_str().is_empty() {
        return refuse("run_directory", "it is empty; name a directory, such as runs/x");
    }
    if settings.budget_bytes == Some(0) {
        return refuse("budget_bytes", "it must be at least 1");
    }
    if settings.full_every == 0 {
        return refuse("full_every", "it must be at least 1");
    }
    if settings.drift.spectral_edge_window > 0 {
        SpectralEdge::new(settings.drift.spectral_edge_window)?;
    }
    if let Some(Err(error)) = settings.shard.map(Shard::checked) {
        return refuse("shard", &error.to_string());
    }
    let (tensorboard, pictures) = (cfg!(feature = "tensorboard"), cfg!(feature = "pictures"));
    for (setting, on, feature, known) in [
        ("tensorboard", settings.tensorboard.on, "tensorboard", tensorboard),
        ("page", settings.page, "pictures", pictures),
        ("pictures", settings.tensorboard.pictures, "pictures", pictures),
    ] {
        if on && !known {
            return refuse(setting, &format!("it needs the feature `{feature}` of rmt-monitor"));
        }
    }
    settings.alerts.check()
}

/// The sinks that the settings ask for.
fn built_in(settings: &Settings, directory: &Path, session: u32) -> Vec<Box<dyn Sink>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if settings.jsonl {
        let sink = Jsonl::new(directory, settings.profiles_every);
        sinks.push(Box::new(sink.with_session(session)));
    }
    #[cfg(feature = "tensorboard")]
    if settings.tensorboard.on {
        let sink = TensorBoard::new(directory).with_settings(settings);
        sinks.push(Box::new(sink));
    }
    #[cfg(feature = "pictures")]
    if settings.page {
        sinks.push(Box::new(Page::new(directory)));
    }
    sinks
}
