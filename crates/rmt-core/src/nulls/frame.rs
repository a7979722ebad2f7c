//! The null of all singular vectors of one side together.

use super::{TailTable, VectorNull};
use crate::RmtError;
use crate::laws::combination::combined_p_interval;
use crate::laws::porter_thomas;
use faer::Mat;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Simulated distribution of x = −ln p of [`combined_p_interval`] over the N vectors of a uniform
/// orthonormal basis of N dimensions (the small side of a random matrix always is one); p is drawn
/// uniformly from the interval, so that x is continuous.
///
/// Vectors that are mutually orthogonal are not independent: the numbers of rejections vary less,
/// and the combination, exact for independent vectors, would have a fifth less than its level.
/// Each of the N columns of the Q factor of a Gaussian matrix is uniform on the sphere, and
/// neither the distance nor the combination knows the columns' signs or order (Mezzadri 2007).
///
/// # Errors
/// [`RmtError::Domain`] unless `vector` is the null of one vector of at least 2 entries,
/// [`RmtError::Setting`] for fewer than 40 draws.
pub fn simulate_frame(
    length: usize,
    vector: &VectorNull,
    draws: usize,
    seed: u64,
) -> Result<TailTable, RmtError> {
    if length < 2 {
        return Err(RmtError::Domain {
            law: "null of an orthonormal basis",
            requirement: "vectors must have at least 2 entries",
        });
    }
    let seed = seed ^ 0xf4a3_0000_0000_0000 ^ length as u64;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut buffer = Vec::with_capacity(length);
    let neg_log_p = (0..draws).map(|_| {
        let gaussian: Mat<f64> =
            Mat::from_fn(length, length, |_, _| StandardNormal.sample(&mut rng));
        let q = gaussian.qr().compute_thin_Q();
        let p_values: Vec<f64> = (0..length)
            .map(|k| {
                let vector_k = q.col(k).iter().copied();
                vector.p_value(porter_thomas::distance(vector_k, 0.0, &mut buffer))
            })
            .collect();
        let (strict, p) = combined_p_interval(&p_values);
        -(strict + (p - strict) * rng.random::<f64>()).ln()
    });
    TailTable::simulated(neg_log_p.collect())
}
