// The maximum of each window and its place there; and the gradients of windows gathered where their maxima were.
#include "../cuda/numbers.cuh"

// Height and width of what goes in and comes out.
struct Windows {
    unsigned channels, height, width, rows, columns, kernel, stride;
    int channels_last;
};

// Where a thread works: N channels from `channel` on (1 in planes), at a row and a column of a picture.
struct Spot {
    size_t picture;
    unsigned channel, row, column;
};

template <int N>
__device__ inline Spot spot_of(unsigned i, const Windows &w, unsigned height, unsigned width) {
    Spot spot;
    if (w.channels_last) {
        const unsigned packs = w.channels / N;
        spot.channel = i % packs * N;
        spot.column = i / packs % width;
        spot.row = i / packs / width % height;
        spot.picture = i / packs / width / height;
    } else {
        spot.column = i % width;
        spot.row = i / width % height;
        spot.channel = i / width / height % w.channels;
        spot.picture = i / width / height / w.channels;
    }
    return spot;
}

// Of equal maxima the first in row order wins. A NaN wins, and only another beats it: no comparison with it is true.
template <typename T, int N>
__device__ void forward(const T *x, T *y, unsigned char *argmax, unsigned count, Windows w) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const Spot spot = spot_of<N>(i, w, w.rows, w.columns);
    const Place from = place_of(w.channels, w.height * w.width, w.channels_last);
    Pack<T, N> largest;
    Pack<unsigned char, N> places;
    float best[N];
    for (int j = 0; j < N; j++) {
        best[j] = -INFINITY;
        largest.values[j] = to_number<T>(-INFINITY);
        places.values[j] = 0;
    }
    for (unsigned u = 0; u < w.kernel; u++) {
        const unsigned row = spot.row * w.stride + u;
        if (row >= w.height) break;
        for (unsigned v = 0; v < w.kernel; v++) {
            const unsigned column = spot.column * w.stride + v;
            if (column >= w.width) break;
            const auto values = load<T, N>(x + at(from, spot.picture, spot.channel, row * w.width + column));
            for (int j = 0; j < N; j++) {
                const float value = widen(values.values[j]);
                if (value > best[j] || value != value) {
                    best[j] = value;
                    largest.values[j] = values.values[j];
                    places.values[j] = static_cast<unsigned char>(u * w.kernel + v);
                }
            }
        }
    }
    store(y + static_cast<size_t>(i) * N, largest);
    store(argmax + static_cast<size_t>(i) * N, places);
}

// Each input asks the windows that it lies in, in row order, whether it was their maximum.
template <typename T, int N>
__device__ void backward(const unsigned char *argmax, const T *dy, T *dx, unsigned count, Windows w) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const Spot spot = spot_of<N>(i, w, w.height, w.width);
    const Place from = place_of(w.channels, w.rows * w.columns, w.channels_last);
    const unsigned first_row = spot.row < w.kernel ? 0 : (spot.row - w.kernel) / w.stride + 1;
    const unsigned first_column = spot.column < w.kernel ? 0 : (spot.column - w.kernel) / w.stride + 1;
    float sum[N] = {};
    for (unsigned row = first_row; row * w.stride <= spot.row && row < w.rows; row++) {
        for (unsigned column = first_column; column * w.stride <= spot.column && column < w.columns; column++) {
            const unsigned place = (spot.row - row * w.stride) * w.kernel + spot.column - column * w.stride;
            const size_t window = at(from, spot.picture, spot.channel, row * w.columns + column);
            const auto places = load<unsigned char, N>(argmax + window);
            const auto gradients = load<T, N>(dy + window);
            for (int j = 0; j < N; j++)
                if (places.values[j] == place) sum[j] += widen(gradients.values[j]);
        }
    }
    Pack<T, N> result;
    for (int j = 0; j < N; j++) narrow(sum[j], result.values[j]);
    store(dx + static_cast<size_t>(i) * N, result);
}

#define POOL_KERNELS(SUFFIX, T, N)                                                                                                            \
    extern "C" __global__ void max_pool2d_forward_##SUFFIX(const T *x, T *y, unsigned char *argmax, unsigned count, unsigned channels,        \
                                                           unsigned height, unsigned width, unsigned rows, unsigned columns, unsigned kernel, \
                                                           unsigned stride, int channels_last) {                                              \
        forward<T, N>(x, y, argmax, count, Windows{channels, height, width, rows, columns, kernel, stride, channels_last});                   \
    }                                                                                                                                         \
    extern "C" __global__ void max_pool2d_backward_##SUFFIX(const unsigned char *argmax, const T *dy, T *dx, unsigned count,                  \
                                                            unsigned channels, unsigned height, unsigned width, unsigned rows,                \
                                                            unsigned columns, unsigned kernel, unsigned stride, int channels_last) {          \
        backward<T, N>(argmax, dy, dx, count, Windows{channels, height, width, rows, columns, kernel, stride, channels_last});                \
    }

POOL_KERNELS(f32, float, 1)
POOL_KERNELS(wide_f32, float, WIDE<float>)
POOL_KERNELS(bf16, bf16, 1)
POOL_KERNELS(wide_bf16, bf16, WIDE<bf16>)
