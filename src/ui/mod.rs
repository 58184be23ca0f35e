//! The cockpit: state, keys and screens.
