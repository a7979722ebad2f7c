//! Small pickles that stand for more memory than any machine has.

use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Levels of what doubles: 2^40 values.
const LEVELS: usize = 40;
/// Bytes of a text that is written once, and how many times it is fetched.
const LONG: usize = 1 << 20;
const TIMES: usize = 1_000_000;

/// A pickle with this between its start and its end.
fn pickle(parts: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x02", &parts.concat()[..], b"."].concat()
}

/// `\x80\x02 start (again)×levels .`
fn repeated(start: &[u8], again: &[u8], times: usize) -> Vec<u8> {
    pickle(&[start, &again.repeat(times)])
}

fn text(text: &[u8]) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text].concat()
}

/// A list that holds a long text, which is in slot 0, so many times.
fn fetched(long: &[u8]) -> Vec<u8> {
    pickle(&[long, b"q\x000](", &b"h\x00".repeat(TIMES), b"e"])
}

/// The doublings: each value of a level holds the one of the level before it twice.
fn doublings() -> Vec<(&'static str, Vec<u8>)> {
    let slots = |again: fn(u8) -> Vec<u8>| (0..LEVELS as u8).flat_map(again).collect::<Vec<u8>>();
    vec![
        (
            "lists, each in a slot of its own",
            pickle(&[
                b"]q\x00",
                &slots(|at| vec![b']', b'(', b'h', at, b'h', at, b'e', b'q', at + 1]),
            ]),
        ),
        ("lists, in one slot", repeated(b"]q\x00", b"](h\x00h\x00eq\x00", LEVELS)),
        ("lists, item by item", repeated(b"]q\x00", b"]h\x00ah\x00aq\x00", LEVELS)),
        ("lists, by LIST", repeated(b"]q\x00", b"(h\x00h\x00lq\x00", LEVELS)),
        ("sets", repeated(b"\x8fq\x00", b"\x8f(h\x00h\x00\x90q\x00", LEVELS)),
        (
            "sets that are called",
            repeated(b"]q\x00", b"c__builtin__\nset\n](h\x00h\x00e\x85Rq\x00", LEVELS),
        ),
        ("tuples of two", repeated(b")q\x00", b"h\x00h\x00\x86q\x00", LEVELS)),
        ("tuples of three", repeated(b")q\x00", b"h\x00h\x00h\x00\x87q\x00", LEVELS)),
        ("tuples behind a mark", repeated(b")q\x00", b"(h\x00h\x00tq\x00", LEVELS)),
        ("dicts", repeated(b"}q\x00", b"}(K\x01h\x00K\x02h\x00uq\x00", LEVELS)),
        ("dicts, item by item", repeated(b"}q\x00", b"}K\x01h\x00sK\x02h\x00sq\x00", LEVELS)),
        ("dicts, by DICT", repeated(b"}q\x00", b"(K\x01h\x00K\x02h\x00dq\x00", LEVELS)),
        (
            "dicts that are called",
            repeated(
                b"}q\x00",
                b"ccollections\nOrderedDict\n](K\x01h\x00\x86K\x02h\x00\x86e\x85Rq\x00",
                LEVELS,
            ),
        ),
        ("one in the other", repeated(b"Nq\x00", b"](h\x00}K\x01h\x00se\x85q\x00", LEVELS)),
        ("DUP", repeated(b"K\x01", b"2\x86", LEVELS)),
        (
            "slots that are numbered in turn",
            pickle(&[b"]\x94", &slots(|at| vec![b'h', at, b'h', at, 0x86, 0x94])]),
        ),
        (
            "slots with long numbers",
            repeated(b"]r\0\0\0\0", b"j\0\0\0\0j\0\0\0\0\x86r\0\0\0\0", LEVELS),
        ),
        (
            "slots in decimals",
            repeated(b"]p0\n", b"g0\ng00000000000000000000000000000000000000000\n\x86p0\n", LEVELS),
        ),
        // A dict is fetched, and its state set: the slot is written again.
        (
            "states of dicts",
            pickle(&[b"}q\x00", &slots(|at| vec![b'h', 0, b'}', b'K', at, b'h', 0, b's', b'b'])]),
        ),
        // The tables of a module, one of which holds what the module was before.
        (
            "modules",
            pickle(&[
                b"}q\x00",
                &[
                    &b"cm\nM\n)\x81}("[..],
                    &text(b"_parameters"),
                    b"}",
                    &text(b"_buffers"),
                    b"}",
                    &text(b"_modules"),
                    b"}(K\x01h\x00K\x02h\x00uubq\x00",
                ]
                .concat()
                .repeat(LEVELS),
            ]),
        ),
        ("arguments that are given back", {
            let again = b"ctorch._utils\n_rebuild_parameter\n(h\x00h\x00\x86NtRq\x00";
            repeated(b")q\x00", again, LEVELS)
        }),
        ("classes whose names are texts", {
            let call =
                [&text(b"torch._tensor")[..], &text(b"_rebuild_from_type_v2"), b"\x93"].concat();
            let again = [&call[..], b"(c__builtin__\nset\nN](h\x00h\x00e\x85tRq\x00"].concat();
            repeated(b")q\x00", &again, LEVELS)
        }),
    ]
}

/// What is long, and is fetched again and again.
fn fetches() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(LONG).into_bytes();
    let bytes = [b"B", &(LONG as u32).to_le_bytes()[..], &long].concat();
    let class = [b"c", &long[..], b"\nname\n"].concat();
    let opaque = [&class[..], b")R"].concat();
    let key = [b"}", &text(&long)[..], b"Ns"].concat();
    let line = [b"V", &long[..], b"\n"].concat();
    vec![
        ("a text", fetched(&text(&long))),
        ("a line", fetched(&line)),
        ("bytes", fetched(&bytes)),
        ("the name of a class", fetched(&class)),
        ("an object of a class", fetched(&opaque)),
        ("the key of a dict", fetched(&key)),
        ("copies that are dropped", pickle(&[&class, b"q\x00", &b"h\x000".repeat(TIMES)])),
        ("copies that are put", pickle(&[&class, &b"q\x00".repeat(TIMES)])),
        ("duplicates", pickle(&[&class, &b"20".repeat(TIMES)])),
    ]
}

/// The same where there are tensors, so in a zip archive only.
fn tensors() -> Vec<(&'static str, Vec<u8>)> {
    let ones = [b"(", &b"K\x01".repeat(LONG)[..], b"t"].concat();
    let storage = |key: &[u8]| {
        [b"((", &text(b"storage")[..], b"ctorch\nFloatStorage\n", key, b"NK\x01tQ"].concat()
    };
    let tensor = |key: &[u8], sides: &[u8]| {
        let parts = [b"ctorch._utils\n_rebuild_tensor_v2\n", &storage(key)[..], b"K\0"];
        [&parts.concat()[..], sides, sides, b"\x89NtR"].concat()
    };
    let small = tensor(&text(b"0"), b"K\x01\x85");
    let long = "x".repeat(LONG).into_bytes();
    let named = (0..100_000u32).flat_map(|at| [b"J", &at.to_le_bytes()[..], b"h\x00"].concat());
    let named: Vec<u8> = named.collect();
    vec![
        ("the shape of a tensor", fetched(&tensor(&text(b"0"), &ones))),
        ("the key of a storage", fetched(&[&storage(&text(&long))[1..]].concat())),
        (
            "tensors below a long name",
            pickle(&[&small, b"q\x000}", &text(&long), b"}(", &named, b"us"]),
        ),
        (
            "tensors below a long name of a list of pairs",
            pickle(&[
                &small,
                b"q\x000ccollections\nOrderedDict\n",
                &text(&long),
                b"}(",
                &named,
                b"u\x86\x85\x85R",
            ]),
        ),
    ]
}

/// Files that are refused before they are interpreted: what repeats in them, the file's name, and its bytes.
pub(crate) fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let plain: Vec<_> = doublings().into_iter().chain(fetches()).collect();
    let zipped = plain.iter().cloned().chain(tensors());
    let mut files: Vec<_> = zipped.map(|(what, tree)| (what, "a.pt", archive(&tree))).collect();
    files.extend(plain.iter().map(|(what, tree)| (*what, "a.pkl", tree.clone())));
    files.extend(plain.into_iter().map(|(what, keys)| (what, "old.pt", old(&keys))));
    files
}

/// A checkpoint with this tree.
pub(crate) fn archive(tree: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [("data.pkl", tree), ("data/0", &[0; 4]), ("version", b"3\n")] {
        writer.start_file(format!("model/{name}"), stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A checkpoint of PyTorch before 1.6 with this in the place of its list of storages.
fn old(keys: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    let system = pickle(&[b"}", &text(b"little_endian"), b"\x88s"]);
    [&magic[..], &system, &pickle(&[b"}"]), keys].concat()
}

/// Pickles in which nothing repeats, or little, but each byte makes a value.
#[allow(dead_code)]
pub(crate) fn dense(values: usize) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a list", pickle(&[b"](", &b"N".repeat(values), b"e"])),
        ("a tuple", pickle(&[b"(", &b"N".repeat(values), b"t"])),
        ("values that are left", pickle(&[&b"N".repeat(values)])),
        ("a slot each", pickle(&[&b"N\x94".repeat(values / 2)])),
        ("empty lists", pickle(&[b"](", &b"]".repeat(values), b"e"])),
        ("lists of one", pickle(&[b"](", &b"]Na".repeat(values / 3), b"e"])),
        ("tuples of one", pickle(&[b"](", &b"N\x85".repeat(values / 2), b"e"])),
        ("dicts of one", pickle(&[b"](", &b"}K\x01Ns".repeat(values / 5), b"e"])),
        ("short texts", pickle(&[b"](", &b"\x8c\x01a".repeat(values / 3), b"e"])),
        ("classes", pickle(&[b"](", &b"c\n\n".repeat(values / 3), b"e"])),
        ("marks", pickle(&[&b"(".repeat(values), &b"0".repeat(values), b"N"])),
        ("a list of many steps", pickle(&[b"]", &b"(NNNNNNNNNNe".repeat(values / 12)])),
        ("a dict", {
            let entries = (0..values / 6)
                .flat_map(|at| [b"J", &(at as u32).to_le_bytes()[..], b"N"].concat());
            pickle(&[b"}(", &entries.collect::<Vec<u8>>(), b"u"])
        }),
        ("a fetched text", {
            let long = text(&b"x".repeat(values));
            pickle(&[&long, b"q\x00](", &b"h\x00".repeat(50), b"e"])
        }),
        ("a fetched list", {
            let list = [&b"](N"[..], &b"K\x01".repeat(values / 4), b"eq\x00"].concat();
            pickle(&[&b"]".repeat(8), &list, b"h\x00\x86"])
        }),
    ]
}

/// A pickle of so many steps in random order, each of which makes a value of two that were made before.
#[allow(dead_code)]
pub(crate) fn random(steps: usize, below: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    const SLOTS: usize = 4;
    let mut tree = Vec::new();
    for slot in 0..SLOTS as u8 {
        let value = [&b"]"[..], b"}", b")", b"\x8c\x03key"][usize::from(slot)];
        tree.extend([value, b"q", &[slot]].concat());
    }
    let mut slot = || [b'h', below(SLOTS) as u8];
    let tables = |one: &[u8], other: &[u8]| {
        let dict = |value: &[u8]| [b"}\x8c\x01a", value, b"s"].concat();
        let parts: [&[u8]; 6] = [
            &text(b"_parameters"),
            &dict(one),
            &text(b"_buffers"),
            b"}",
            &text(b"_modules"),
            &[b"}K\x01", other, b"s"].concat(),
        ];
        [b"}(", &parts.concat()[..], b"u"].concat()
    };
    for _ in 0..steps {
        let (one, other) = (slot(), slot());
        let (one, other) = (&one[..], &other[..]);
        let kind = usize::from(slot()[1]) * SLOTS + usize::from(slot()[1]);
        let step: Vec<u8> = match kind {
            0 => [one, other, b"\x86"].concat(),
            1 => [b"](", one, other, b"e"].concat(),
            2 => [b"}(K\x01", one, b"\x8c\x03key", other, b"u"].concat(),
            3 => [b"(", one, b"2", other, b"t"].concat(),
            // The state of a dict, or of what is an object else.
            4 => [one, other, b"b"].concat(),
            5 => [one, b"}K\x07", other, b"sb"].concat(),
            6 => [b"cm\nM\n)\x81q\x03", &tables(one, other)[..], b"b"].concat(),
            7 => {
                [b"ccollections\nOrderedDict\n]K\x01", one, b"\x86aK\x02", other, b"\x86\x86\x85R"]
                    .concat()
            }
            8 => [b"ccollections\nOrderedDict\n](K\x01", one, b"\x86K\x02", other, b"\x86e\x85R"]
                .concat(),
            9 => [b"cbuiltins\nset\n](", one, other, b"e\x85R"].concat(),
            10 => [b"ctorch._utils\n_rebuild_parameter\n(", one, b"NN", other, b"tR"].concat(),
            11 => [
                b"ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nset\nN](",
                one,
                other,
                b"e\x85tR",
            ]
            .concat(),
            12 => [b"]", one, b"a", other, b"a"].concat(),
            13 => [one, other, b"\x86", one, b"\x862"].concat(),
            14 => [one, b"}", &tables(other, one)[1..], b"b"].concat(),
            _ => [&b"(K\x01"[..], one, b"K\x02", other, b"d"].concat(),
        };
        tree.extend(step);
        tree.extend([b'q', slot()[1]]);
    }
    pickle(&[&tree])
}
