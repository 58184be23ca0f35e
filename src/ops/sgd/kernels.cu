// The end of a step for all parameters together: are the gradients finite, and if they are, the update.
#include "../cuda/numbers.cuh"

// Elements that a block goes through.
constexpr unsigned PIECE = 1 << 14;

// As in src/ops/cuda/launch.rs.
struct Trained {
    float *weight, *velocity;
    const float *gradient;
    bf16 *copy;
    unsigned length, first_block;
};

struct Tensors {
    unsigned count, first;
    Trained tensors[32];
};

// The tensor that this block works on.
__device__ inline const Trained &tensor_of_block(const Tensors &tensors) {
    unsigned i = 0;
    while (i + 1 < tensors.count && blockIdx.x >= tensors.tensors[i + 1].first_block) i++;
    return tensors.tensors[i];
}

__device__ inline unsigned blocks_of(const Trained &tensor) { return (tensor.length + PIECE - 1) / PIECE; }

// parts[block] = sum of the squares of its piece of a gradient.
extern "C" __global__ void sgd_square_parts(const __grid_constant__ Tensors tensors, double *parts) {
    const Trained &tensor = tensor_of_block(tensors);
    const unsigned first = (blockIdx.x - tensor.first_block) * PIECE;
    const unsigned end = tensor.length - first < PIECE ? tensor.length : first + PIECE;
    double sum = 0;
    for (unsigned i = first + threadIdx.x * 4; i < end; i += THREADS * 4) {
        if (i + 4 <= end) {
            const auto gradients = load<float, 4>(tensor.gradient + i);
            for (int j = 0; j < 4; j++) sum += static_cast<double>(gradients.values[j]) * gradients.values[j];
        } else {
            for (unsigned j = i; j < end; j++) sum += static_cast<double>(tensor.gradient[j]) * tensor.gradient[j];
        }
    }
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// A block a tensor: squares[first + block] = the sum of its parts.
extern "C" __global__ void sgd_square_sums(const __grid_constant__ Tensors tensors, const double *parts, double *squares) {
    const Trained &tensor = tensors.tensors[blockIdx.x];
    double sum = 0;
    for (unsigned i = threadIdx.x; i < blocks_of(tensor); i += THREADS) sum += parts[tensor.first_block + i];
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) squares[tensors.first + blockIdx.x] = sum;
}

// *stop = 1 unless the loss is finite and no gradient can move a weight out of the finite numbers: `reach` times its length is as far as
// it can. One thread.
extern "C" __global__ void sgd_judge(const double *loss, const double *squares, unsigned count, double reach, double *stop) {
    if (thread_index() != 0) return;
    bool fine = isfinite(*loss);
    for (unsigned i = 0; i < count; i++) fine = fine && isfinite(static_cast<float>(reach * sqrt(squares[i])));
    *stop = fine ? 0 : 1;
}

// g = dw + decay w;  v = momentum v + g;  change = rate (of_gradient g + of_velocity v);  w = w - change. Nothing happens where *stop is
// not zero. With norms, parts[2 * block] and the next are the sums of the squares of weights and changes.
template <bool NORMS>
__device__ void update(const Tensors &tensors, const double *stop, float rate, float momentum, float decay, float of_gradient, float of_velocity, double *parts) {
    const bool stopped = *stop != 0;
    const Trained &tensor = tensor_of_block(tensors);
    const unsigned first = (blockIdx.x - tensor.first_block) * PIECE;
    const unsigned end = tensor.length - first < PIECE ? tensor.length : first + PIECE;
    double weight_squares = 0, change_squares = 0;
    auto step = [&](float &w, float &v, float dw) {
        const float gradient = dw + decay * w;
        v = momentum * v + gradient;
        const float change = rate * (of_gradient * gradient + of_velocity * v);
        w -= change;
        if (NORMS) {
            weight_squares += static_cast<double>(w) * w;
            change_squares += static_cast<double>(change) * change;
        }
    };
    for (unsigned i = first + threadIdx.x * 4; i < end && !stopped; i += THREADS * 4) {
        if (i + 4 <= end) {
            auto weights = load<float, 4>(tensor.weight + i);
            auto velocities = load<float, 4>(tensor.velocity + i);
            const auto gradients = load<float, 4>(tensor.gradient + i);
            for (int j = 0; j < 4; j++) step(weights.values[j], velocities.values[j], gradients.values[j]);
            store(tensor.weight + i, weights);
            store(tensor.velocity + i, velocities);
            if (tensor.copy) {
                Pack<bf16, 4> copies;
                for (int j = 0; j < 4; j++) narrow(weights.values[j], copies.values[j]);
                store(tensor.copy + i, copies);
            }
        } else {
            for (unsigned j = i; j < end; j++) {
                step(tensor.weight[j], tensor.velocity[j], tensor.gradient[j]);
                if (tensor.copy) narrow(tensor.weight[j], tensor.copy[j]);
            }
        }
    }
    if (NORMS) {
        weight_squares = sum_of_block(weight_squares);
        change_squares = sum_of_block(change_squares);
        if (threadIdx.x == 0) {
            parts[2 * blockIdx.x] = weight_squares;
            parts[2 * blockIdx.x + 1] = change_squares;
        }
    }
}

extern "C" __global__ void sgd_update(const __grid_constant__ Tensors tensors, const double *stop, float rate, float momentum, float decay, float of_gradient, float of_velocity) {
    update<false>(tensors, stop, rate, momentum, decay, of_gradient, of_velocity, nullptr);
}

extern "C" __global__ void sgd_update_with_norms(const __grid_constant__ Tensors tensors, const double *stop, float rate, float momentum, float decay, float of_gradient, float of_velocity, double *parts) {
    update<true>(tensors, stop, rate, momentum, decay, of_gradient, of_velocity, parts);
}

// A block a tensor: norms[2 * (first + block)] and the next = the sums of its parts.
extern "C" __global__ void sgd_norm_sums(const __grid_constant__ Tensors tensors, const double *parts, double *norms) {
    const Trained &tensor = tensors.tensors[blockIdx.x];
    double weights = 0, changes = 0;
    for (unsigned i = threadIdx.x; i < blocks_of(tensor); i += THREADS) {
        weights += parts[2 * (tensor.first_block + i)];
        changes += parts[2 * (tensor.first_block + i) + 1];
    }
    weights = sum_of_block(weights);
    changes = sum_of_block(changes);
    if (threadIdx.x == 0) {
        norms[2 * (tensors.first + blockIdx.x)] = weights;
        norms[2 * (tensors.first + blockIdx.x) + 1] = changes;
    }
}
