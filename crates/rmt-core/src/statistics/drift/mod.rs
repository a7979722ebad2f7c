//! The drift of a matrix from its earlier snapshots, and the dynamics of its updates.
//!
//! The norm of a change measures how much moved. Its spectrum separates noise (a random matrix)
//! from directions. The angles show whether the strongest and the weakest directions turned. A
//! subspace that ends inside the bulk turns under any update, because an update mixes directions
//! whose singular values differ by less than the update's own.

mod angles;
mod change;
mod reference;
mod spectral_edge;
mod still;
mod traps;

use crate::statistics::finite;
pub(crate) use angles::{Basis, mean_angle, principal_angles, random_angle};
pub use change::ChangeSpectrum;
pub(crate) use change::change_of;
use change::change_spectrum;
pub use reference::Reference;
pub(crate) use reference::SUBSPACE_DIMENSION;
use reference::{SubspacePair, Subspaces};
pub use spectral_edge::{Edge, SpectralEdge};
pub use still::Still;
pub use traps::CorrelationTraps;
pub(crate) use traps::correlation_traps;

use crate::spectrum::{Decomposition, Matrix, Values};
use crate::statistics::spectrum_test::Judge;
use serde::{Deserialize, Serialize};

/// The change since the first snapshot, and since the previous one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Drift {
    /// Relative change ‖W − W₀‖_F / ‖W₀‖_F; null if W₀ = 0.
    pub relative_norm: Option<f64>,
    /// Wasserstein-1 distance of the spectra, Σ|ν_k − ν_k⁰|/m, in the unit of the weights.
    pub spectrum_distance: Option<f64>,
    /// Angle between the spans of the k leading singular vectors then and now, in radians: the
    /// arcsine of the root mean square sine over the principal angles of both sides.
    pub angle_top: Option<f64>,
    /// The same angle for the k singular vectors with the smallest singular values.
    pub angle_bottom: Option<f64>,
    /// Largest principal angle behind [`angle_top`](Self::angle_top). It is the first to show a
    /// single replaced direction.
    pub angle_top_largest: Option<f64>,
    /// Largest principal angle behind [`angle_bottom`](Self::angle_bottom).
    pub angle_bottom_largest: Option<f64>,
    /// [`angle_top`](Self::angle_top) of independent random subspaces:
    /// arccos √((k/m + k/n)/2).
    pub angle_random: Option<f64>,
    /// The number k of singular vectors at each end.
    pub dimension: Option<usize>,
    /// Rows and columns that did not move, or only shrank; null where every one moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still: Option<Still>,
    /// The spectrum of W − W₀, with tests.
    #[serde(default)]
    pub change: Option<ChangeSpectrum>,
    /// Why figures are missing.
    #[serde(default)]
    pub reason: Option<String>,
    /// The same figures against the previous snapshot instead of W₀, without a further `previous`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Box<Drift>>,
    /// The spectral edge of the matrix's last updates, if a window of them is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectral_edge: Option<Edge>,
}

/// The part of [`drift`] that needs the weights alone: norms and spectra of the changes.
pub(crate) fn moved(
    matrix: &Matrix<'_>,
    reference: Option<&Reference>,
    previous: Option<&Reference>,
    judge: Option<&Judge<'_>>,
) -> Option<Drift> {
    let against = |old: &Reference| moved_from(matrix, old, judge);
    if reference.is_none() && previous.is_none() {
        return None;
    }
    let mut drift = reference.map(against).unwrap_or_default();
    let since = if same(reference, previous) { Some(drift.clone()) } else { previous.map(against) };
    drift.previous = since.map(Box::new);
    Some(drift)
}

impl Drift {
    /// Adds to what [`moved`] gave what the decomposition of the same matrix tells.
    #[must_use]
    pub(crate) fn with_spectra(
        mut self,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        reference: Option<&Reference>,
        previous: Option<&Reference>,
    ) -> Self {
        let since = self.previous.take();
        let mut drift = match reference {
            Some(old) => self.against(matrix, decomposition, old),
            None => self,
        };
        drift.previous = if same(reference, previous) {
            Some(Box::new(drift.clone()))
        } else {
            let against = |(since, old): (Box<Self>, &Reference)| {
                Box::new(since.against(matrix, decomposition, old))
            };
            since.zip(previous).map(against)
        };
        drift
    }

    fn against(
        mut self,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        old: &Reference,
    ) -> Self {
        if [matrix.rows(), matrix.cols()] != old.shape() {
            return self;
        }
        let mut reasons: Vec<String> = self.reason.take().into_iter().collect();
        let (small, large) = (matrix.small_side(), matrix.large_side());
        let nu = &decomposition.singular_values;
        self.spectrum_distance = wasserstein(nu, old.singular_values());
        let k = old.subspaces().dimension();
        self.dimension = Some(k);
        self.angle_random = finite(random_angle(k, small, large));
        let now = Subspaces::new(decomposition, large, k);
        let ends = [
            (
                "top",
                old.subspaces().top(),
                now.top(),
                &mut self.angle_top,
                &mut self.angle_top_largest,
            ),
            (
                "bottom",
                old.subspaces().bottom(),
                now.bottom(),
                &mut self.angle_bottom,
                &mut self.angle_bottom_largest,
            ),
        ];
        for (name, before, after, mean, largest) in ends {
            match before.and_then(|before| after.and_then(|after| angles(before, after))) {
                Ok(angles) => {
                    *mean = finite(mean_angle(&angles));
                    *largest = angles.iter().copied().reduce(f64::max);
                }
                Err(reason) => reasons.push(format!("{name} subspace: {reason}")),
            }
        }
        self.reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        self
    }
}

/// Whether both snapshots are one object.
fn same(reference: Option<&Reference>, previous: Option<&Reference>) -> bool {
    reference.zip(previous).is_some_and(|(first, last)| std::ptr::eq(first, last))
}

fn moved_from(matrix: &Matrix<'_>, old: &Reference, judge: Option<&Judge<'_>>) -> Drift {
    let mut drift = Drift::default();
    if [matrix.rows(), matrix.cols()] != old.shape() {
        drift.reason = Some("the earlier snapshot has another shape".into());
        return drift;
    }
    let mut reasons = Vec::new();
    match old.values() {
        None => reasons.push("the earlier snapshot was kept without weights".to_owned()),
        Some(values) => {
            drift.relative_norm = relative_norm(matrix.values(), values);
            drift.still = Still::of(matrix, values);
            if drift.relative_norm.is_none() {
                reasons.push("the earlier weights have no finite norm above 0".to_owned());
            }
            match judge.map(|judge| change_spectrum(matrix, values, judge)) {
                Some(Ok(change)) => drift.change = Some(change),
                Some(Err(error)) => reasons.push(format!("change: {error}")),
                None => {}
            }
        }
    }
    drift.reason = (!reasons.is_empty()).then(|| reasons.join("; "));
    drift
}

/// The principal angles on both sides.
fn angles(before: &SubspacePair, after: &SubspacePair) -> Result<Vec<f64>, &'static str> {
    let small = principal_angles(&before.small, &after.small);
    let large = principal_angles(&before.large, &after.large);
    match (small, large) {
        (Some(mut all), Some(large)) => {
            all.extend(large);
            Ok(all)
        }
        _ => Err("its angles could not be computed"),
    }
}

/// ‖new − old‖_F/‖old‖_F.
fn relative_norm(new: Values<'_>, old: Values<'_>) -> Option<f64> {
    let (mut moved, mut norm) = (0.0, 0.0);
    for (x, y) in new.iter().zip(old.iter()) {
        moved += (x - y) * (x - y);
        norm += y * y;
    }
    finite((moved / norm).sqrt())
}

/// Σ|x_k − y_k|/m of two descending spectra.
fn wasserstein(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.is_empty() {
        return None;
    }
    finite(x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum::<f64>() / x.len() as f64)
}

#[cfg(test)]
mod tests;
