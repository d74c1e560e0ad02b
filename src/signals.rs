//! Guards and descriptors for signals.
