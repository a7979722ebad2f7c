//! A row as JSON, with its spectrum if that is asked for.

use crate::measure::Row;
use crate::output::Output;
use anyhow::Result;
use rmt_core::LayerReport;
use rmt_core::signs::SpectrumBand;
use serde::Serialize;

#[derive(Serialize)]
struct WithSpectrum<'a> {
    #[serde(flatten)]
    report: &'a LayerReport,
    singular_values: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    copies: Option<&'a SpectrumBand>,
}

pub(super) fn print(output: &mut Output, row: &Row, spectrum: bool) -> Result<()> {
    let report = &row.report;
    if !spectrum {
        return output.json(report);
    }
    let singular_values: &[f64] =
        report.profile.as_ref().map_or(&[], |profile| &profile.singular_values);
    let copies = report.profile.as_ref().and_then(|profile| profile.copies.as_ref());
    output.json(&WithSpectrum { report, singular_values, copies })
}
