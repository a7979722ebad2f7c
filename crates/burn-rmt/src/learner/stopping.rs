//! Ends burn's training loop at a plateau.

use burn_train::EarlyStoppingStrategy;
use burn_train::metric::store::EventStoreClient;
use rmt_monitor::Plateau;

/// Ends the training of burn's `Learner` after the epoch at whose end a [`Plateau`] is reached.
/// [`Monitor::early_stopping`](crate::Monitor::early_stopping) makes one.
#[derive(Clone, Debug)]
pub struct PlateauStopping(pub(super) Plateau);

impl EarlyStoppingStrategy for PlateauStopping {
    fn should_stop(&mut self, _epoch: usize, _store: &EventStoreClient) -> bool {
        self.0.reached()
    }
}
