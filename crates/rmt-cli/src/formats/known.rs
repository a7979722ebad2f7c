//! Files that are known and not read, by their first bytes: what each is, and how to make one that is read.

use std::path::Path;

/// (First bytes, how far into the file, what it is and what to do).
const KNOWN: &[(&[u8], usize, &str)] = &[
    (
        b"version https://git-lfs",
        0,
        "a pointer of Git LFS, not the file it stands for: get that with `git lfs pull`, or download it",
    ),
    (b"# xet version", 0, "a pointer of Xet, not the file it stands for: download that"),
    (
        b"TFL3",
        4,
        "a TensorFlow Lite model, which is not read: convert the model that it was made from, such as a PyTorch checkpoint",
    ),
    (b"\x1f\x8b", 0, "compressed with gzip: unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", 0, "compressed with Zstandard: unpack it first (zstd -d)"),
    (b"\xfd7zXZ", 0, "compressed with xz: unpack it first (unxz)"),
    (b"BZh", 0, "compressed with bzip2: unpack it first (bunzip2)"),
    (b"7z\xbc\xaf", 0, "an archive of 7-Zip: unpack it first"),
    (
        b"ggml",
        0,
        "a model in GGML's format before GGUF, which is not read: convert it to GGUF with llama.cpp",
    ),
    (
        b"lmgg",
        0,
        "a model in GGML's format before GGUF, which is not read: convert it to GGUF with llama.cpp",
    ),
    (
        b"tjgg",
        0,
        "a model in GGML's format before GGUF, which is not read: convert it to GGUF with llama.cpp",
    ),
];

/// Starts of texts, without spaces in front and in small letters.
const TEXTS: &[(&str, &str)] = &[
    (
        "<!doctype html",
        "a web page, not a checkpoint: the download was answered by a page, such as one to log in at; download the file itself",
    ),
    (
        "<html",
        "a web page, not a checkpoint: the download was answered by a page, such as one to log in at; download the file itself",
    ),
    (
        "<?xml",
        "an XML text, not a checkpoint: perhaps the answer of a server that refused the download",
    ),
    ("entry not found", "the answer of a server that has no such file, not a checkpoint"),
    ("access denied", "the answer of a server that refused the download, not a checkpoint"),
];

/// What a file with this start is, where it is known and not read.
pub(super) fn unread(head: &[u8], path: &Path) -> Option<String> {
    let at =
        |start: &[u8], from: usize| head.get(from..).is_some_and(|rest| rest.starts_with(start));
    if let Some((_, _, what)) = KNOWN.iter().find(|(start, from, _)| at(start, *from)) {
        return Some(format!("it is {what}"));
    }
    let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
    if let Some((_, what)) = TEXTS.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(format!("it is {what}"));
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    // CTranslate2: a version, and a text behind its length that names the kind of model.
    if matches!(head, [1..=9, 0, 0, 0, length, 0, ..] if head.get(6..6 + usize::from(*length)).is_some_and(|name| name.ends_with(b"Spec\0")))
    {
        return Some("it is a model of CTranslate2, which is not read: inspect the checkpoint that it was converted from".into());
    }
    let what = match extension.as_str() {
        "msgpack" => {
            "Flax' format, which is not read: in Python, flax.serialization.msgpack_restore and safetensors.flax.save_file write a file that is"
        }
        "index" | "meta" => {
            "a part of a TensorFlow checkpoint, which is not read: in Python, tf.train.load_checkpoint and safetensors.numpy.save_file write a file that is"
        }
        "distcp" => DISTRIBUTED,
        _ => return None,
    };
    Some(format!("it is {what}"))
}

/// Of torch.distributed.checkpoint.
const DISTRIBUTED: &str = "a part of a distributed checkpoint of PyTorch, which is not read: python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIRECTORY FILE writes a file that is";

/// What a directory with these files is, where it is known and not read.
pub(super) fn unread_directory(names: &[String]) -> Option<String> {
    let any = |is: &dyn Fn(&str) -> bool| names.iter().any(|name| is(name));
    if any(&|name| name.ends_with(".distcp")) {
        return Some(DISTRIBUTED.replacen("a part of a", "it is a", 1));
    }
    if any(&|name| name.contains("zero_pp_rank") || name.contains("zero_to_fp32")) {
        return Some("it holds a model in the parts of DeepSpeed's ZeRO: run the zero_to_fp32.py in it (python zero_to_fp32.py . pytorch_model.bin)".into());
    }
    if any(&|name| name == "saved_model.pb") {
        return Some("it is a SavedModel of TensorFlow, which is not read: in Python, tf.saved_model.load and safetensors.numpy.save_file of its variables write a file that is".into());
    }
    if any(&|name| name == "manifest.ocdbt" || name == "_METADATA") {
        return Some("it is a checkpoint of Orbax (JAX), which is not read: in Python, orbax.checkpoint.PyTreeCheckpointer().restore and safetensors.flax.save_file write a file that is".into());
    }
    None
}
