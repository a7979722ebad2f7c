//! Makes the example `custom_loop` without its monitor, which a test compiles: every line that names the monitor is
//! left out, and nothing else.

use std::path::Path;
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    const EXAMPLE: &str = "../examples/custom_loop.rs";
    println!("cargo:rerun-if-changed={EXAMPLE}");
    let example = fs::read_to_string(EXAMPLE)?;
    let code = example.lines().filter(|line| !line.trim_start().starts_with("//"));
    let without: Vec<&str> = code.filter(|line| !line.to_lowercase().contains("monitor")).collect();
    let out = env::var_os("OUT_DIR").ok_or("cargo names no folder")?;
    fs::write(Path::new(&out).join("custom_loop_without_monitor.rs"), without.join("\n"))?;
    Ok(())
}
