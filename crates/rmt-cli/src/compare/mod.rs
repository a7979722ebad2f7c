//! `rmt compare`: what changed between two checkpoints, matrix by matrix.
