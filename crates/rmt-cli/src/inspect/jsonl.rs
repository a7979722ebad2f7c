//! A row as JSON, with its spectrum if that is asked for.

use crate::measure::Row;
use crate::output::Output;
use anyhow::Result;
use rmt_core::LayerReport;
use serde::Serialize;

#[derive(Serialize)]
struct WithSpectrum<'a> {
    #[serde(flatten)]
    report: &'a LayerReport,
    singular_values: &'a [f64],
}

pub(super) fn print(output: &mut Output, row: &Row, spectrum: bool) -> Result<()> {
    let report = &row.report;
    if !spectrum {
        return output.json(report);
    }
    let singular_values: &[f64] =
        report.profile.as_ref().map_or(&[], |profile| &profile.singular_values);
    output.json(&WithSpectrum { report, singular_values })
}
