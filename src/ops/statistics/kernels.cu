// Sums over a whole tensor, in F64: each block leaves its own, one more block adds those up.
#include "../cuda/numbers.cuh"

// Neighbours that a block goes through.
constexpr unsigned PIECE = 1 << 14;

// parts[2 * block] = sum, parts[2 * block + 1] = sum of squares.
template <typename T>
__device__ void parts_of(const T *values, double *parts, size_t count) {
    const size_t first = static_cast<size_t>(blockIdx.x) * PIECE;
    const size_t end = first + PIECE < count ? first + PIECE : count;
    double sum = 0, squares = 0;
    for (size_t i = first + threadIdx.x; i < end; i += THREADS) {
        const double value = widen(values[i]);
        sum += value;
        squares += value * value;
    }
    sum = sum_of_block(sum);
    squares = sum_of_block(squares);
    if (threadIdx.x == 0) {
        parts[2 * static_cast<size_t>(blockIdx.x)] = sum;
        parts[2 * static_cast<size_t>(blockIdx.x) + 1] = squares;
    }
}

extern "C" __global__ void statistics_parts_f32(const float *values, double *parts, unsigned long long count) { parts_of(values, parts, count); }

extern "C" __global__ void statistics_parts_bf16(const bf16 *values, double *parts, unsigned long long count) { parts_of(values, parts, count); }

// One block: result[0] = the sums' sum, result[1] = the squares'.
extern "C" __global__ void statistics_sum(const double *parts, double *result, unsigned blocks) {
    double sum = 0, squares = 0;
    for (unsigned i = threadIdx.x; i < blocks; i += THREADS) {
        sum += parts[2 * static_cast<size_t>(i)];
        squares += parts[2 * static_cast<size_t>(i) + 1];
    }
    sum = sum_of_block(sum);
    squares = sum_of_block(squares);
    if (threadIdx.x == 0) {
        result[0] = sum;
        result[1] = squares;
    }
}

// dead[unit] = 1 where the unit is zero for every picture; a NaN is not silent, nor is a leak below zero.
template <typename T>
__device__ void dead_units(const T *y, float *dead, unsigned batch, unsigned units) {
    const unsigned unit = thread_index();
    if (unit >= units) return;
    bool silent = true;
    for (unsigned picture = 0; picture < batch && silent; picture++) silent = widen(y[static_cast<size_t>(picture) * units + unit]) == 0.f;
    dead[unit] = silent;
}

extern "C" __global__ void statistics_dead_f32(const float *y, float *dead, unsigned batch, unsigned units) { dead_units(y, dead, batch, units); }

extern "C" __global__ void statistics_dead_bf16(const bf16 *y, float *dead, unsigned batch, unsigned units) { dead_units(y, dead, batch, units); }
