#![allow(clippy::unwrap_used)]

use super::*;

/// Whether a pickle stays within so many bytes for each of its own.
fn within(pickle: &[u8], multiple: u64) -> bool {
    check_within(pickle, Limit { floor: 0, multiple }).is_ok()
}

fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [b"X", &length.to_le_bytes()[..], text.as_bytes()].concat()
}

/// A writer that remembers, as Python's: what is written again is a GET.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    slots: Vec<Vec<u8>>,
    next: u32,
}

impl Writer {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn put(&mut self) -> &mut Self {
        let index = self.next.to_le_bytes();
        self.bytes.push(b'r');
        self.bytes.extend(index);
        self.next += 1;
        self
    }

    /// Written once; later fetched. `slots[i]` holds what slot `i` of the shared ones is.
    fn shared(&mut self, value: Vec<u8>) -> &mut Self {
        let known = self.slots.iter().position(|slot| slot[4..] == value);
        match known {
            Some(at) => {
                let index: [u8; 4] = self.slots[at][..4].try_into().unwrap();
                self.bytes.push(b'j');
                self.bytes.extend(index);
            }
            None => {
                self.slots.push([&self.next.to_le_bytes()[..], &value].concat());
                self.raw(&value).put();
            }
        }
        self
    }

    /// A matrix as `torch.save` writes it.
    fn tensor(&mut self, key: usize) -> &mut Self {
        self.shared(b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec()).raw(b"((");
        self.shared(text("storage")).shared(b"ctorch\nFloatStorage\n".to_vec());
        self.raw(&text(&key.to_string())).put().shared(text("cpu")).raw(b"J\0\0\x01\0t").put();
        self.raw(b"QK\0M\0\x01M\0\x01\x86").put().raw(b"M\0\x01K\x01\x86").put().raw(b"\x89");
        self.shared(b"ccollections\nOrderedDict\n".to_vec()).raw(b")R").put().raw(b"t").put();
        self.raw(b"R").put()
    }

    fn name(&mut self, name: &str) -> &mut Self {
        self.raw(&text(name)).put()
    }
}

/// The state dict of a model of so many matrices, with what PyTorch keeps of its versions.
fn state_dict(tensors: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(b"\x80\x02").shared(b"ccollections\nOrderedDict\n".to_vec()).raw(b")R").put();
    writer.raw(b"(");
    for key in 0..tensors {
        writer.name(&format!("transformer.h.{}.attn.c_attn.weight", key)).tensor(key);
    }
    // An attribute of the dict: BUILD copies all that it holds.
    writer.raw(b"u}").put().name("_metadata").raw(b"}").put().raw(b"sb.");
    writer.bytes
}

/// An optimizer's state of so many parameters, and lists of their numbers.
fn optimizer(parameters: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(b"\x80\x02}").put().raw(b"(").name("state").raw(b"}").put().raw(b"(");
    for key in 0..parameters {
        writer.raw(b"J").raw(&u32::try_from(key).unwrap().to_le_bytes()).raw(b"}").put().raw(b"(");
        for (at, name) in ["step", "exp_avg", "exp_avg_sq"].into_iter().enumerate() {
            writer.shared(text(name)).tensor(3 * key + at);
        }
        writer.raw(b"u");
    }
    writer.raw(b"u").name("param_groups").raw(b"]").put().raw(b"}").put().raw(b"(");
    writer.name("lr").raw(b"G?PbM\xd2\xf1\xa9\xfc").name("params").raw(b"]").put().raw(b"(");
    for key in 0..parameters {
        writer.raw(b"J").raw(&u32::try_from(key).unwrap().to_le_bytes());
    }
    writer.raw(b"euau.");
    writer.bytes
}

/// A whole model, as `torch.save(model)`: modules in modules, `below` of them to this depth.
fn module(writer: &mut Writer, depth: usize, below: usize, next: &mut usize) {
    writer
        .shared(format!("cmodel\nBlock{depth}\n").into_bytes())
        .raw(b")\x81")
        .put()
        .raw(b"}")
        .put();
    writer.raw(b"(").shared(text("training")).raw(b"\x88");
    for table in ["_parameters", "_buffers", "_modules"] {
        writer.shared(text(table)).raw(b"}").put().raw(b"(");
        if table == "_modules" && depth > 0 {
            for number in 0..below {
                writer.shared(text(&number.to_string()));
                module(writer, depth - 1, below, next);
            }
        } else if table == "_parameters" && depth == 0 {
            *next += 1;
            writer.shared(text("weight")).shared(b"ctorch._utils\n_rebuild_parameter\n".to_vec());
            writer.raw(b"(").tensor(*next).raw(b"\x88");
            writer.shared(b"ccollections\nOrderedDict\n".to_vec()).raw(b")R").put().raw(b"t").put();
            writer.raw(b"R").put();
        }
        writer.raw(b"u");
    }
    for attribute in 0..12 {
        writer.shared(text(&format!("_hooks_{attribute}")));
        writer.shared(b"ccollections\nOrderedDict\n".to_vec()).raw(b")R").put();
    }
    writer.raw(b"ub");
}

fn model(depth: usize, below: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(b"\x80\x02");
    module(&mut writer, depth, below, &mut 0);
    writer.raw(b".");
    writer.bytes
}

#[test]
fn what_pytorch_writes_has_room() {
    for (name, pickle, most) in [
        ("a state dict", state_dict(1000), 50),
        ("a large state dict", state_dict(20_000), 50),
        ("an optimizer", optimizer(1000), 80),
        ("a flat model", model(2, 10), 50),
        ("a model", model(3, 10), 50),
        ("a deep model", model(10, 2), 65),
    ] {
        assert!(within(&pickle, most), "{name}: {} bytes", pickle.len());
        // The walk follows it to its end.
        let mut stream = Stream::new(&pickle[..]);
        assert_eq!(Machine::new(LIMIT).run(&mut stream, true), Ok(()), "{name}");
        assert_eq!(stream.consumed(), pickle.len() as u64, "{name}");
        assert!(!within(&pickle, most / 4), "{name}");
    }
}

#[test]
fn what_is_fetched_counts_each_time() {
    let long = text(&"x".repeat(1000));
    let fetched = |times: usize| {
        let gets = b"h\x00".repeat(times);
        [b"\x80\x02", &long[..], b"q\x00](", &gets, b"e."].concat()
    };
    assert!(within(&fetched(10), 50));
    assert!(!within(&fetched(100), 50));
}

#[test]
fn the_limit_grows_with_what_was_read() {
    let limit = Limit { floor: 5, multiple: 2 };
    assert_eq!([0, 1, 10].map(|consumed| limit.after(consumed)), [5, 7, 25]);
    assert_eq!(limit.after(u64::MAX), u64::MAX);
}

#[test]
fn what_is_no_pickle_is_left_to_the_reader() {
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
        b"h\x00.",
        b"gx\n.",
        b"g-1\n.",
        b"X\xff\xff\xff\xffab",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffab",
        b"cmodule\nname",
        b"P1\n.",
        b"\x98",
        b"\xff",
    ] {
        assert_eq!(check(bytes), Ok(()), "{bytes:?}");
    }
}

#[test]
fn a_module_is_as_large_as_its_tables() {
    let tables = [
        &text("_parameters")[..],
        b"}",
        &text(&"x".repeat(1000)),
        b"Ns",
        &text("_buffers"),
        b"}",
        &text("_modules"),
        b"}",
    ]
    .concat();
    let fetched = |object: &[u8]| {
        let gets = b"h\x00".repeat(200);
        [b"\x80\x02(", object, b"}(", &tables, b"ubq\x00", &gets, b"t."].concat()
    };
    // An object of a class, and an int that is too wide to be one.
    assert!(!within(&fetched(b"cm\nM\n)\x81"), 100));
    assert!(!within(&fetched(b"\x8a\x09\0\0\0\0\0\0\0\0\x01"), 100));
}
