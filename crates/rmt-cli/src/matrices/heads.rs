//! The number of attention heads, from the `config.json` that lies beside a checkpoint.

use rmt_core::layers::Heads;
use serde_json::Value;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A configuration is a few KiB; what is larger is not read.
const LIMIT: u64 = 1 << 20;

/// Names of the number of heads, in the configurations of the families of models.
const QUERY: [&str; 4] = ["num_attention_heads", "n_head", "n_heads", "num_heads"];
const WIDTH: [&str; 4] = ["head_dim", "attention_head_size", "kv_channels", "d_kv"];
const KEY_VALUE: [&str; 3] = ["num_key_value_heads", "num_kv_heads", "n_head_kv"];

/// A `config.json` that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}; correct or remove it, or give --heads", .path.display())]
#[non_exhaustive]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The problem.
    pub problem: String,
}

/// The number of heads from the `config.json` beside a checkpoint, or in a checkpoint that is a
/// directory. `None` if there is no such file, or it has no number of heads.
///
/// # Errors
/// [`ConfigError`] if the file exists and cannot be used.
pub fn heads_beside(checkpoint: &Path) -> Result<Option<Heads>, ConfigError> {
    let directory = if checkpoint.is_dir() { Some(checkpoint) } else { checkpoint.parent() };
    let path = directory.unwrap_or(Path::new("")).join("config.json");
    let error = |problem| ConfigError { path: path.clone(), problem };
    match std::fs::metadata(&path) {
        // A pipe would never end.
        Ok(about) if !about.is_file() => return Err(error("no file".into())),
        Ok(_) => {}
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(error(cause.to_string())),
    }
    let mut text = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut text))
        .map_err(|cause| error(cause.to_string()))?;
    if text.len() as u64 > LIMIT {
        return Err(error(format!("larger than the {LIMIT} bytes that are read")));
    }
    let config: Value =
        serde_json::from_slice(&text).map_err(|cause| error(format!("not JSON ({cause})")))?;
    // A model of several parts has its language model's in a section of its own.
    let sections = [Some(&config), config.get("text_config")];
    for section in sections.into_iter().flatten() {
        if let Some(heads) = of_section(section).map_err(error)? {
            return Ok(Some(heads));
        }
    }
    Ok(None)
}

fn of_section(config: &Value) -> Result<Option<Heads>, String> {
    let Some(query) = number(config, &QUERY)? else { return Ok(None) };
    let is = |key| config.get(key).and_then(Value::as_bool).unwrap_or(false);
    // Falcon's first models say both that they have one, and as many as of queries.
    let one = is("multi_query") && !is("new_decoder_architecture");
    let key_value = if one { 1 } else { number(config, &KEY_VALUE)?.unwrap_or(query) };
    if !query.is_multiple_of(key_value) {
        return Err(format!(
            "{query} heads of queries are not a multiple of {key_value} of keys and values"
        ));
    }
    let width = number(config, &WIDTH)?;
    Ok(Some(Heads { width, ..Heads::new(query, key_value) }))
}

/// The number under the first of these keys that is there.
fn number(config: &Value, keys: &[&str]) -> Result<Option<usize>, String> {
    let found = keys.iter().find_map(|key| Some((key, config.get(*key)?)));
    let Some((key, value)) = found.filter(|(_, value)| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
    number.map(Some).ok_or_else(|| format!("`{key}` is not a whole number of at least 1"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn heads(config: &[u8]) -> Result<Option<Heads>, String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), config).unwrap();
        let beside = heads_beside(&directory.path().join("model.safetensors"));
        let within = heads_beside(directory.path());
        let text = |result: Result<_, ConfigError>| result.map_err(|e| e.to_string());
        let (beside, within) = (text(beside), text(within));
        assert_eq!(beside, within);
        beside
    }

    #[test]
    fn heads_of_real_configurations() {
        for (config, query, key_value) in [
            (r#"{"num_attention_heads": 12}"#, 12, 12),
            (r#"{"num_attention_heads": 32, "num_key_value_heads": 8}"#, 32, 8),
            (r#"{"num_attention_heads": 32, "num_key_value_heads": null}"#, 32, 32),
            (r#"{"n_head": 12, "n_layer": 12}"#, 12, 12),
            (r#"{"n_head": 48, "multi_query": true}"#, 48, 1),
            (r#"{"num_attention_heads": 71, "num_kv_heads": 71, "multi_query": true}"#, 71, 1),
            (
                r#"{"num_attention_heads": 128, "num_kv_heads": 8, "multi_query": true,
                    "new_decoder_architecture": true}"#,
                128,
                8,
            ),
            (r#"{"text_config": {"num_attention_heads": 8, "num_key_value_heads": 4}}"#, 8, 4),
        ] {
            let expected = Ok(Some(Heads::new(query, key_value)));
            assert_eq!(heads(config.as_bytes()), expected, "{config}");
        }
        let wide = br#"{"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256}"#;
        let expected = Heads { width: Some(256), ..Heads::new(4, 1) };
        assert_eq!(heads(wide), Ok(Some(expected)));
        assert_eq!(heads(b"{}"), Ok(None));
        assert_eq!(heads(b"[1]"), Ok(None));
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(heads_beside(&directory.path().join("model.bin")), Ok(None)));
        assert!(matches!(heads_beside(&directory.path().join("none/model.bin")), Ok(None)));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (config, says) in [
            (&b"{"[..], "not JSON"),
            (br#"{"n_head": 0}"#, "`n_head`"),
            (br#"{"n_head": -1}"#, "`n_head`"),
            (br#"{"n_head": "12"}"#, "`n_head`"),
            (br#"{"num_attention_heads": 5, "num_key_value_heads": 2}"#, "multiple"),
            (&vec![b' '; 1 + LIMIT as usize], "larger"),
        ] {
            let error = heads(config).unwrap_err();
            assert!(error.contains(says) && error.contains("--heads"), "{error}");
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("config.json")).unwrap();
        assert!(heads_beside(directory.path()).unwrap_err().to_string().contains("no file"));
    }
}
