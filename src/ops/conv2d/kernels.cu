// What cuDNN does not do: its weights' order, and zeros around one side of a picture only.
#include "../cuda/numbers.cuh"

// [out, in, places] to [out, places, in]: weights as cuDNN wants them where the channels of a pixel lie together.
template <typename T, typename U>
__device__ void weights_last(const T *from, U *to, unsigned count, unsigned in, unsigned places) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const unsigned channel = i % in, place = i / in % places, out = i / in / places;
    narrow(widen(from[(static_cast<size_t>(out) * in + channel) * places + place]), to[i]);
}

extern "C" __global__ void conv2d_weights_last_f32(const float *from, float *to, unsigned count, unsigned in, unsigned places) {
    weights_last(from, to, count, in, places);
}

extern "C" __global__ void conv2d_weights_last_bf16(const bf16 *from, bf16 *to, unsigned count, unsigned in, unsigned places) {
    weights_last(from, to, count, in, places);
}

// [out, places, in] back to [out, in, places], as F32.
template <typename T>
__device__ void gradient_first(const T *from, float *to, unsigned count, unsigned in, unsigned places) {
    const unsigned i = thread_index();
    if (i >= count) return;
    const unsigned place = i % places, channel = i / places % in, out = i / places / in;
    to[i] = widen(from[(static_cast<size_t>(out) * places + place) * in + channel]);
}

extern "C" __global__ void conv2d_gradient_first_f32(const float *from, float *to, unsigned count, unsigned in, unsigned places) {
    gradient_first(from, to, count, in, places);
}

extern "C" __global__ void conv2d_gradient_first_bf16(const bf16 *from, float *to, unsigned count, unsigned in, unsigned places) {
    gradient_first(from, to, count, in, places);
}

// A smaller picture inside a larger one, `top` rows and `left` columns from its corner. A thread does one element of the larger one
// (`out`: zero outside of the smaller) or of the smaller one.
struct Frame {
    unsigned channels, height, width, large_height, large_width, top, left;
    int channels_last;
};

template <typename T>
__device__ void pad(const T *small, T *large, unsigned count, Frame frame) {
    const unsigned i = thread_index();
    if (i >= count) return;
    unsigned channel, row, column;
    size_t picture;
    if (frame.channels_last) {
        channel = i % frame.channels;
        column = i / frame.channels % frame.large_width;
        row = i / frame.channels / frame.large_width % frame.large_height;
        picture = i / frame.channels / frame.large_width / frame.large_height;
    } else {
        column = i % frame.large_width;
        row = i / frame.large_width % frame.large_height;
        channel = i / frame.large_width / frame.large_height % frame.channels;
        picture = i / frame.large_width / frame.large_height / frame.channels;
    }
    // Unsigned: what lies above or left of the smaller picture becomes very large.
    row -= frame.top;
    column -= frame.left;
    const bool inside = row < frame.height && column < frame.width;
    const Place place = place_of(frame.channels, frame.height * frame.width, frame.channels_last);
    large[i] = inside ? small[at(place, picture, channel, row * frame.width + column)] : to_number<T>(0.f);
}

template <typename T>
__device__ void crop(const T *large, T *small, unsigned count, Frame frame) {
    const unsigned i = thread_index();
    if (i >= count) return;
    unsigned channel, row, column;
    size_t picture;
    if (frame.channels_last) {
        channel = i % frame.channels;
        column = i / frame.channels % frame.width;
        row = i / frame.channels / frame.width % frame.height;
        picture = i / frame.channels / frame.width / frame.height;
    } else {
        column = i % frame.width;
        row = i / frame.width % frame.height;
        channel = i / frame.width / frame.height % frame.channels;
        picture = i / frame.width / frame.height / frame.channels;
    }
    const Place place = place_of(frame.channels, frame.large_height * frame.large_width, frame.channels_last);
    small[i] = large[at(place, picture, channel, (row + frame.top) * frame.large_width + column + frame.left)];
}

#define FRAME_KERNEL(NAME, WORK, T)                                                                                                           \
    extern "C" __global__ void NAME(const T *from, T *to, unsigned count, unsigned channels, unsigned height, unsigned width,                 \
                                    unsigned large_height, unsigned large_width, unsigned top, unsigned left, int channels_last) {           \
        WORK(from, to, count, Frame{channels, height, width, large_height, large_width, top, left, channels_last});                          \
    }

FRAME_KERNEL(conv2d_pad_f32, pad, float)
FRAME_KERNEL(conv2d_pad_bf16, pad, bf16)
FRAME_KERNEL(conv2d_crop_f32, crop, float)
FRAME_KERNEL(conv2d_crop_bf16, crop, bf16)
