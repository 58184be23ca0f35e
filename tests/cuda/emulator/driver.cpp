// The part of the CUDA driver that the program uses, on the CPU: memory with guards, one stream that does everything at once, and kernels
// that run thread after thread.
#include "registry.h"
#include "cuda_on_cpu.h"

#include <csetjmp>
#include <ctime>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <ucontext.h>
#include <vector>

namespace {

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500 };

std::recursive_mutex one_at_a_time;

// ---- memory ------------------------------------------------------------------------------------------------------------------------------

constexpr size_t GUARD = 256;
constexpr unsigned char UNTOUCHED = 0xa5;
// A room of more bytes is not filled, so that memory that nobody uses can be had without taking the machine's.
constexpr size_t FILLED = size_t{256} << 20;

struct Room {
    size_t bytes;
};

std::map<uintptr_t, Room> rooms;
size_t in_use = 0;
// What the pool keeps of the device's memory, in use or not.
size_t kept = 0;

size_t all_memory() {
    const char *limit = std::getenv("EMULATED_MEMORY");
    return limit ? std::strtoull(limit, nullptr, 10) : size_t{16} << 30;
}

void check_guard(uintptr_t at, const Room &room) {
    const auto *guard = reinterpret_cast<const unsigned char *>(at + room.bytes);
    for (size_t i = 0; i < GUARD; i++) {
        if (guard[i] == UNTOUCHED) continue;
        std::fprintf(stderr, "emulator: written %zu bytes behind a room of %zu bytes\n", i, room.bytes);
        std::abort();
    }
}

int allocate(uintptr_t *at, size_t bytes) {
    if (bytes == 0) return INVALID_VALUE;
    if (in_use + bytes > all_memory()) return OUT_OF_MEMORY;
    auto *room = static_cast<unsigned char *>(std::aligned_alloc(256, (bytes + GUARD + 255) / 256 * 256));
    if (!room) return OUT_OF_MEMORY;
    // What is read before it is written shows: all ones are no number.
    if (bytes <= FILLED) std::memset(room, 0xff, bytes);
    std::memset(room + bytes, UNTOUCHED, GUARD);
    *at = reinterpret_cast<uintptr_t>(room);
    rooms[*at] = {bytes};
    in_use += bytes;
    if (kept < in_use) kept = in_use;
    return SUCCESS;
}

int release(uintptr_t at) {
    const auto found = rooms.find(at);
    if (found == rooms.end()) return INVALID_VALUE;
    check_guard(at, found->second);
    in_use -= found->second.bytes;
    rooms.erase(found);
    std::free(reinterpret_cast<void *>(at));
    return SUCCESS;
}

// All of a copy lies in one room.
int check_range(uintptr_t at, size_t bytes) {
    auto found = rooms.upper_bound(at);
    if (found == rooms.begin()) return INVALID_VALUE;
    --found;
    return at + bytes <= found->first + found->second.bytes ? SUCCESS : INVALID_VALUE;
}

// ---- threads of a block ------------------------------------------------------------------------------------------------------------------

constexpr size_t STACK = 1 << 16;

// A thread that can stop at a barrier and go on there.
struct Fiber {
    std::vector<char> stack = std::vector<char>(STACK);
    ucontext_t start;
    jmp_buf place;
    bool begun = false, done = false;
};

ucontext_t back;
jmp_buf scheduler;
Fiber *running = nullptr;
const Kernel *kernel = nullptr;
void **arguments = nullptr;

void body() {
    kernel->run(arguments);
    running->done = true;
    _longjmp(scheduler, 1);
}

// Runs a fiber until its next barrier or its end.
void go_on(Fiber &fiber) {
    running = &fiber;
    if (_setjmp(scheduler) == 0) {
        if (fiber.begun) _longjmp(fiber.place, 1);
        fiber.begun = true;
        getcontext(&fiber.start);
        fiber.start.uc_stack.ss_sp = fiber.stack.data();
        fiber.start.uc_stack.ss_size = fiber.stack.size();
        fiber.start.uc_link = &back;
        makecontext(&fiber.start, body, 0);
        setcontext(&fiber.start);
    }
    running = nullptr;
}

void run_block(unsigned threads) {
    static std::vector<Fiber> fibers;
    if (fibers.size() < threads) fibers.resize(threads);
    auto restart = [](Fiber &fiber) { fiber.begun = fiber.done = false; };
    // The first thread shows whether there are barriers: all threads come to the same ones.
    threadIdx = {0, 0, 0};
    restart(fibers[0]);
    go_on(fibers[0]);
    if (fibers[0].done) {
        for (unsigned i = 1; i < threads; i++) {
            threadIdx = {i, 0, 0};
            kernel->run(arguments);
        }
        return;
    }
    for (unsigned i = 1; i < threads; i++) {
        threadIdx = {i, 0, 0};
        restart(fibers[i]);
        go_on(fibers[i]);
    }
    bool done = false;
    while (!done) {
        done = true;
        for (unsigned i = 0; i < threads; i++) {
            threadIdx = {i, 0, 0};
            if (!fibers[i].done) go_on(fibers[i]);
            done = done && fibers[i].done;
        }
    }
}

int word(int *to, int value) {
    *to = value;
    return SUCCESS;
}

} // namespace

Index threadIdx, blockIdx;

void __syncthreads() {
    if (!running) {
        std::fprintf(stderr, "emulator: %s has a barrier that not all threads come to\n", kernel->name);
        std::abort();
    }
    if (_setjmp(running->place) == 0) _longjmp(scheduler, 1);
}

extern "C" {

int cuInit(unsigned) { return SUCCESS; }
int cuDriverGetVersion(int *version) { return word(version, 13000); }
int cuDeviceGetCount(int *count) { return word(count, 1); }
int cuDeviceGet(int *device, int ordinal) { return ordinal == 0 ? word(device, 0) : INVALID_VALUE; }
int cuDeviceGetName(char *name, int length, int) { return std::snprintf(name, length, "emulated GPU") < length ? SUCCESS : INVALID_VALUE; }
int cuDeviceGetPCIBusId(char *place, int length, int) { return std::snprintf(place, length, "0000:00:00.0") < length ? SUCCESS : INVALID_VALUE; }
int cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = all_memory(), SUCCESS; }

int cuDeviceGetAttribute(int *value, int attribute, int) {
    switch (attribute) {
    case 75: return word(value, 9);  // compute capability, major
    case 76: return word(value, 0);  // minor
    case 115: return word(value, 1); // memory pools
    default: return word(value, 1);
    }
}

int cuDevicePrimaryCtxRetain(void **context, int) { return *context = &rooms, SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxSetCurrent(void *) { return SUCCESS; }
int cuCtxGetCurrent(void **context) { return *context = &rooms, SUCCESS; }
int cuCtxSynchronize() { return SUCCESS; }
int cuMemGetInfo_v2(size_t *free, size_t *total) { return *total = all_memory(), *free = *total - kept, SUCCESS; }
int cuDeviceGetDefaultMemPool(void **pool, int) { return *pool = &rooms, SUCCESS; }
int cuMemPoolSetAttribute(void *, int, void *) { return SUCCESS; }
int cuMemPoolTrimTo(void *, size_t bytes) { return kept = in_use > bytes ? in_use : bytes, SUCCESS; }

int cuStreamCreate(void **stream, unsigned) { return *stream = &in_use, SUCCESS; }
int cuStreamDestroy_v2(void *) { return SUCCESS; }
int cuStreamSynchronize(void *) {
    std::lock_guard lock(one_at_a_time);
    for (const auto &[at, room] : rooms) check_guard(at, room);
    return SUCCESS;
}
int cuStreamWaitEvent(void *, void *, unsigned) { return SUCCESS; }
int cuStreamIsCapturing(void *, int *status) { return word(status, 0); }

int cuMemAlloc_v2(uintptr_t *at, size_t bytes) {
    std::lock_guard lock(one_at_a_time);
    return allocate(at, bytes);
}
int cuMemAllocAsync(uintptr_t *at, size_t bytes, void *) { return cuMemAlloc_v2(at, bytes); }
int cuMemFree_v2(uintptr_t at) {
    std::lock_guard lock(one_at_a_time);
    return release(at);
}
int cuMemFreeAsync(uintptr_t at, void *) { return cuMemFree_v2(at); }

int cuMemsetD8Async(uintptr_t at, unsigned char value, size_t bytes, void *) {
    std::lock_guard lock(one_at_a_time);
    if (check_range(at, bytes)) return INVALID_VALUE;
    std::memset(reinterpret_cast<void *>(at), value, bytes);
    return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t bytes, void *) {
    std::lock_guard lock(one_at_a_time);
    if (check_range(to, bytes)) return INVALID_VALUE;
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return SUCCESS;
}
int cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t bytes, void *) {
    std::lock_guard lock(one_at_a_time);
    if (check_range(from, bytes)) return INVALID_VALUE;
    std::memcpy(to, reinterpret_cast<void *>(from), bytes);
    return SUCCESS;
}
int cuMemcpyDtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void *) {
    std::lock_guard lock(one_at_a_time);
    if (check_range(from, bytes) || check_range(to, bytes)) return INVALID_VALUE;
    std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
    return SUCCESS;
}

struct Event {
    timespec at;
};

int cuEventCreate(Event **event, unsigned) { return *event = new Event{}, SUCCESS; }
int cuEventDestroy_v2(Event *event) { return delete event, SUCCESS; }
int cuEventRecord(Event *event, void *) { return clock_gettime(CLOCK_MONOTONIC, &event->at), SUCCESS; }
int cuEventSynchronize(Event *) { return SUCCESS; }
int cuEventElapsedTime(float *ms, Event *start, Event *end) {
    *ms = static_cast<float>(double(end->at.tv_sec - start->at.tv_sec) * 1e3 + double(end->at.tv_nsec - start->at.tv_nsec) / 1e6);
    return SUCCESS;
}
int cuEventElapsedTime_v2(float *ms, Event *start, Event *end) { return cuEventElapsedTime(ms, start, end); }

int cuModuleLoadData(void **module, const void *) { return *module = &rooms, SUCCESS; }
int cuModuleUnload(void *) { return SUCCESS; }
int cuModuleGetFunction(const Kernel **function, void *, const char *name) {
    for (const Kernel *kernel = KERNELS; kernel->name; kernel++)
        if (!std::strcmp(kernel->name, name)) return *function = kernel, SUCCESS;
    std::fprintf(stderr, "emulator: there is no kernel %s\n", name);
    return NOT_FOUND;
}

int cuLaunchKernel(const Kernel *function, unsigned width, unsigned height, unsigned depth, unsigned threads, unsigned rows, unsigned planes,
                   unsigned, void *, void **parameters, void **) {
    std::lock_guard lock(one_at_a_time);
    if (!width || !height || depth != 1 || !threads || rows != 1 || planes != 1) return INVALID_VALUE;
    kernel = function;
    arguments = parameters;
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            blockIdx = {x, y, 0};
            run_block(threads);
        }
    }
    return SUCCESS;
}

int cuGetErrorName(int, const char **name) { return *name = "emulated error", SUCCESS; }
int cuGetErrorString(int error, const char **text) {
    return *text = error == OUT_OF_MEMORY ? "out of memory" : "emulated error", SUCCESS;
}

} // extern "C"
