//! A checkpoint that burn wrote is read, without burn, as burn holds it: names, values and sides.

use crate::support::{alone_with_device, test};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig, LinearLayout};
use burn::tensor::Device;
use libtest_mimic::Trial;
use rmt_cli::formats::open;
use rmt_cli::matrices::{Wanted, plan, read};
use rmt_core::{
    Analyser, AnalysisOptions, Context, Matrix, MatrixReport, Nulls, Orientation, Values,
};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "whichever_way_a_layer_is_stored", layouts)]
}

#[derive(Module, Debug)]
struct Net {
    row: Linear,
    col: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        let layer = |layout| LinearConfig::new(24, 40).with_layout(layout).init(device);
        Self { row: layer(LinearLayout::Row), col: layer(LinearLayout::Col) }
    }
}

fn report(values: Values<'_>, [rows, cols]: [usize; 2], orientation: Orientation) -> MatrixReport {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let matrix = Matrix::new(values, rows, cols, orientation).unwrap();
    analyser.analyse(&matrix, Context::default()).unwrap().report
}

fn layouts() {
    let (_guard, device) = alone_with_device();
    device.seed(8);
    let net = Net::new(&device);
    let held = [&net.row, &net.col].map(|layer| {
        let weight = layer.weight.val();
        assert_eq!(weight.dims(), [24, 40]);
        let values = weight.into_data().try_into_vec_as::<f32>().unwrap();
        report(Values::F32(&values), [24, 40], Orientation::InOut)
    });
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("net.bpk");
    net.into_record().save(&path).unwrap();

    let source = open(&path).unwrap();
    let mut wanted = Wanted::default();
    // A layer of this layout is stored transposed, which the file does not say.
    wanted.add_layout("col.*=out-in").unwrap();
    wanted.add_layout("row.*=in-out").unwrap();
    let found = plan(&*source, &wanted).unwrap();
    assert_eq!((found.vectors, found.skipped.len(), found.matrices.len()), (2, 0, 2));
    for (name, shape, held) in
        [("row.weight", [24, 40], &held[0]), ("col.weight", [40, 24], &held[1])]
    {
        let matrix = found.matrices.iter().find(|matrix| matrix.layer.name == name).unwrap();
        assert_eq!((matrix.shape, matrix.notes.len()), (shape, 0), "{name}");
        let values = read(&*source, matrix).unwrap();
        let report = report(values.as_values(), shape, matrix.orientation);
        let close = |a: Option<f64>, b: Option<f64>| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-6;
        assert!(close(report.largest, held.largest) && close(report.smallest, held.smallest));
        // Input and output are not taken for each other.
        let p = |report: &MatrixReport| {
            [&report.left, &report.right].map(|side| side.as_ref().map(|side| side.p))
        };
        let ([left, right], [held_left, held_right]) = (p(&report), p(held));
        assert!(close(left, held_left) && close(right, held_right) && !close(left, right));
    }
    // Without being told, it says that it guesses.
    for matrix in plan(&*source, &Wanted::default()).unwrap().matrices {
        assert_eq!(matrix.orientation, Orientation::Assumed);
        assert!(matrix.notes.iter().any(|note| note.contains("assumed")), "{:?}", matrix.notes);
    }
}
