// CUDA's words for a C++ compiler: a kernel becomes a function that runs as one thread of one block.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

struct Index {
    unsigned x, y, z;
};

extern Index threadIdx, blockIdx;

// Lets the other threads of the block come to the same line.
void __syncthreads();

#define __device__
#define __global__
// One block runs at a time.
#define __shared__ static
#define __grid_constant__

using std::isfinite;

inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// As far off as CUDA's may be: two units in the last place, and on the side that adds up.
inline float rsqrtf(float value) { return (1 / std::sqrt(value)) * (1 + 0x1p-22f); }

inline float __fdividef(float value, float by) { return value / by * (1 + 0x1p-22f); }
