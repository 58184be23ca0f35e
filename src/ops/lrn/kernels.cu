// Local response normalization across channels. Sums and powers in F32, whatever the tensors hold; denominators are kept as F32.
#include "../cuda/numbers.cuh"

struct Normalization {
    unsigned channels, pixels;
    // On each side of the middle.
    unsigned reach;
    float k, alpha, beta;
};

// To about a unit in the last place, by one instruction.
__device__ inline float quick_root(float value) {
#ifdef __CUDA_ARCH__
    float root;
    asm("sqrt.approx.f32 %0, %1;" : "=f"(root) : "f"(value));
    return root;
#else
    return sqrtf(value);
#endif
}

// value / d^beta; the paper's beta = 3/4 is d^-3/4 = r * sqrt(r) with r = 1 / sqrt(d), to a few units in the last place. An exact root and
// an exact division are dozens of instructions, which a kernel that waits for memory otherwise has no time for.
__device__ inline float scaled(float value, float d, float beta) {
    if (beta == 0.75f) {
        const float root = rsqrtf(d);
        return value * (root * quick_root(root));
    }
    return value * powf(d, -beta);
}

// The channels from the first of N on that belong to the window of one of them.
__device__ inline unsigned window_start(unsigned channel, unsigned reach) { return channel > reach ? channel - reach : 0; }

__device__ inline unsigned window_end(unsigned last, unsigned reach, unsigned channels) {
    return last + reach + 1 < channels ? last + reach + 1 : channels;
}

// Whether `neighbour` is in `channel`'s window.
__device__ inline bool near(unsigned channel, unsigned neighbour, unsigned reach) {
    return neighbour + reach >= channel && neighbour <= channel + reach;
}

// A thread does N channels of one pixel; `by_channel` is the distance between two channels.
template <typename T, int N>
__device__ inline void forward(const T *x, T *y, float *denominator, size_t pixel, unsigned channel, unsigned by_channel, const Normalization &lrn) {
    float sum[N] = {};
    for (unsigned j = window_start(channel, lrn.reach); j < window_end(channel + N - 1, lrn.reach, lrn.channels); j++) {
        const float value = widen(x[pixel + static_cast<size_t>(j) * by_channel]);
        for (int c = 0; c < N; c++)
            if (near(channel + c, j, lrn.reach)) sum[c] += value * value;
    }
    const size_t i = pixel + static_cast<size_t>(channel) * by_channel;
    const auto inputs = load<T, N>(x + i);
    Pack<T, N> outputs;
    for (int c = 0; c < N; c++) {
        const float d = lrn.k + lrn.alpha * sum[c];
        denominator[i + c] = d;
        narrow(scaled(widen(inputs.values[c]), d, lrn.beta), outputs.values[c]);
    }
    store(y + i, outputs);
}

// dx_c = dy_c / d_c^beta - factor * x_c * sum of dy_j y_j / d_j.
template <typename T, int N>
__device__ inline void backward(const T *x, const T *y, const float *denominator, const T *dy, T *dx, size_t pixel, unsigned channel,
                                unsigned by_channel, float factor, const Normalization &lrn) {
    float sum[N] = {};
    for (unsigned j = window_start(channel, lrn.reach); j < window_end(channel + N - 1, lrn.reach, lrn.channels); j++) {
        const size_t i = pixel + static_cast<size_t>(j) * by_channel;
        const float ratio = __fdividef(widen(dy[i]) * widen(y[i]), denominator[i]);
        for (int c = 0; c < N; c++)
            if (near(channel + c, j, lrn.reach)) sum[c] += ratio;
    }
    const size_t i = pixel + static_cast<size_t>(channel) * by_channel;
    const auto inputs = load<T, N>(x + i);
    const auto gradients = load<T, N>(dy + i);
    Pack<T, N> results;
    for (int c = 0; c < N; c++)
        narrow(scaled(widen(gradients.values[c]), denominator[i + c], lrn.beta) - factor * widen(inputs.values[c]) * sum[c], results.values[c]);
    store(dx + i, results);
}

// `threads` = pixels of all pictures x channels / N where the channels of a pixel lie together; in planes, pixels of all pictures: a
// thread goes through all channels of its pixel, neighbours in a warp through neighbouring pixels.
#define LRN_KERNELS(SUFFIX, T, N)                                                                                                             \
    extern "C" __global__ void lrn_forward_last_##SUFFIX(const T *x, T *y, float *denominator, unsigned threads, unsigned channels,           \
                                                         unsigned pixels, unsigned reach, float k, float alpha, float beta) {                 \
        const unsigned i = thread_index(), packs = channels / N;                                                                              \
        if (i >= threads) return;                                                                                                             \
        const Normalization lrn{channels, pixels, reach, k, alpha, beta};                                                                     \
        forward<T, N>(x, y, denominator, static_cast<size_t>(i / packs) * channels, i % packs * N, 1, lrn);                                   \
    }                                                                                                                                         \
    extern "C" __global__ void lrn_backward_last_##SUFFIX(const T *x, const T *y, const float *denominator, const T *dy, T *dx,               \
                                                          unsigned threads, unsigned channels, unsigned pixels, unsigned reach, float k,      \
                                                          float alpha, float beta, float factor) {                                            \
        const unsigned i = thread_index(), packs = channels / N;                                                                              \
        if (i >= threads) return;                                                                                                             \
        const Normalization lrn{channels, pixels, reach, k, alpha, beta};                                                                     \
        backward<T, N>(x, y, denominator, dy, dx, static_cast<size_t>(i / packs) * channels, i % packs * N, 1, factor, lrn);                  \
    }

LRN_KERNELS(f32, float, 1)
LRN_KERNELS(wide_f32, float, WIDE<float>)
LRN_KERNELS(bf16, bf16, 1)
LRN_KERNELS(wide_bf16, bf16, WIDE<bf16>)

#define LRN_PLANE_KERNELS(SUFFIX, T)                                                                                                          \
    extern "C" __global__ void lrn_forward_planes_##SUFFIX(const T *x, T *y, float *denominator, unsigned threads, unsigned channels,         \
                                                           unsigned pixels, unsigned reach, float k, float alpha, float beta) {               \
        const unsigned i = thread_index();                                                                                                    \
        if (i >= threads) return;                                                                                                             \
        const Normalization lrn{channels, pixels, reach, k, alpha, beta};                                                                     \
        const size_t pixel = static_cast<size_t>(i / pixels) * channels * pixels + i % pixels;                                                \
        for (unsigned channel = 0; channel < channels; channel++) forward<T, 1>(x, y, denominator, pixel, channel, pixels, lrn);              \
    }                                                                                                                                         \
    extern "C" __global__ void lrn_backward_planes_##SUFFIX(const T *x, const T *y, const float *denominator, const T *dy, T *dx,             \
                                                            unsigned threads, unsigned channels, unsigned pixels, unsigned reach, float k,    \
                                                            float alpha, float beta, float factor) {                                          \
        const unsigned i = thread_index();                                                                                                    \
        if (i >= threads) return;                                                                                                             \
        const Normalization lrn{channels, pixels, reach, k, alpha, beta};                                                                     \
        const size_t pixel = static_cast<size_t>(i / pixels) * channels * pixels + i % pixels;                                                \
        for (unsigned channel = 0; channel < channels; channel++)                                                                             \
            backward<T, 1>(x, y, denominator, dy, dx, pixel, channel, pixels, factor, lrn);                                                   \
    }

LRN_PLANE_KERNELS(f32, float)
LRN_PLANE_KERNELS(bf16, bf16)
