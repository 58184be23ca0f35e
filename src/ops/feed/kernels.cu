// From bytes to the network's input: moved, mirrored, as values, scaled bilinearly, all in one pass over the result.
#include "../cuda/numbers.cuh"

// How one picture is seen; as in src/ops/feed/mod.rs.
struct Shown {
    unsigned picture;
    int right, down, mirrored;
};

// Where a row or column of the result takes its value: two of the picture's, and the weight of each.
struct Tap {
    unsigned before, after;
    float weight_before, weight_after;
};

// The value of a pixel as the picture is shown: 0 where the border shows.
__device__ inline float seen(const unsigned char *plane, const float *values, int side, const Shown &shown, int row, int column) {
    row -= shown.down;
    column -= shown.right;
    if (shown.mirrored) column = side - 1 - column;
    if (row < 0 || row >= side || column < 0 || column >= side) return 0.f;
    return values[plane[row * side + column]];
}

// `bytes` are pictures of 3 planes of side x side; `values` is [3 x 256]; a thread does one pixel of the result, all channels of it.
template <typename T>
__device__ void feed(const unsigned char *bytes, const float *values, const Shown *shown, const Tap *rows, const Tap *columns, T *x,
                     unsigned count, int side, unsigned height, unsigned width, int reversed, int channels_last) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const unsigned column = i % width, row = i / width % height, picture = i / width / height;
    const Shown view = shown[picture];
    const Tap down = rows[row], across = columns[column];
    const unsigned char *planes = bytes + static_cast<size_t>(view.picture) * 3 * side * side;
    const Place place = place_of(3, height * width, channels_last);
    for (unsigned channel = 0; channel < 3; channel++) {
        const unsigned source = reversed ? 2 - channel : channel;
        const unsigned char *plane = planes + source * side * side;
        const float *of_channel = values + source * 256;
        float sides[2];
        for (int k = 0; k < 2; k++) {
            const int from = static_cast<int>(k ? down.after : down.before);
            const float left = seen(plane, of_channel, side, view, from, static_cast<int>(across.before));
            const float right = seen(plane, of_channel, side, view, from, static_cast<int>(across.after));
            sides[k] = across.weight_before * left + across.weight_after * right;
        }
        narrow(down.weight_before * sides[0] + down.weight_after * sides[1], x[at(place, picture, channel, row * width + column)]);
    }
}

extern "C" __global__ void feed_f32(const unsigned char *bytes, const float *values, const Shown *shown, const Tap *rows, const Tap *columns, float *x, unsigned count, int side, unsigned height, unsigned width, int reversed, int channels_last) {
    feed(bytes, values, shown, rows, columns, x, count, side, height, width, reversed, channels_last);
}

extern "C" __global__ void feed_bf16(const unsigned char *bytes, const float *values, const Shown *shown, const Tap *rows, const Tap *columns, bf16 *x, unsigned count, int side, unsigned height, unsigned width, int reversed, int channels_last) {
    feed(bytes, values, shown, rows, columns, x, count, side, height, width, reversed, channels_last);
}
