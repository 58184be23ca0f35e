// Dropout with the very random numbers of the CPU: one ChaCha8 stream for a key, its words in the order of the units.
#include "../cuda/numbers.cuh"

struct Key {
    unsigned words[8];
};

__device__ inline unsigned turn(unsigned value, int by) { return value << by | value >> (32 - by); }

__device__ inline void quarter_round(unsigned *s, int a, int b, int c, int d) {
    s[a] += s[b], s[d] = turn(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = turn(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = turn(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = turn(s[b] ^ s[c], 7);
}

// The 16 words of a block (Bernstein 2008, "ChaCha, a variant of Salsa20"; 8 rounds, a counter of 64 bits, stream 0).
__device__ inline void chacha8(const Key &key, unsigned long long counter, unsigned *words) {
    unsigned start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (int i = 0; i < 8; i++) start[4 + i] = key.words[i];
    start[12] = static_cast<unsigned>(counter);
    start[13] = static_cast<unsigned>(counter >> 32);
    start[14] = start[15] = 0;
    for (int i = 0; i < 16; i++) words[i] = start[i];
    for (int round = 0; round < 8; round += 2) {
        quarter_round(words, 0, 4, 8, 12);
        quarter_round(words, 1, 5, 9, 13);
        quarter_round(words, 2, 6, 10, 14);
        quarter_round(words, 3, 7, 11, 15);
        quarter_round(words, 0, 5, 10, 15);
        quarter_round(words, 1, 6, 11, 12);
        quarter_round(words, 2, 7, 8, 13);
        quarter_round(words, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) words[i] += start[i];
}

// A thread draws one block for 16 units, counted as the shape says, wherever they lie. A unit is silent where its bits are below
// `threshold` (p times 2^32). x may be y.
template <typename T>
__device__ void forward(const T *x, T *y, unsigned char *mask, unsigned count, Place place, unsigned long long threshold, float factor, const Key &key) {
    const unsigned block = thread_index();
    if (static_cast<unsigned long long>(block) * 16 >= count) return;
    unsigned words[16];
    chacha8(key, block, words);
    for (unsigned j = 0; j < 16 && block * 16 + j < count; j++) {
        const unsigned unit = block * 16 + j;
        const unsigned pixel = unit % place.pixels, channel = unit / place.pixels % place.channels;
        const size_t i = at(place, unit / place.pixels / place.channels, channel, pixel);
        const bool speaks = words[j] >= threshold;
        mask[i] = speaks;
        narrow(speaks ? widen(x[i]) * factor : 0.f, y[i]);
    }
}

#define DROPOUT_KERNELS(T, SUFFIX)                                                                                                            \
    extern "C" __global__ void dropout_forward_##SUFFIX(const T *x, T *y, unsigned char *mask, unsigned count, unsigned channels,             \
                                                        unsigned pixels, int channels_last, unsigned long long threshold, float factor,       \
                                                        unsigned k0, unsigned k1, unsigned k2, unsigned k3, unsigned k4, unsigned k5,         \
                                                        unsigned k6, unsigned k7) {                                                           \
        forward(x, y, mask, count, place_of(channels, pixels, channels_last), threshold, factor, Key{{k0, k1, k2, k3, k4, k5, k6, k7}});      \
    }                                                                                                                                         \
    extern "C" __global__ void dropout_backward_##SUFFIX(const unsigned char *mask, const T *dy, T *dx, unsigned count, float factor) {       \
        const unsigned i = thread_index();                                                                                                    \
        if (i < count) narrow(mask[i] ? widen(dy[i]) * factor : 0.f, dx[i]);                                                                  \
    }

DROPOUT_KERNELS(float, f32)
DROPOUT_KERNELS(bf16, bf16)
