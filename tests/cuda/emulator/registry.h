// Kernels by their names.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

struct Kernel {
    const char *name;
    void (*run)(void **arguments);
};

// All kernels, ended by one without a name; made by build.sh.
extern const Kernel KERNELS[];

// Calls a kernel with arguments as cuLaunchKernel takes them: a pointer to each.
template <typename... A>
void invoke(void (*kernel)(A...), void **arguments) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        kernel(*static_cast<std::remove_const_t<A> *>(arguments[i])...);
    }(std::index_sequence_for<A...>{});
}
