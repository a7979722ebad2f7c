//! Reports for tests.

use rmt_core::layers::LayerId;
use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};
use std::sync::OnceLock;

/// Of a 20×30 matrix without structure, called `a`.
pub(crate) fn report(step: u64) -> LayerReport {
    static REPORT: OnceLock<LayerReport> = OnceLock::new();
    let analysed = || {
        let values: Vec<f64> = (0..20 * 30).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
        let matrix = Matrix::new(values.as_slice(), 20, 30, Orientation::OutIn).unwrap();
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let analysis = analyser.analyse(&matrix, Context::default()).unwrap();
        LayerReport::new(0, 0, LayerId::from_name("a"), "f64".into(), analysis.report)
            .with_profile(analysis.profile)
    };
    let mut report = REPORT.get_or_init(analysed).clone();
    report.step = step;
    report
}

/// The same of another matrix.
pub(crate) fn report_of(name: &str, step: u64) -> LayerReport {
    let mut report = report(step);
    report.layer = LayerId::from_name(name);
    report
}
