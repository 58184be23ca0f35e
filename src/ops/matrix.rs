//! The product of two matrices on one thread, by the `gemm` crate, which picks the processor's instructions at run time.

use super::Real;

/// A matrix inside a slice: element (row, column) stands at `row · row_step + column · column_step`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    elements: &'a [T],
    row_step: usize,
    column_step: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// Rows one behind another, each `columns` long.
    pub(super) fn rows_of(columns: usize, elements: &'a [T]) -> Self {
        Matrix { elements, row_step: columns, column_step: 1 }
    }

    pub(super) fn transposed(self) -> Self {
        Matrix { row_step: self.column_step, column_step: self.row_step, ..self }
    }

    /// The index behind the last element of the top left `rows` × `columns`.
    fn extent(&self, rows: usize, columns: usize) -> usize {
        if rows == 0 || columns == 0 { 0 } else { (rows - 1) * self.row_step + (columns - 1) * self.column_step + 1 }
    }
}

/// The top left `rows` × `columns` of a product, `depth` of them summed for each element.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    /// Add to what is there, in place of overwriting it.
    pub accumulate: bool,
}

impl Product {
    /// `target` (rows of `target_step` elements) = `left` · `right`, or += where [`Product::accumulate`] says so.
    pub(super) fn compute<T: Real>(self, target: &mut [T], target_step: usize, left: Matrix<T>, right: Matrix<T>) {
        let Product { rows, columns, depth, accumulate } = self;
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(
            target.len() >= (rows - 1) * target_step + columns && target_step >= columns,
            "the product does not fit its target"
        );
        assert!(left.elements.len() >= left.extent(rows, depth), "the left matrix is too small");
        assert!(right.elements.len() >= right.extent(depth, columns), "the right matrix is too small");
        // SAFETY: the three asserts keep every element that is read or written inside its slice; `target` is borrowed mutably and so
        // overlaps neither operand; `T` is f32 or f64, which gemm knows.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                depth,
                target.as_mut_ptr(),
                1,
                target_step as isize,
                accumulate,
                left.elements.as_ptr(),
                left.column_step as isize,
                left.row_step as isize,
                right.elements.as_ptr(),
                right.column_step as isize,
                right.row_step as isize,
                T::ONE,
                T::ONE,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}
