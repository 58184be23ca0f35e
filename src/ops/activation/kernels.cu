// An activation in place, with the bias before it; and its derivative, with the bias's gradient.
#include "../cuda/numbers.cuh"

// The order of `Activation`; NONE leaves all as it is.
enum Function { NONE = -1, RELU = 0, LEAKY_RELU = 1, SOFTPLUS = 2 };

// A function as a type, so that loops are compiled for each and ask for none.
template <Function F>
struct Is {
    static constexpr Function value = F;
};

// Calls `does` with the function's type.
template <typename D>
__device__ inline void with(int function, D does) {
    switch (function) {
    case RELU: return does(Is<RELU>{});
    case LEAKY_RELU: return does(Is<LEAKY_RELU>{});
    case SOFTPLUS: return does(Is<SOFTPLUS>{});
    default: return does(Is<NONE>{});
    }
}

// Comparisons that a NaN fails leave the NaN.
template <Function F>
__device__ inline float apply(float leak, float x) {
    if (F == RELU) return x < 0.f ? 0.f : x;
    if (F == LEAKY_RELU) return x < 0.f ? leak * x : x;
    // ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), which overflows for no x.
    if (F == SOFTPLUS) return (x < 0.f ? 0.f : x) + log1pf(expf(-fabsf(x)));
    return x;
}

template <Function F>
__device__ inline float differentiate(float leak, float y, float dy) {
    if (F == RELU) return y > 0.f ? dy : 0.f;
    if (F == LEAKY_RELU) return y > 0.f ? dy : leak * dy;
    if (F == SOFTPLUS) return dy * -expm1f(-y);
    return dy;
}

// Which channel's element it is, and which of the neighbours of that channel; I is the narrowest integer that counts all elements.
template <typename I>
__device__ inline void find(I element, unsigned channels, unsigned inner, unsigned &channel, unsigned &within) {
    const I of_channel = inner == 1 ? element : element / inner;
    channel = static_cast<unsigned>(of_channel % channels);
    within = inner == 1 ? 0u : static_cast<unsigned>(element - of_channel * inner);
}

// y[i] = function(y[i] + bias[channel of i]); channel = i / inner % channels. A null bias is zero. A thread does 16 bytes.
template <typename T>
__device__ void forward(T *__restrict__ y, const float *__restrict__ bias, size_t count, unsigned channels, unsigned inner, int function, float leak) {
    const size_t first = static_cast<size_t>(thread_index()) * WIDE<T>;
    if (first >= count) return;
    unsigned channel = 0, within = 0;
    if (bias) {
        if (count <= 0xffffffffu) find(static_cast<unsigned>(first), channels, inner, channel, within);
        else find(first, channels, inner, channel, within);
    }
    with(function, [&](auto is) {
        auto next = [&](float x) {
            if (bias) {
                x += bias[channel];
                if (++within == inner) {
                    within = 0;
                    if (++channel == channels) channel = 0;
                }
            }
            return apply<decltype(is)::value>(leak, x);
        };
        if (first + WIDE<T> <= count) {
            auto pack = load<T, WIDE<T>>(y + first);
            for (int i = 0; i < WIDE<T>; i++) narrow(next(widen(pack.values[i])), pack.values[i]);
            store(y + first, pack);
        } else {
            for (size_t i = first; i < count; i++) narrow(next(widen(y[i])), y[i]);
        }
    });
}

extern "C" __global__ void activation_forward_f32(float *y, const float *bias, unsigned long long count, unsigned channels, unsigned inner, int function, float leak) {
    forward(y, bias, count, channels, inner, function, leak);
}

extern "C" __global__ void activation_forward_bf16(bf16 *y, const float *bias, unsigned long long count, unsigned channels, unsigned inner, int function, float leak) {
    forward(y, bias, count, channels, inner, function, leak);
}

// dy[i] becomes the gradient by what the function was given.
template <typename T>
__device__ void backward(const T *__restrict__ y, T *__restrict__ dy, size_t count, int function, float leak) {
    const size_t first = static_cast<size_t>(thread_index()) * WIDE<T>;
    if (first >= count) return;
    with(function, [&](auto is) {
        constexpr Function F = decltype(is)::value;
        if (first + WIDE<T> <= count) {
            const auto outputs = load<T, WIDE<T>>(y + first);
            auto gradients = load<T, WIDE<T>>(dy + first);
            for (int i = 0; i < WIDE<T>; i++)
                narrow(differentiate<F>(leak, widen(outputs.values[i]), widen(gradients.values[i])), gradients.values[i]);
            store(dy + first, gradients);
        } else {
            for (size_t i = first; i < count; i++) narrow(differentiate<F>(leak, widen(y[i]), widen(dy[i])), dy[i]);
        }
    });
}

extern "C" __global__ void activation_backward_f32(const float *y, float *dy, unsigned long long count, int function, float leak) {
    backward(y, dy, count, function, leak);
}

extern "C" __global__ void activation_backward_bf16(const bf16 *y, bf16 *dy, unsigned long long count, int function, float leak) {
    backward(y, dy, count, function, leak);
}

// Rows that a thread reads before it works on them, so that it waits for memory less often.
constexpr unsigned AHEAD = 2;

// The same where the channels of a row follow each other, and in the same pass each channel's sum: block (r, p) goes through the r-th
// `rows` rows and the p-th THREADS packs of N channels, a thread through every so many of the rows for its pack, and what the block found
// is in row r of `sums` [blocks along x x channels]. `of_thread` has THREADS * N numbers.
template <typename T, int N>
__device__ inline void backward_rows(const T *__restrict__ y, T *__restrict__ dy, float *__restrict__ sums, float *of_thread, unsigned rows, unsigned all_rows, unsigned channels, int function, float leak) {
    const unsigned start = blockIdx.y * THREADS, packs = channels / N;
    const unsigned side_by_side = packs - start < THREADS ? packs - start : THREADS;
    const unsigned lanes = THREADS / side_by_side;
    const unsigned lane = threadIdx.x / side_by_side, pack = threadIdx.x % side_by_side;
    const unsigned first_row = blockIdx.x * rows;
    const unsigned end = first_row + rows < all_rows ? first_row + rows : all_rows;
    const size_t column = static_cast<size_t>(start + pack) * N;
    float sum[N] = {};
    with(function, [&](auto is) {
        constexpr Function F = decltype(is)::value;
        if (lane >= lanes) return;
        for (unsigned row = first_row + lane; row < end; row += AHEAD * lanes) {
            Pack<T, N> outputs[AHEAD], gradients[AHEAD];
#pragma unroll
            for (unsigned a = 0; a < AHEAD; a++) {
                if (row + a * lanes < end) {
                    const size_t i = static_cast<size_t>(row + a * lanes) * channels + column;
                    gradients[a] = load<T, N>(dy + i);
                    if (F != NONE) outputs[a] = load<T, N>(y + i);
                }
            }
#pragma unroll
            for (unsigned a = 0; a < AHEAD; a++) {
                if (row + a * lanes >= end) break;
                auto &made = gradients[a];
                if (F != NONE) {
                    for (int j = 0; j < N; j++)
                        narrow(differentiate<F>(leak, widen(outputs[a].values[j]), widen(made.values[j])), made.values[j]);
                    store(dy + static_cast<size_t>(row + a * lanes) * channels + column, made);
                }
                for (int j = 0; j < N; j++) sum[j] += widen(made.values[j]);
            }
        }
    });
    for (int j = 0; j < N; j++) of_thread[threadIdx.x * N + j] = sum[j];
    __syncthreads();
    for (unsigned c = threadIdx.x; c < side_by_side * N; c += THREADS) {
        float total = 0.f;
        for (unsigned l = 0; l < lanes; l++) total += of_thread[l * side_by_side * N + c];
        sums[static_cast<size_t>(blockIdx.x) * channels + static_cast<size_t>(start) * N + c] = total;
    }
}

// y may be null where the function is NONE.
extern "C" __global__ void activation_backward_rows_f32(const float *y, float *dy, float *sums, unsigned rows, unsigned all_rows, unsigned channels, int function, float leak) {
    __shared__ float of_thread[THREADS * 1];
    backward_rows<float, 1>(y, dy, sums, of_thread, rows, all_rows, channels, function, leak);
}

extern "C" __global__ void activation_backward_rows_wide_f32(const float *y, float *dy, float *sums, unsigned rows, unsigned all_rows, unsigned channels, int function, float leak) {
    __shared__ float of_thread[THREADS * WIDE<float>];
    backward_rows<float, WIDE<float>>(y, dy, sums, of_thread, rows, all_rows, channels, function, leak);
}

extern "C" __global__ void activation_backward_rows_bf16(const bf16 *y, bf16 *dy, float *sums, unsigned rows, unsigned all_rows, unsigned channels, int function, float leak) {
    __shared__ float of_thread[THREADS * 1];
    backward_rows<bf16, 1>(y, dy, sums, of_thread, rows, all_rows, channels, function, leak);
}

extern "C" __global__ void activation_backward_rows_wide_bf16(const bf16 *y, bf16 *dy, float *sums, unsigned rows, unsigned all_rows, unsigned channels, int function, float leak) {
    __shared__ float of_thread[THREADS * WIDE<bf16>];
    backward_rows<bf16, WIDE<bf16>>(y, dy, sums, of_thread, rows, all_rows, channels, function, leak);
}

// The same for planes: block (c, s) goes through channel c of the s-th `pictures` pictures; `sums` is [blocks along y x channels].
template <typename T>
__device__ void backward_planes(const T *__restrict__ y, T *__restrict__ dy, float *__restrict__ sums, unsigned pictures, unsigned all_pictures, unsigned channels, unsigned pixels, int function, float leak) {
    const unsigned channel = blockIdx.x, first = blockIdx.y * pictures;
    const unsigned end = first + pictures < all_pictures ? first + pictures : all_pictures;
    float sum = 0.f;
    with(function, [&](auto is) {
        constexpr Function F = decltype(is)::value;
        for (unsigned picture = first; picture < end; picture++) {
            const size_t plane = (static_cast<size_t>(picture) * channels + channel) * pixels;
            for (unsigned pixel = threadIdx.x; pixel < pixels; pixel += THREADS) {
                T gradient = dy[plane + pixel];
                if (F != NONE) {
                    narrow(differentiate<F>(leak, widen(y[plane + pixel]), widen(gradient)), gradient);
                    dy[plane + pixel] = gradient;
                }
                sum += widen(gradient);
            }
        }
    });
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) sums[static_cast<size_t>(blockIdx.y) * channels + channel] = sum;
}

extern "C" __global__ void activation_backward_planes_f32(const float *y, float *dy, float *sums, unsigned pictures, unsigned all_pictures, unsigned channels, unsigned pixels, int function, float leak) {
    backward_planes(y, dy, sums, pictures, all_pictures, channels, pixels, function, leak);
}

extern "C" __global__ void activation_backward_planes_bf16(const bf16 *y, bf16 *dy, float *sums, unsigned pictures, unsigned all_pictures, unsigned channels, unsigned pixels, int function, float leak) {
    backward_planes(y, dy, sums, pictures, all_pictures, channels, pixels, function, leak);
}

// db[c] = the sum of column c of `sums` [rows x channels]; a block does 8 columns, 32 threads each.
extern "C" __global__ void activation_bias_gradient(const float *sums, float *db, unsigned rows, unsigned channels) {
    constexpr unsigned COLUMNS = 8, LANES = THREADS / COLUMNS;
    __shared__ float of_lane[THREADS];
    const unsigned column = blockIdx.x * COLUMNS + threadIdx.x % COLUMNS, lane = threadIdx.x / COLUMNS;
    float sum = 0.f;
    if (column < channels)
        for (unsigned row = lane; row < rows; row += LANES) sum += sums[static_cast<size_t>(row) * channels + column];
    of_lane[threadIdx.x] = sum;
    __syncthreads();
    if (lane == 0 && column < channels) {
        for (unsigned l = 1; l < LANES; l++) sum += of_lane[l * COLUMNS + threadIdx.x];
        db[column] = sum;
    }
}
