//! The same charts and screens as files.
