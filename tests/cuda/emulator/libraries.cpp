// The parts of cuDNN, cuBLAS and cuRAND that the program uses, by their definitions: slow, in F64, factors rounded as the precision says.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

enum Numbers { F32, BF16 };
enum { SUCCESS = 0, BAD = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };

float narrowed(float value, int dropped) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    if (value == value) bits = (bits + ((1u << (dropped - 1)) - 1) + (bits >> dropped & 1)) >> dropped << dropped;
    std::memcpy(&value, &bits, 4);
    return value;
}

float get(const void *from, size_t i, Numbers numbers) {
    if (numbers == F32) return static_cast<const float *>(from)[i];
    const uint32_t bits = uint32_t{static_cast<const uint16_t *>(from)[i]} << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

void put(void *to, size_t i, double value, Numbers numbers) {
    if (numbers == F32) {
        static_cast<float *>(to)[i] = static_cast<float>(value);
        return;
    }
    const float rounded = narrowed(static_cast<float>(value), 16);
    uint32_t bits;
    std::memcpy(&bits, &rounded, 4);
    static_cast<uint16_t *>(to)[i] = static_cast<uint16_t>(bits >> 16);
}

// Whether what TF32 drops is cut off, as tensor cores do by themselves; otherwise it is rounded, as libraries may do for them before.
const bool CUTS_OFF = [] {
    const char *how = std::getenv("EMULATED_TF32");
    return how && !std::strcmp(how, "truncate");
}();

// A factor of a product: TF32 drops 13 bits.
double factor(float value, bool tf32) {
    if (!tf32) return value;
    if (!CUTS_OFF || value != value) return narrowed(value, 13);
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    bits = bits >> 13 << 13;
    std::memcpy(&value, &bits, 4);
    return value;
}

struct Tensor {
    int format, type, n, c, h, w;
    Numbers numbers() const { return type == 9 ? BF16 : F32; }
    size_t at(int i, int channel, int row, int column) const {
        const size_t p = size_t(row) * w + column;
        return format == 1 ? (size_t(i) * h * w + p) * c + channel : (size_t(i) * c + channel) * h * w + p;
    }
    size_t count() const { return size_t(n) * c * h * w; }
    // As planes of F64.
    std::vector<double> read(const void *from, bool tf32) const {
        std::vector<double> planes(count());
        size_t to = 0;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < c; k++)
                for (int y = 0; y < h; y++)
                    for (int x = 0; x < w; x++) planes[to++] = factor(get(from, at(i, k, y, x), numbers()), tf32);
        return planes;
    }
    void write(void *to, const std::vector<double> &planes) const {
        size_t from = 0;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < c; k++)
                for (int y = 0; y < h; y++)
                    for (int x = 0; x < w; x++) put(to, at(i, k, y, x), planes[from++], numbers());
    }
};

struct Convolution {
    int rows, columns, stride, groups = 1, math = 0;
};

// The number of an algorithm that is named for every shape and does none.
constexpr int EMPTY_PROMISE = 5;

enum Pass { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT };

int convolve(int algorithm, Pass pass, const Tensor &x, void *px, const Tensor &w, void *pw, const Tensor &y, void *py, const Convolution &geo) {
    if (algorithm == EMPTY_PROMISE) return NOT_SUPPORTED;
    const int out_rows = (x.h + 2 * geo.rows - w.h) / geo.stride + 1, out_columns = (x.w + 2 * geo.columns - w.w) / geo.stride + 1;
    if (y.h != out_rows || y.w != out_columns || w.c * geo.groups != x.c || w.n != y.c || x.n != y.n) return BAD;
    if (x.type != w.type || w.type != y.type || x.format != y.format || w.format != x.format) return NOT_SUPPORTED;
    const bool tf32 = x.numbers() == F32 && geo.math != 3;
    const auto zeros = [](const Tensor &t) { return std::vector<double>(t.count()); };
    auto xs = pass == INPUT_GRADIENT ? zeros(x) : x.read(px, tf32);
    auto ws = pass == WEIGHT_GRADIENT ? zeros(w) : w.read(pw, tf32);
    auto ys = pass == FORWARD ? zeros(y) : y.read(py, tf32);
    const int out_group = y.c / geo.groups;
    for (int i = 0; i < x.n; i++)
        for (int o = 0; o < y.c; o++)
            for (int c = 0; c < w.c; c++) {
                double *plane = &xs[(size_t(i) * x.c + o / out_group * w.c + c) * x.h * x.w];
                double *result = &ys[(size_t(i) * y.c + o) * y.h * y.w];
                double *weights = &ws[(size_t(o) * w.c + c) * w.h * w.w];
                for (int u = 0; u < w.h; u++)
                    for (int v = 0; v < w.w; v++)
                        for (int r = 0; r < y.h; r++) {
                            const int row = r * geo.stride + u - geo.rows;
                            if (row < 0 || row >= x.h) continue;
                            int from = 0, to = y.w;
                            while (from < to && from * geo.stride + v - geo.columns < 0) from++;
                            while (to > from && (to - 1) * geo.stride + v - geo.columns >= x.w) to--;
                            double *of_x = plane + size_t(row) * x.w + v - geo.columns, *of_y = result + size_t(r) * y.w;
                            double &weight = weights[u * w.w + v];
                            if (pass == FORWARD)
                                for (int q = from; q < to; q++) of_y[q] += weight * of_x[q * geo.stride];
                            else if (pass == INPUT_GRADIENT)
                                for (int q = from; q < to; q++) of_x[q * geo.stride] += weight * of_y[q];
                            else
                                for (int q = from; q < to; q++) weight += of_x[q * geo.stride] * of_y[q];
                        }
            }
    if (pass == FORWARD) y.write(py, ys);
    if (pass == INPUT_GRADIENT) x.write(px, xs);
    if (pass == WEIGHT_GRADIENT) w.write(pw, ws);
    return SUCCESS;
}

// As cudnnConvolutionFwdAlgoPerf_t and its two siblings.
struct Answer {
    int algorithm, status;
    float time;
    size_t memory;
    int determinism, math;
    int reserved[3];
};

// For windows of this side algorithms are named, and the search for the fastest fails.
constexpr int NOT_TIMED = 7;
// For windows of this side there is no algorithm.
constexpr int IMPOSSIBLE = 9;

// The first is not there, the second gives other bits each time, the third fails when it is run; whoever wants the same bits has to come to
// the fourth.
int answer(int most, int *count, Answer *answers, const Convolution &geo, const Tensor &w) {
    *count = 0;
    if (w.h == IMPOSSIBLE) return NOT_SUPPORTED;
    const Answer all[4] = {{2, NOT_SUPPORTED, 1, 0, 1, geo.math, {}},
                           {0, SUCCESS, 2, 128, 0, geo.math, {}},
                           {EMPTY_PROMISE, SUCCESS, 3, 64, 1, geo.math, {}},
                           {1, SUCCESS, 4, 256, 1, geo.math, {}}};
    *count = most < 4 ? most : 4;
    for (int i = 0; i < *count; i++) answers[i] = all[i];
    return SUCCESS;
}

} // namespace

extern "C" {

int cudnnCreate(void **handle) { return *handle = new int, SUCCESS; }
int cudnnDestroy(void *handle) { return delete static_cast<int *>(handle), SUCCESS; }
int cudnnSetStream(void *, void *) { return SUCCESS; }
size_t cudnnGetVersion() { return 91002; }

int cudnnCreateTensorDescriptor(Tensor **made) { return *made = new Tensor, SUCCESS; }
int cudnnDestroyTensorDescriptor(Tensor *made) { return delete made, SUCCESS; }
int cudnnSetTensor4dDescriptor(Tensor *made, int format, int type, int n, int c, int h, int w) {
    return *made = {format, type, n, c, h, w}, SUCCESS;
}
int cudnnCreateFilterDescriptor(Tensor **made) { return *made = new Tensor, SUCCESS; }
int cudnnDestroyFilterDescriptor(Tensor *made) { return delete made, SUCCESS; }
int cudnnSetFilter4dDescriptor(Tensor *made, int type, int format, int n, int c, int h, int w) {
    return *made = {format, type, n, c, h, w}, SUCCESS;
}
int cudnnCreateConvolutionDescriptor(Convolution **made) { return *made = new Convolution, SUCCESS; }
int cudnnDestroyConvolutionDescriptor(Convolution *made) { return delete made, SUCCESS; }
int cudnnSetConvolution2dDescriptor(Convolution *made, int rows, int columns, int u, int v, int du, int dv, int mode, int type) {
    if (u != v || du != 1 || dv != 1 || mode != 1 || type != 0) return NOT_SUPPORTED;
    made->rows = rows, made->columns = columns, made->stride = u;
    return SUCCESS;
}
int cudnnSetConvolutionGroupCount(Convolution *made, int groups) { return made->groups = groups, SUCCESS; }
int cudnnSetConvolutionMathType(Convolution *made, int math) { return made->math = math, SUCCESS; }

int cudnnGetConvolutionForwardAlgorithm_v7(void *, Tensor *, Tensor *w, Convolution *c, Tensor *, int most, int *count, Answer *to) {
    return answer(most, count, to, *c, *w);
}
int cudnnGetConvolutionBackwardDataAlgorithm_v7(void *, Tensor *w, Tensor *, Convolution *c, Tensor *, int most, int *count, Answer *to) {
    return answer(most, count, to, *c, *w);
}
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(void *, Tensor *, Tensor *, Convolution *c, Tensor *w, int most, int *count, Answer *to) {
    return answer(most, count, to, *c, *w);
}
int cudnnFindConvolutionForwardAlgorithmEx(void *, Tensor *, const void *, Tensor *w, const void *, Convolution *c, Tensor *y, void *py, int most,
                                           int *count, Answer *to, void *, size_t) {
    if (w->h == NOT_TIMED) return EXECUTION_FAILED;
    y->write(py, std::vector<double>(y->count(), 7.0));
    return answer(most, count, to, *c, *w);
}
int cudnnFindConvolutionBackwardDataAlgorithmEx(void *, Tensor *w, const void *, Tensor *, const void *, Convolution *c, Tensor *x, void *px,
                                                int most, int *count, Answer *to, void *, size_t) {
    if (w->h == NOT_TIMED) return EXECUTION_FAILED;
    x->write(px, std::vector<double>(x->count(), 7.0));
    return answer(most, count, to, *c, *w);
}
int cudnnFindConvolutionBackwardFilterAlgorithmEx(void *, Tensor *, const void *, Tensor *, const void *, Convolution *c, Tensor *w, void *pw,
                                                  int most, int *count, Answer *to, void *, size_t) {
    if (w->h == NOT_TIMED) return EXECUTION_FAILED;
    w->write(pw, std::vector<double>(w->count(), 7.0));
    return answer(most, count, to, *c, *w);
}

int cudnnConvolutionForward(void *, const float *, Tensor *x, void *px, Tensor *w, void *pw, Convolution *c, int algorithm, void *, size_t,
                            const float *, Tensor *y, void *py) {
    return convolve(algorithm, FORWARD, *x, px, *w, pw, *y, py, *c);
}
int cudnnConvolutionBackwardData(void *, const float *, Tensor *w, void *pw, Tensor *y, void *py, Convolution *c, int algorithm, void *, size_t,
                                 const float *, Tensor *x, void *px) {
    return convolve(algorithm, INPUT_GRADIENT, *x, px, *w, pw, *y, py, *c);
}
int cudnnConvolutionBackwardFilter(void *, const float *, Tensor *x, void *px, Tensor *y, void *py, Convolution *c, int algorithm, void *, size_t,
                                   const float *, Tensor *w, void *pw) {
    return convolve(algorithm, WEIGHT_GRADIENT, *x, px, *w, pw, *y, py, *c);
}

int cublasCreate_v2(void **handle) { return *handle = new int, SUCCESS; }
int cublasDestroy_v2(void *handle) { return delete static_cast<int *>(handle), SUCCESS; }
int cublasSetStream_v2(void *, void *) { return SUCCESS; }

int cublasGemmEx(void *, int turn_a, int turn_b, int m, int n, int k, const float *alpha, const void *a, int a_type, int lda, const void *b,
                 int b_type, int ldb, const float *beta, void *c, int c_type, int ldc, int arithmetic, int) {
    if (*alpha != 1.f || *beta != 0.f || a_type != b_type) return 7;
    if (lda < (turn_a ? k : m) || ldb < (turn_b ? n : k) || ldc < m) return 7;
    const auto numbers = [](int type) { return type == 14 ? BF16 : F32; };
    const bool tf32 = arithmetic == 77;
    // Rows of op(A) and columns of op(B), each as neighbours.
    std::vector<double> left(size_t(m) * k), right(size_t(n) * k);
    for (int i = 0; i < m; i++)
        for (int s = 0; s < k; s++)
            left[size_t(i) * k + s] = factor(get(a, turn_a ? size_t(i) * lda + s : size_t(s) * lda + i, numbers(a_type)), tf32);
    for (int j = 0; j < n; j++)
        for (int s = 0; s < k; s++)
            right[size_t(j) * k + s] = factor(get(b, turn_b ? size_t(s) * ldb + j : size_t(j) * ldb + s, numbers(b_type)), tf32);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            const double *p = &left[size_t(i) * k], *q = &right[size_t(j) * k];
            double sums[8] = {};
            int s = 0;
            for (; s + 8 <= k; s += 8)
                for (int l = 0; l < 8; l++) sums[l] += p[s + l] * q[s + l];
            for (; s < k; s++) sums[0] += p[s] * q[s];
            double sum = 0;
            for (double part : sums) sum += part;
            put(c, size_t(j) * ldc + i, sum, numbers(c_type));
        }
    return SUCCESS;
}

int curandCreateGenerator(void **generator, int) { return *generator = new int, SUCCESS; }
int curandDestroyGenerator(void *generator) { return delete static_cast<int *>(generator), SUCCESS; }
int curandSetStream(void *, void *) { return SUCCESS; }
int curandSetPseudoRandomGeneratorSeed(void *, unsigned long long) { return SUCCESS; }

} // extern "C"
