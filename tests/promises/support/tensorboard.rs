//! The real TensorBoard, in a pinned virtual environment that is made at first use.

use super::require_all;
use libtest_mimic::{Completion, Failed, Trial};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// Longest time that TensorBoard may take to start, or to have read what it is asked for.
const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);

/// Which of TensorBoard's two readers of event files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loader {
    /// The data server, written in Rust.
    Fast,
    /// The one in Python.
    Slow,
}

/// A virtual environment with TensorBoard.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    program: PathBuf,
}

/// A test for each loader. Without TensorBoard they are ignored, with the reason, or fail if nothing
/// may be skipped.
pub(crate) fn with_both_loaders(
    module: &str,
    body: fn(&Environment, Loader) -> Result<(), Failed>,
) -> Vec<Trial> {
    let module = module.rsplit("::").next().unwrap_or(module);
    let loaders = [("fast_loader", Loader::Fast), ("slow_loader", Loader::Slow)];
    let trial = |(name, loader)| {
        Trial::ignorable_test(format!("{module}::{name}"), move || match environment() {
            Ok(environment) => body(&environment, loader).map(|()| Completion::Completed),
            Err(reason) if require_all() => Err(reason.into()),
            Err(reason) => Ok(Completion::ignored_with(reason)),
        })
    };
    loaders.into_iter().map(trial).collect()
}

/// The environment, made if need be; or why it cannot be had.
fn environment() -> Result<Environment, String> {
    static MADE: OnceLock<Result<Environment, String>> = OnceLock::new();
    MADE.get_or_init(make).clone()
}

fn make() -> Result<Environment, String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = rmt_test_python::environment("tensorboard-venv", tmpdir, &requirements);
    let programs = programs.map_err(|why| format!("TensorBoard cannot be installed: {why}"))?;
    Ok(Environment { program: programs.join("tensorboard") })
}

impl Environment {
    /// Starts TensorBoard on `logdir`, at a free loopback port.
    pub(crate) fn serve(&self, logdir: &Path, loader: Loader) -> Result<Server, String> {
        let mut child = Command::new(&self.program)
            .arg("--logdir")
            .arg(logdir)
            .args(["--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"])
            .arg(format!("--load_fast={}", loader == Loader::Fast))
            // Nor may the client of its own data server use a proxy.
            .env("no_grpc_proxy", "localhost,127.0.0.1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let said = child.stderr.take().ok_or("TensorBoard has no standard error")?;
        // It stays on the loopback interface, whatever proxy the environment names.
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(DEADLINE))
            .build()
            .new_agent();
        let mut server = Server { child, url: String::new(), agent };
        // Read to its end: a full pipe would stop it.
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + DEADLINE;
        // It says its address in one line, or ends with its reason in the last.
        let mut last = String::new();
        while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if let Some(at) = line.find("http://") {
                let address = line[at..].split_whitespace().next().unwrap_or_default();
                server.url = address.trim_end_matches('/').to_owned();
                break;
            }
            last = line;
        }
        if server.url.is_empty() {
            return Err(format!("TensorBoard did not start: {last}"));
        }
        Ok(server)
    }
}

/// A running TensorBoard; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    agent: ureq::Agent,
}

impl Server {
    /// The JSON that it answers.
    pub(crate) fn get(&self, path_and_query: &str) -> Result<serde_json::Value, String> {
        let bytes = self.bytes(path_and_query)?;
        serde_json::from_slice(&bytes).map_err(|error| format!("GET {path_and_query}: {error}"))
    }

    /// What is there, as it is: a picture, say.
    pub(crate) fn bytes(&self, path_and_query: &str) -> Result<Vec<u8>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("GET {path_and_query}: {error}");
        let reply = self.agent.get(format!("{}{path_and_query}", self.url)).call();
        let mut reply = reply.map_err(|e| failed(&e))?;
        reply.body_mut().read_to_vec().map_err(|e| failed(&e))
    }

    /// Asks until the answer is accepted: TensorBoard reads its files in the background.
    pub(crate) fn wait_for(
        &self,
        path_and_query: &str,
        accept: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<serde_json::Value, String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let reply = self.get(path_and_query);
            match reply {
                Ok(value) if accept(&value) => return Ok(value),
                reply if Instant::now() > deadline => {
                    return Err(format!("not in time: {path_and_query}: {reply:?}"));
                }
                _ => thread::sleep(POLL),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Percent-encodes a query value.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
