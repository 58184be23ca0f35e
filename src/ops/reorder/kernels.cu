// The same numbers in another order of memory, or another width.
#include "../cuda/numbers.cuh"

// A thread writes one element of `to`, whose elements it counts as they lie.
template <typename T, typename U>
__device__ void reorder(const T *from, U *to, unsigned count, unsigned channels, unsigned pixels, int from_last, int to_last) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const Place source = place_of(channels, pixels, from_last);
    const unsigned channel = to_last ? i % channels : i / pixels % channels;
    const unsigned pixel = to_last ? i / channels % pixels : i % pixels;
    narrow(widen(from[at(source, i / channels / pixels, channel, pixel)]), to[i]);
}

#define REORDER_KERNEL(NAME, T, U)                                                                                                            \
    extern "C" __global__ void NAME(const T *from, U *to, unsigned count, unsigned channels, unsigned pixels, int from_last, int to_last) {   \
        reorder(from, to, count, channels, pixels, from_last, to_last);                                                                       \
    }

REORDER_KERNEL(reorder_f32_f32, float, float)
REORDER_KERNEL(reorder_f32_bf16, float, bf16)
REORDER_KERNEL(reorder_bf16_f32, bf16, float)
REORDER_KERNEL(reorder_bf16_bf16, bf16, bf16)
