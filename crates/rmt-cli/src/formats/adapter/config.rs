//! `adapter_config.json`: how strong an adapter is, by module.

use super::super::file::Input;
use super::super::unique::Pairs;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use serde::Deserialize;

/// Bytes of the largest one that is read.
const LONGEST: u64 = 10_000_000;

/// What PEFT writes there, as far as it says what the weights are.
#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    peft_type: String,
    #[serde(default)]
    r: f64,
    #[serde(default)]
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    rank_pattern: Option<Pairs<f64>>,
    #[serde(default)]
    alpha_pattern: Option<Pairs<f64>>,
}

/// The same, ready to be asked.
#[derive(Debug)]
pub(super) struct Config {
    written: Written,
    ranks: Vec<(Regex, f64)>,
    alphas: Vec<(Regex, f64)>,
}

impl Config {
    pub(super) fn read(input: &Input) -> Result<Self, String> {
        if input.length() > LONGEST {
            return Err(format!(
                "{} bytes are too many for the settings of an adapter",
                input.length()
            ));
        }
        let text = input.head(input.length())?;
        let written: Written = serde_json::from_slice(&text)
            .map_err(|error| format!("the settings of an adapter cannot be read in it: {error}"))?;
        let ranks = patterns(written.rank_pattern.as_ref())?;
        let alphas = patterns(written.alpha_pattern.as_ref())?;
        Ok(Self { written, ranks, alphas })
    }

    /// Its kind in capitals, where it is another than LoRA.
    pub(super) fn other_kind(&self) -> Option<&str> {
        let kind = self.written.peft_type.as_str();
        (!matches!(kind, "LORA" | "")).then_some(kind)
    }

    /// Whether a weight's norms are stored beside its direction.
    pub(super) fn has_magnitudes(&self) -> bool {
        self.written.use_dora
    }

    /// Whether linear layers are stored [in, out].
    pub(super) fn in_out(&self) -> bool {
        self.written.fan_in_fan_out
    }

    /// What B·A is multiplied by: α/r, with `use_rslora` α/√r.
    ///
    /// Source: Hu et al., arXiv:2106.09685; Kalajdzievski, arXiv:2312.03732.
    pub(super) fn scale(&self, module: &str, rank: usize) -> Result<f64, String> {
        let of = |patterns: &[(Regex, f64)], all: f64| {
            patterns.iter().find(|(name, _)| name.is_match(module)).map_or(all, |(_, own)| *own)
        };
        let (alpha, stated) =
            (of(&self.alphas, self.written.lora_alpha), of(&self.ranks, self.written.r));
        let found = rank as f64;
        if found.total_cmp(&stated).is_ne() {
            return Err(format!("its factors have rank {rank}, adapter_config.json says {stated}"));
        }
        Ok(alpha / if self.written.use_rslora { found.sqrt() } else { found })
    }
}

/// Patterns of the ends of modules' names, in the order of the file.
fn patterns(pairs: Option<&Pairs<f64>>) -> Result<Vec<(Regex, f64)>, String> {
    let one = |(pattern, value): &(String, f64)| {
        let whole = format!(r"^(?:.*\.)?(?:{pattern})$");
        let regex = Regex::builder()
            .configure(Regex::config().nfa_size_limit(Some(MOST_STATES)))
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build(&whole)
            .map_err(|_| format!("the pattern {pattern:?} of an adapter cannot be read in it"))?;
        Ok((regex, *value))
    };
    pairs.map_or(Ok(Vec::new()), |pairs| pairs.0.iter().map(one).collect())
}

/// Bytes of a pattern's automaton: a hostile one may ask for any number of them.
const MOST_STATES: usize = 1 << 20;
