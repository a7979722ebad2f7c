//! What each kind of alert means to people who train: the one table that all pages take their words from.

use super::AlertKind;
use std::fmt;

/// On what evidence a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Basis {
    /// Healthy and broken runs of the gallery were told apart by it.
    Measured,
    /// It follows from the figures themselves.
    Exact,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured => {
                f.write_str("measured on healthy and broken runs (docs/findings.md).")
            }
            Self::Exact => {
                f.write_str("a fact of the weights, not a guess; measured in docs/findings.md.")
            }
        }
    }
}

/// The words of a kind of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Words {
    /// What happened, in a few words.
    pub title: &'static str,
    /// When it is raised, with the settings' names for its thresholds.
    pub raised: &'static str,
    /// What it may mean.
    pub means: &'static str,
    /// What to check next.
    pub check: &'static str,
    /// On what evidence.
    pub basis: Basis,
}

impl AlertKind {
    /// What it means to people who train.
    pub fn words(self) -> Words {
        let (title, raised, means, check, basis) = match self {
            Self::NonFiniteWeight => (
                "A weight is not finite",
                "A weight is infinite or not a number.",
                "A loss or a gradient overflowed and the optimizer wrote it into the weights. Nothing is learned from here on.",
                "Go back to the last checkpoint. Skip updates whose gradients are not finite, lower the loss scale of half \
                 precision or the learning rate, and clip gradients.",
                Basis::Exact,
            ),
            Self::LayerDoesNotLearn => (
                "A layer does not learn",
                "A matrix takes gradients, and after ten updates it is as it was at the first look, or only shrank, while \
                 others moved; or it stopped so later.",
                "No gradient reaches it: its output is detached or not used, the optimizer was not given it, everything behind it is \
                 zero, or its gradients are too small for the optimizer (a loss scale that is far too small).",
                "Look for `detach`, `no_grad` and unused outputs behind the layer, whether the optimizer has its parameters, and at the \
                 norm of its gradient.",
                Basis::Exact,
            ),
            Self::BarelyMoves => (
                "The weights barely move",
                "At the first look after 50 updates of a model that started at random no matrix has moved by more than `barely_moves` \
                 of its norm per update.",
                "Updates are too small to train: the learning rate or the loss scale is far too small, or gradients vanish.",
                "Compare the learning rate with the scale of the weights. Look at the gradients' norms and the loss scale.",
                Basis::Measured,
            ),
            Self::FastChange => (
                "A layer changes too fast",
                "From one look to the next, at least ten updates later, a matrix moves by more than `fast_change` of its norm \
                 per update.",
                "The learning rate is too high for this layer, the warm-up is missing or too short, or a batch was far from the others.",
                "Lower the learning rate or lengthen the warm-up; clip gradients. If the loss falls all the same, a smaller \
                 rate may reach lower.",
                Basis::Measured,
            ),
            Self::SuddenJump => (
                "The weights jumped",
                "The median matrix moved more than `sudden_jump` times as far as at any of the three looks before.",
                "One batch or a few moved the weights further than all before: a bad batch, or a step in the learning rate.",
                "Look at the batches and the gradients' norm between the two looks. Clip gradients; go back to the checkpoint before.",
                Basis::Measured,
            ),
            Self::RankCollapse => (
                "A layer's rank collapses",
                "The stable rank falls below `rank_collapse`, and below a quarter of its first value; embeddings are left out.",
                "One or two directions carry the layer; the others no longer count. Learning rates that are too high do that, \
                 strong weight decay, and clipped weights, as those of a WGAN's critic.",
                "Lower the learning rate or the decay; use a gradient penalty or spectral normalization instead of clipping weights.",
                Basis::Measured,
            ),
            Self::ScaleDecay => (
                "A layer decays away",
                "The scale of the bulk has fallen by a third, and by more than `scale_decay` per update.",
                "Weight decay, or clipping of weights, takes more than the gradients give: the layer forgets within some hundred updates.",
                "Lower weight decay; compare it times the learning rate with the number of updates. Leave embeddings and norms out of it.",
                Basis::Measured,
            ),
            Self::OneDirection => (
                "A layer changes in one direction alone",
                "After twenty updates the stable rank of the change since the first look is below `one_direction`.",
                "Its inputs are always the same, or its outputs are all asked for the same: constant inputs, a dead layer \
                 before it, or units that are equal.",
                "Print two batches and compare them. Check the loader, the normalization of inputs, and the layer before for dead units.",
                Basis::Measured,
            ),
            Self::ZeroWeights => (
                "A layer is zero",
                "Every entry of a matrix is zero; factors of adapters, which start so, are left out.",
                "It was initialized to zero, or pruned or decayed to it. It gives nothing, and no gradient passes through it until it moves.",
                "If that is not meant (as for a residual branch), initialize it at random. Two zero layers in a row never move.",
                Basis::Exact,
            ),
            Self::EqualUnits => (
                "Units of a layer are equal",
                "More than `equal_units` of the rows or columns are equal to an earlier one.",
                "Units that start equal take equal gradients and stay so: the layer is as narrow as the number of different ones.",
                "Check the initializer, and code that copies or tiles weights.",
                Basis::Exact,
            ),
            Self::LargeStart => (
                "A layer starts too large",
                "A matrix that looks random starts with entries beyond `large_start`/√inputs, or beyond `large_start` times the \
                 median of the model's matrices; embeddings are left out.",
                "Its initializer is not of this layer's size: its outputs drown those of other layers, or saturate what follows.",
                "Check the initializer and its gain: the usual ones give 0.6 to 1.4 over √inputs.",
                Basis::Measured,
            ),
            Self::FrozenLayer => (
                "A layer is frozen",
                "A matrix takes no gradients.",
                "It was frozen on purpose, as in fine-tuning, or by mistake.",
                "If you did not freeze it, look for `no_grad`, `set_require_grad(false)` and how the checkpoint was loaded.",
                Basis::Exact,
            ),
            Self::UnusedRows => (
                "Rows of an embedding are never seen",
                "More than `unused_rows` of an embedding's rows have never moved, and hardly fewer than at half as many looks.",
                "The data do not have these symbols: the vocabulary is another data set's, the data are few, or the inputs are constant.",
                "Compare the vocabulary with the data's symbols. Unused rows cost memory and stay random; whoever meets them later gets noise.",
                Basis::Measured,
            ),
        };
        Words { title, raised, means, check, basis }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::alerts::AlertSettings;

    const HEAD: &str = "\
# Findings

The monitor looks at the weights and says what it finds: on the terminal, on TensorBoard's text page, on the page of the run, and
as `summary.findings`, by name. Each finding has a section here. *Error* is broken training, *warning* is worth a look, *info*
may be intended. A finding is reported when its cause begins, and again only after the cause has ended.

[How often each is right](../findings.md) was measured on healthy runs and on runs with one fault each. Findings look at changes
from one look to the next, so `with_drift(false)` leaves most of them out.

Thresholds are the fields of `AlertSettings`: change some of its defaults, and give it to `with_alerts`. `None` or `false` turns a
finding off. The defaults:

";

    fn page() -> String {
        let settings = serde_json::to_value(AlertSettings::default()).unwrap();
        let mut page = HEAD.to_owned() + "| setting | default |\n|---|---|\n";
        for (name, value) in settings.as_object().unwrap() {
            let value = match (&value["at"], &value["rearm"]) {
                (at, rearm) if at.is_number() => format!("{at}, again after {rearm}"),
                _ => value.to_string(),
            };
            page += &format!("| `{name}` | {value} |\n");
        }
        for kind in AlertKind::ALL {
            let Words { title, raised, means, check, basis } = kind.words();
            page += &format!(
                "\n## {}\n\n**{title}** ({}).\n\n- **Raised when**: {raised}\n- **May be**: {means}\n- **Check**: {check}\n\
                 - **Basis**: {basis}\n",
                kind.name(),
                kind.level().name(),
            );
        }
        page
    }

    /// The page of the guide; `RMT_WRITE=1` writes it.
    #[test]
    fn the_guide_has_a_section_for_each_finding() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/findings.md");
        let page = page();
        if std::env::var_os("RMT_WRITE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == page, "write it anew with RMT_WRITE=1");
    }

    #[test]
    fn names_are_those_of_files_and_settings() {
        let settings = serde_json::to_value(AlertSettings::default()).unwrap();
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert!(settings.get(kind.name()).is_some(), "{}", kind.name());
            assert!(kind.link().ends_with(&format!("#{}", kind.name())));
        }
        assert_eq!(settings.as_object().unwrap().len(), AlertKind::ALL.len());
    }
}
