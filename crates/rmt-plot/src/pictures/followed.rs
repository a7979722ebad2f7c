//! The figures that heat maps show, layer by step.

use super::heat_map_data::HeatMapData;
use rmt_core::MatrixReport;
use rmt_core::shown::strongest_neg_log_p;

/// Evidence from which on it is overwhelming: p-values of 1e-200 would leave one colour to all others.
const OVERWHELMING: f64 = 10.0;

/// A figure that a heat map shows for every layer and step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Followed {
    /// Number of structure directions above and below, divided by the smaller side.
    Share,
    /// Share of the squared norm in the directions above.
    NormShare,
    /// −log₁₀ of the smallest p-value of the family, corrected for the number of its tests.
    Evidence,
}

impl Followed {
    /// All figures, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Share, Self::NormShare, Self::Evidence];

    /// The figure of a matrix; NaN if it is missing.
    pub fn value(self, report: &MatrixReport) -> f64 {
        let structure = report.structure.as_ref();
        let value = match self {
            Self::Share => {
                structure.map(|found| found.share_above + found.share_below.unwrap_or(0.0))
            }
            Self::NormShare => structure.map(|found| found.norm_share),
            Self::Evidence => strongest_neg_log_p(report),
        };
        value.unwrap_or(f64::NAN)
    }

    /// Title of the heat map of this figure.
    pub fn title(self) -> &'static str {
        match self {
            Self::Share => "Directions of structure",
            Self::NormShare => "Squared norm in structure",
            Self::Evidence => "Strongest evidence",
        }
    }

    /// The same data with the unit and the colours of this figure.
    pub fn colours(self, data: HeatMapData) -> HeatMapData {
        match self {
            Self::Share => data.with_quantity("fraction of the smaller side").with_root(),
            Self::NormShare => data.with_quantity("fraction of the squared norm"),
            Self::Evidence => data.with_quantity("−log₁₀ p").with_limits(0.0, OVERWHELMING),
        }
    }

    /// The heat map of `rows` × `steps`. `values` are row by row, NaN for missing ones. `None` if
    /// all are missing. The heat map of evidence ends at the first step from which the evidence is
    /// overwhelming in every row.
    pub fn by_step(
        self,
        rows: Vec<String>,
        mut steps: Vec<u64>,
        mut values: Vec<f64>,
    ) -> Option<HeatMapData> {
        if values.iter().all(|x| x.is_nan()) {
            return None;
        }
        let mut title = format!("{}, by step", self.title());
        let columns = steps.len();
        let end = match self {
            Self::Evidence => overwhelming_from(&values, columns),
            Self::Share | Self::NormShare => None,
        };
        if let Some(end) = end.filter(|end| end + 1 < columns)
            && let Some(step) = steps.get(end)
        {
            title = format!("{title}: overwhelming from {step} on");
            values =
                values.chunks(columns).flat_map(|row| row.iter().take(end + 1)).copied().collect();
            steps.truncate(end + 1);
        }
        Some(self.colours(HeatMapData::new(title, rows, steps).with_values(values)))
    }
}

/// The first column from which no value is below [`OVERWHELMING`].
fn overwhelming_from(values: &[f64], columns: usize) -> Option<usize> {
    let rows = values.chunks(columns.max(1));
    let first =
        rows.map(|row| row.iter().rposition(|x| *x < OVERWHELMING).map_or(0, |last| last + 1));
    first.max().filter(|first| *first < columns)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    fn by_step(figure: Followed, values: &[f64], columns: u64) -> Option<HeatMapData> {
        let rows = values.len() / columns as usize;
        figure.by_step(
            vec!["a".into(); rows],
            (0..columns).map(|k| 10 * k).collect(),
            values.into(),
        )
    }

    #[test]
    fn evidence_ends_where_it_is_overwhelming_everywhere() {
        let values = [0.0, 9.0, 50.0, 60.0, 70.0, 2.0, NONE, NONE, 11.0, 12.0];
        let map = by_step(Followed::Evidence, &values, 5).unwrap();
        assert_eq!(map.columns, [0, 10, 20]);
        assert!(map.title.ends_with("from 20 on"), "{}", map.title);
        assert_eq!(map.values[..4], [0.0, 9.0, 50.0, 2.0]);
        assert!(map.values[4].is_nan() && map.values[5].is_nan() && map.values.len() == 6);
        // One that comes back to noise keeps the whole.
        let back = [0.0, 50.0, 60.0, 1.0];
        assert_eq!(by_step(Followed::Evidence, &back, 4).unwrap().columns.len(), 4);
        assert_eq!(by_step(Followed::Share, &values, 5).unwrap().columns.len(), 5);
        assert!(by_step(Followed::Share, &[NONE; 4], 2).is_none());
    }
}
