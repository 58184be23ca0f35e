//! One folder an operation: contract, CPU, gradient check.
