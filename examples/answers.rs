//! Holds the answers that weights give against the loss.
use anyhow::Result;
use rmt_examples::gallery::answers::answered;
use rmt_examples::gallery::{Case, Half, Network};
fn main() -> Result<()> {
    for network in Network::ALL {
        for seed in 0..std::env::args().nth(1).map_or(2, |x| x.parse().unwrap()) {
            let half = Half::Test;
            let case =
                Case { network, fault: None, size: 0.0, half, seed: half.first_seed() + seed };
            println!("{}", serde_json::to_string(&answered(case)?)?);
        }
    }
    Ok(())
}
