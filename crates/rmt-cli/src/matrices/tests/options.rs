//! What the user says comes first.

use super::*;
use LayerKind::*;
use Orientation::{InOut, OutIn};
use rmt_monitor::Layout;

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn names_kinds_and_sizes_select() {
    let source = Fake::pytorch(&[
        ("h.0.attn.c_attn.weight", &[8, 24]),
        ("h.0.mlp.c_fc.weight", &[8, 32]),
        ("h.0.attn.bias", &[1, 1, 8, 8]),
        ("lm_head.weight", &[4, 8]),
    ]);
    let names = |wanted: &Wanted| {
        let plan = source.plan_of(wanted);
        let names = lines(&plan).into_iter().map(|line| line.0).collect::<Vec<_>>();
        (names, plan.skipped.len(), plan.unwanted)
    };
    let of = |include: &[&str], exclude: &[&str]| {
        let (include, exclude) = (strings(include), strings(exclude));
        names(&Wanted { include, exclude, ..Wanted::default() })
    };
    let key = "h.0.attn.c_attn.weight.key";
    assert_eq!(of(&["*.key"], &[]), (strings(&[key]), 0, 5));
    assert_eq!(of(&["*.c_attn.*"], &["*.query", "*.value"]), (strings(&[key]), 0, 5));
    let only = Wanted { only: vec![Key, Head], ..Wanted::default() };
    assert_eq!(names(&only), (strings(&[key, "lm_head.weight"]), 1, 3));
    let large = Wanted { min_side: 5, include: strings(&["lm_head.*"]), ..Wanted::default() };
    assert_eq!(names(&large), (vec![], 1, 5));
    let why = source.plan_of(&large).skipped.remove(0).why;
    assert!(why.contains('4') && why.contains("--min-side 5"), "{why}");
    assert!(plan(&source, &Wanted { include: strings(&["a["]), ..Wanted::default() }).is_err());
}

#[test]
fn stated_sides_are_not_assumed() {
    let source = Fake::burn(&[
        ("embedding.weight", &[59, 128]),
        ("hidden.weight", &[128, 256]),
        ("experts.weight", &[2, 32, 64]),
        ("conv1.weight", &[16, 3, 5, 5]),
    ]);
    let mut wanted = Wanted::default();
    wanted.add_layout("out-in").unwrap();
    let plan = source.plan_of(&wanted);
    let sides: Vec<_> = plan.matrices.iter().map(|m| m.orientation).collect();
    // An embedding is stored alike everywhere.
    assert_eq!(sides, [InOut, OutIn, OutIn, OutIn, OutIn]);
    assert!(plan.matrices[..4].iter().all(|m| m.notes.is_empty()));
    // A glob is meant.
    wanted.add_layout("embedding.*=out-in").unwrap();
    wanted.add_layout("conv1.*=conv:4").unwrap();
    wanted.add_layout("experts.*=stack-out-in").unwrap();
    wanted.add_layout("hidden.*=out-in").unwrap();
    wanted.add_layout("hidden.*=in-out").unwrap();
    let plan = source.plan_of(&wanted);
    let of = |m: &Planned| (m.layer.part.clone(), m.shape, m.orientation);
    let part = |number: usize| Some(number.to_string());
    let mut found = vec![
        (None, [59, 128], OutIn),
        (None, [128, 256], InOut),
        (part(0), [32, 64], OutIn),
        (part(1), [32, 64], OutIn),
    ];
    found.extend((0..4).map(|group| (part(group), [4, 75], OutIn)));
    assert_eq!(plan.matrices.iter().map(of).collect::<Vec<_>>(), found);
    assert!(plan.matrices.iter().all(|m| m.notes.is_empty()));
    let unfit = Wanted { layouts: vec![("conv1.*".into(), Layout::Conv { groups: 3 })], ..wanted };
    let plan = source.plan_of(&unfit);
    assert!(plan.skipped[0].why.contains("do not fit"), "{:?}", plan.skipped);
}

#[test]
fn stated_sides_cut_fused_projections_too() {
    let source = Fake::pytorch(&[("attn.qkv.weight", &[4, 12])]);
    let whole = source.plan();
    assert!(whole.matrices[0].notes[0].contains("--heads"));
    let wanted = Wanted { orientation: Some(InOut), ..Wanted::default() };
    let parts: Vec<_> = source.plan_of(&wanted).matrices.iter().map(|m| m.shape).collect();
    assert_eq!(parts, [[4, 4]; 3]);
}

#[test]
fn stated_kinds_come_last() {
    let source = Fake::pytorch(&[
        ("table.weight", &[50, 8]),
        ("h.0.attn.c_attn.weight", &[8, 24]),
        ("stem.weight", &[16, 3, 3, 3]),
    ]);
    let mut wanted = Wanted::default();
    for text in ["*=up", "table.*=embedding", "*.query=other", "*.key=other", "*.key=key"] {
        wanted.add_kind(text).unwrap();
    }
    let found = lines(&source.plan_of(&wanted));
    let attn = "h.0.attn.c_attn.weight";
    assert_eq!(
        found,
        expected(&[
            ("table.weight", Embedding, [50, 8], InOut),
            (&format!("{attn}.query"), Other, [8, 8], InOut),
            (&format!("{attn}.key"), Key, [8, 8], InOut),
            (&format!("{attn}.value"), Up, [8, 8], InOut),
            ("stem.weight", Up, [16, 27], OutIn),
        ])
    );
}

#[test]
fn half_precision_is_said_to_be_widened() {
    let source = Fake::pytorch(&[("a.weight", &[8, 8])]).with_elements(Element::BF16);
    let matrix = source.plan().matrices.remove(0);
    assert_eq!(
        (matrix.dtype.as_str(), matrix.notes),
        ("bf16", strings(&["bf16 weights, widened"]))
    );
}
