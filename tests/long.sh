#!/usr/bin/env bash
# What takes too long for every change: many more faults and kills, a soak of 20 minutes, hostile
# input in a build that aborts on panics, large models, and damaged checkpoints. About half an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export RMT_REQUIRE_ALL=1
export RMT_FAULT_RUNS=${RMT_FAULT_RUNS:-25} RMT_KILLS=${RMT_KILLS:-500}
cargo test --release -p rmt-monitor --test trust -- --nocapture
RMT_SOAK_SECONDS=${RMT_SOAK_SECONDS:-1200} \
    cargo test --release -p rmt-monitor --test memory -- --nocapture
cargo rustc --release -p rmt-monitor --example hostile -- -C panic=abort
"${CARGO_TARGET_DIR:-target}/release/examples/hostile"
cargo test --release -p rmt-cli --test models -- --ignored
RMT_DAMAGES=${RMT_DAMAGES:-100000} cargo test --release -p rmt-cli --test formats mutations
