#!/usr/bin/env bash
# Makes a CUDA_HOME in DIR that has no CUDA in it: libraries under the names of NVIDIA's that do on the CPU what alexscope asks of them, with
# the operations' own kernels compiled into them. Needs g++ and cargo; run it in the repository's root.
#
#   usage: build.sh DIR
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
mkdir -p "$1/lib64" "$1/include"
dir=$(cd "$1" && pwd)
flags=(-std=c++20 -O2 -fPIC -fno-strict-aliasing -ffp-contract=off -U_FORTIFY_SOURCE -I "$here")

# Each operation's kernels in a namespace of its own, and a table of all.
objects=()
table=$dir/table.cpp
printf '#include "registry.h"\n#include <cstddef>\n' >"$table"
entries=()
for source in "$root"/src/ops/*/kernels.cu; do
  name=$(basename "$(dirname "$source")")
  wrapped=$dir/$name.cpp
  printf '#include "cuda_on_cpu.h"\n#include "registry.h"\nnamespace of_%s {\n#include "%s"\n' "$name" "$source" >"$wrapped"
  kernels=$( (cat "$wrapped"; echo '}') | g++ "${flags[@]}" -E -P -x c++ - | tr '\n' ' ' | grep -oE 'extern "C" +void +[a-z0-9_]+' | awk '{print $NF}')
  for kernel in $kernels; do
    printf 'extern "C" void run_%s(void **arguments) { invoke(&%s, arguments); }\n' "$kernel" "$kernel" >>"$wrapped"
    printf 'extern "C" void run_%s(void **);\n' "$kernel" >>"$table"
    entries+=("{\"$kernel\", run_$kernel},")
  done
  echo '}' >>"$wrapped"
  g++ "${flags[@]}" -c "$wrapped" -o "$dir/$name.o"
  objects+=("$dir/$name.o")
done
{
  echo 'const Kernel KERNELS[] = {'
  printf '  %s\n' "${entries[@]}"
  echo '  {nullptr, nullptr}};'
} >>"$table"
for source in "$table" "$here/driver.cpp" "$here/libraries.cpp"; do
  object=$dir/$(basename "$source" .cpp).o
  g++ "${flags[@]}" -O3 -c "$source" -o "$object"
  objects+=("$object")
done

# Every other function that the bindings name is there too, and ends the program with its name.
crate() {
  dirname "$(grep -oE "\"[^\"]*/$1-[0-9][^\"]*/Cargo.toml\"" <<<"$metadata" | head -1 | tr -d '"')"
}
metadata=$(cd "$root" && cargo metadata --format-version 1 --features cuda --offline 2>/dev/null)
cudarc=$(crate cudarc)
kernels=$(crate candle-kernels)
there=$(nm --defined-only "${objects[@]}" 2>/dev/null | awk '$2 == "T" {print $3}' | sort -u)
wanted=$({
  grep -ohE '\bfn (cu|nvrtc)[A-Za-z0-9_]+\(' "$cudarc"/src/{driver,cublas,cublaslt,cudnn,curand,nvrtc,runtime}/sys/mod.rs
  # candle's quantized kernels, which are a library of their own.
  grep -rohE '\bfn [a-z0-9_]+\(' "$kernels"/src --include=ffi.rs
} | sed 's/^fn //; s/($//' | sort -u)
{
  printf '#include <stdio.h>\n#include <stdlib.h>\n'
  comm -13 <(echo "$there") <(echo "$wanted") |
    while read -r name; do
      printf 'int %s(void) { fputs("emulator: %s is not emulated\\n", stderr); abort(); }\n' "$name" "$name"
    done
} >"$dir/missing.c"
gcc -O1 -fPIC -c "$dir/missing.c" -o "$dir/missing.o"

g++ -shared -Wl,-soname,libemulator.so -o "$dir/lib64/libemulator.so" "${objects[@]}" "$dir/missing.o"
for library in cuda nvrtc curand cublas cublasLt cudnn cudart; do
  ln -sf libemulator.so "$dir/lib64/lib$library.so"
done
echo "$dir: $(wc -w <<<"$(printf '%s ' "${entries[@]}")" | awk '{print $1 / 2}') kernels"
