//! Reactions in SMILES for models that know chemistry, made by a rule: eight reactions that chemists
//! use daily, each with its usual reagents, on every combination of common building blocks.
//!
//! They stand in for reactions of patents, which no package has. Real reactions are more varied, so a
//! model that knows these is not shown to know those.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// What hangs on a functional group, by its first atom.
const GROUPS: &[&str] = &[
    "c1ccccc1",
    "c1ccc(C)cc1",
    "c1ccc(F)cc1",
    "c1ccc(Cl)cc1",
    "c1ccc(Br)cc1",
    "c1ccc(OC)cc1",
    "c1ccc(C#N)cc1",
    "c1ccc(C(F)(F)F)cc1",
    "c1cccc(Cl)c1",
    "c1cccc(OC)c1",
    "c1ccccc1Cl",
    "c1ccccc1F",
    "c1ccc(Cl)c(Cl)c1",
    "c1ccc2ccccc2c1",
    "c1cccnc1",
    "c1ccncc1",
    "c1ccc(C)nc1",
    "c1cccs1",
    "c1ccco1",
    "C1CCCCC1",
    "C1CCOCC1",
    "C1CC1",
    "CC(C)C",
    "CCCC",
    "CCOC",
    "Cc1ccccc1",
    "Cc1ccc(Cl)cc1",
    "Cc1ccc(OC)cc1",
    "CCc1ccccc1",
    "Cc1cccnc1",
];

/// Rings with a place `{}` for what hangs on them.
const RINGS: &[&str] = &[
    "c1ccc({})cc1",
    "Cc1ccc({})cc1",
    "COc1ccc({})cc1",
    "Fc1ccc({})cc1",
    "Clc1ccc({})cc1",
    "N#Cc1ccc({})cc1",
    "FC(F)(F)c1ccc({})cc1",
    "COC(=O)c1ccc({})cc1",
    "CC(=O)c1ccc({})cc1",
    "Clc1cccc({})c1",
    "COc1cccc({})c1",
    "Cc1ccccc1{}",
    "Fc1ccccc1{}",
    "c1cncc({})c1",
    "Cc1ccc({})cn1",
    "COc1ccc({})cn1",
    "Clc1ccc({})nc1",
];

/// A ring that hangs on another one, by its first atom.
const SECOND_RINGS: &[&str] = &[
    "c2ccccc2",
    "c2ccc(C)cc2",
    "c2ccc(F)cc2",
    "c2ccc(OC)cc2",
    "c2ccc(C#N)cc2",
    "c2cccnc2",
    "c2ccncc2",
    "c2cccs2",
];

/// Chains: as a bromide, and as they follow an oxygen.
const CHAINS: &[[&str; 2]] = &[
    ["CBr", "C"],
    ["CCBr", "CC"],
    ["CCCBr", "CCC"],
    ["CCCCBr", "CCCC"],
    ["CC(C)CBr", "CC(C)C"],
    ["COCCBr", "CCOC"],
    ["C=CCBr", "CC=C"],
    ["CCOC(=O)CBr", "CC(=O)OCC"],
    ["N#CCBr", "CC#N"],
];

/// All of them, without repetition, in an order that the seed decides.
pub fn reactions(seed: u64) -> Vec<String> {
    let mut all = Vec::new();
    for a in GROUPS {
        for b in GROUPS {
            all.extend([
                format!("CCN(C(C)C)C(C)C.CN(C)C=O.N{b}.O=C(O){a}>>O=C(N{b}){a}"),
                format!("CCN(CC)CC.ClCCl.N{b}.O=C(Cl){a}>>O=C(N{b}){a}"),
                format!("CO.N{b}.O=C{a}.[BH4-].[Na+]>>C(N{b}){a}"),
                format!("C1CCOC1.N{b}.O=C=N{a}>>O=C(N{a})N{b}"),
            ]);
        }
    }
    for ring in RINGS {
        let with = |other: &str| ring.replace("{}", other);
        for second in SECOND_RINGS {
            let bond = with(&format!("-{second}"));
            let (bromide, reagents) = (with("Br"), "O=C([O-])[O-].[Na+].[Na+]");
            all.push(format!("{bromide}.COCCOC.O.{reagents}.OB(O){second}>>{bond}"));
        }
        for [bromide, chain] in CHAINS {
            let (phenol, ether) = (with("O"), with(&format!("O{chain}")));
            all.push(format!("CN(C)C=O.{bromide}.O=C([O-])[O-].[K+].[K+].{phenol}>>{ether}"));
        }
        let [nitro, amine] = [with("[N+](=O)[O-]"), with("N")];
        all.push(format!("CCO.[Cl-].[Fe].[NH4+].{nitro}>>{amine}"));
        let [ester, acid] = [with("C(=O)OC"), with("C(=O)O")];
        all.push(format!("C1CCOC1.{ester}.O.[Li+].[OH-]>>{acid}"));
    }
    all.sort_unstable();
    all.dedup();
    all.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    all
}
