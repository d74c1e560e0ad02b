//! The machine: its name, its kernel, its state.
