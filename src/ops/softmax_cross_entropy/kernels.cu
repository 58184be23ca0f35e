// Softmax, cross-entropy and its gradient: a thread a picture, in F64 as on the CPU.
#include "../cuda/numbers.cuh"

// For each picture its loss and whether the first largest logit is its class's; the probabilities and the gradient of the mean loss
// where those pointers are not null.
template <typename T>
__device__ void pictures(const T *logits, const unsigned char *labels, float *probabilities, T *gradient, double *losses, double *rights,
                         unsigned batch, unsigned classes) {
    const unsigned picture = thread_index();
    if (picture >= batch) return;
    const T *z = logits + static_cast<size_t>(picture) * classes;
    const unsigned label = labels[picture];
    // A NaN is passed over here and spoils the sum below, as on the CPU.
    double largest = -INFINITY;
    unsigned best = 0;
    for (unsigned c = 0; c < classes; c++) {
        largest = fmax(largest, static_cast<double>(widen(z[c])));
        if (widen(z[c]) > widen(z[best])) best = c;
    }
    double sum = 0;
    for (unsigned c = 0; c < classes; c++) sum += exp(static_cast<double>(widen(z[c])) - largest);
    const double log_sum = log(sum);
    for (unsigned c = 0; c < classes; c++) {
        const size_t i = static_cast<size_t>(picture) * classes + c;
        const double probability = exp(static_cast<double>(widen(z[c])) - largest - log_sum);
        if (probabilities) probabilities[i] = static_cast<float>(probability);
        if (gradient) narrow(static_cast<float>((probability - (c == label)) / batch), gradient[i]);
    }
    losses[picture] = log_sum - (static_cast<double>(widen(z[label])) - largest);
    rights[picture] = best == label;
}

extern "C" __global__ void softmax_cross_entropy_pictures_f32(const float *logits, const unsigned char *labels, float *probabilities, float *gradient, double *losses, double *rights, unsigned batch, unsigned classes) {
    pictures(logits, labels, probabilities, gradient, losses, rights, batch, classes);
}

extern "C" __global__ void softmax_cross_entropy_pictures_bf16(const bf16 *logits, const unsigned char *labels, float *probabilities, bf16 *gradient, double *losses, double *rights, unsigned batch, unsigned classes) {
    pictures(logits, labels, probabilities, gradient, losses, rights, batch, classes);
}

// One block: result[0] = sum of losses, result[1] = sum of rights.
extern "C" __global__ void softmax_cross_entropy_sum(const double *losses, const double *rights, double *result, unsigned batch) {
    double loss = 0, right = 0;
    for (unsigned i = threadIdx.x; i < batch; i += THREADS) {
        loss += losses[i];
        right += rights[i];
    }
    loss = sum_of_block(loss);
    right = sum_of_block(right);
    if (threadIdx.x == 0) {
        result[0] = loss;
        result[1] = right;
    }
}
