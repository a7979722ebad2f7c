//! In the place of `pictures.rs`, without the feature of that name: none is drawn.

use super::message::Value;
use crate::record::Tick;
use rmt_core::LayerReport;

pub(super) fn pictures(_: &LayerReport) -> Vec<(&'static str, &'static str, Value)> {
    Vec::new()
}

#[derive(Debug, Default)]
pub(super) struct Heat;

impl Heat {
    pub(super) fn add(&mut self, _: &Tick) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    pub(super) fn left(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}
