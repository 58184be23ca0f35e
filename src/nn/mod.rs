//! The network built from a spec, its initial values, its optimizer, and the learner that runs it.
