#![allow(clippy::unwrap_used)]

use super::*;

fn tree(pickle: &[u8]) -> Tree {
    let (tree, length) = read(pickle).unwrap();
    assert_eq!(length, pickle.len() as u64);
    tree
}

#[test]
fn what_python_writes_is_read() {
    // {'a': [1, -2, 0.5, True, None], 'b': ('x', b'yz')} of protocol 4.
    let pickle = b"\x80\x04\x95\x2f\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffG?\xe0\0\0\0\0\0\0\x88Ne\
                   \x8c\x01b\x94\x8c\x01x\x94C\x02yz\x94\x86\x94u.";
    let tree = tree(pickle);
    let a = tree.get(tree.root(), "a").unwrap();
    let expected =
        [Value::Int(1), Value::Int(-2), Value::Float(0.5), Value::Bool(true), Value::None];
    assert_eq!(tree.items(a).unwrap(), expected);
    let b = tree.items(tree.get(tree.root(), "b").unwrap()).unwrap();
    assert_eq!(tree.text(b[0]), Some("x"));
    let Some(Node::Bytes { at, length: 2 }) = tree.node(b[1]) else { unreachable!() };
    assert_eq!(pickle.get(*at as usize..*at as usize + 2), Some(&b"yz"[..]));
    assert_eq!(tree.get(tree.root(), "c"), None);
}

#[test]
fn protocols_without_lengths_are_read() {
    // {'a': 3L, u'b': 1.5, 'c': True} of protocol 0.
    let tree = tree(b"(dp0\nS'a'\np1\nL3L\nsVb\nF1.5\nsS'c'\nI01\ns.");
    let of = |key| tree.get(tree.root(), key).unwrap();
    assert_eq!([of("a"), of("b"), of("c")], [Value::Int(3), Value::Float(1.5), Value::Bool(true)]);
}

#[test]
fn calls_are_kept_by_name() {
    let tree = tree(b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R}X\x01\0\0\0aK\x01sb.");
    let Some(Node::Object(object)) = tree.node(tree.root()) else { unreachable!() };
    assert_eq!(tree.global(object.class), Some("os.system"));
    assert_eq!(tree.items(object.arguments).map(<[_]>::len), Some(1));
    assert_eq!(tree.get(object.state, "a"), Some(Value::Int(1)));
    let stacked = super::read(&b"\x80\x04\x8c\x02os\x8c\x06system\x93."[..]).unwrap().0;
    assert_eq!(stacked.global(stacked.root()), Some("os.system"));
}

#[test]
fn numbers_of_any_length() {
    for (pickle, value) in [
        (&b"\x8a\x00."[..], Value::Int(0)),
        (b"\x8a\x01\xff.", Value::Int(-1)),
        (b"\x8a\x02\xff\x00.", Value::Int(255)),
        (b"\x8b\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f.", Value::Int(i64::MAX)),
        // More than 64 bits.
        (b"\x8a\x09\0\0\0\0\0\0\0\0\x01.", Value::None),
    ] {
        assert_eq!(read(pickle).unwrap().0.root(), value);
    }
}

#[test]
fn what_is_fetched_is_shared_however_often() {
    // 2^40 values, in 40 of them.
    let pickle = [&b"]q\x00"[..], &b"](h\x00h\x00eq\x00".repeat(40), b"."].concat();
    assert_eq!(tree(&pickle).nodes().len(), 42);
    // One that holds itself.
    let cycle = tree(b"]q\x00h\x00a.");
    assert_eq!(cycle.items(cycle.root()), Some(&[cycle.root()][..]));
}

#[test]
fn what_is_no_pickle_is_refused() {
    for bytes in [
        &b""[..],
        b"\x80",
        b"\x80\x06.",
        b".",
        b"e",
        b"(e.",
        b"Na.",
        b"NN.",
        b"]K\x01s.",
        b"}K\x01a.",
        b"(K\x01d.",
        b"(0",
        b"(\x85.",
        b"(o.",
        b"h\x00.",
        b"gx\n.",
        b"g-1\n.",
        b"X\xff\xff\xff\xffab",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffab",
        b"\x96\xff\xff\xff\xff\xff\xff\xff\xffab",
        b"cmodule\nname",
        b"P1\n",
        b"\x82\x01.",
        b"\xff",
    ] {
        let refused = read(bytes).is_err();
        // A value may be left below the root.
        assert_eq!(refused, bytes != b"NN.", "{bytes:?}");
    }
}
