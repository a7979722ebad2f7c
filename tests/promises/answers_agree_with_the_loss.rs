//! A fast slice of the experiment `answers`: ranks that weights suggest keep what a network has gained, and layers that have
//! learned nothing that shows can be put back at next to no loss.

use crate::support::{alone_with_device, test};
use libtest_mimic::Trial;
use rmt_examples::gallery::answers::{Answered, answered};
use rmt_examples::gallery::{Case, Half, Network};
use rmt_examples::ranks::Rule;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "one_seed_of_each_network", slice)]
}

/// With a seed that `docs/answers.md` does not have.
fn of(network: Network) -> Answered {
    let half = Half::Test;
    let case = Case { network, fault: None, size: 0.0, half, seed: half.first_seed() + 500 };
    answered(case).unwrap()
}

fn slice() {
    let (_guard, _) = alone_with_device();
    let place = |rule| Rule::ALL.iter().position(|known| *known == rule).unwrap();
    for network in Network::ALL {
        let Answered { ranks: [weights, change], resets } = of(network);
        let [truncated, adapted] =
            [&weights.cuts[place(Rule::Effective)], &change.cuts[place(Rule::Structure)]];
        assert!(truncated.kept[0] > 0.95 && truncated.share < 0.75, "{network:?}: {truncated:?}");
        assert!(adapted.kept[0] > 0.9 && adapted.share < 0.5, "{network:?}: {adapted:?}");
        // Half of either keeps less.
        assert!(truncated.kept[1] < truncated.kept[0] && adapted.kept[1] < adapted.kept[0]);
        let lost: Vec<f64> = resets.iter().filter(|r| r.nothing).map(|r| r.lost).collect();
        assert!(lost.iter().all(|lost| *lost < 0.05), "{network:?}: {lost:?}");
        assert_eq!(lost.is_empty(), network == Network::Classifier);
    }
}
