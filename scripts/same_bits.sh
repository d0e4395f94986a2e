#!/usr/bin/env bash
# The golden runs in builds that differ in everything but the result: no optimisation, sanitizers,
# and, where they are installed, another compiler (clang) and another processor (aarch64 with NEON,
# emulated: packages g++-aarch64-linux-gnu, qemu-user-static and, for that architecture, libhwy-dev,
# nettle-dev, libutf8proc-dev, libfmt-dev, libgtest-dev). Takes some twenty
# minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# golden NAME OPTIONS...: configures a build of its own, builds the golden test and runs it.
golden() {
    local name=$1
    shift
    cmake -S . -B "build-bits-$name" -G Ninja -DMICROGPT_BUILD_BENCH=OFF -DMICROGPT_BUILD_APPS=OFF "$@" >"build-bits-$name.log"
    cmake --build "build-bits-$name" --target training_test evolution_test >>"build-bits-$name.log"
    "build-bits-$name/bin/training_test" --gtest_filter='Golden.*' --gtest_brief=1
    "build-bits-$name/bin/evolution_test" --gtest_filter='Golden.*' --gtest_brief=1
    echo "same_bits: $name: the same"
    rm "build-bits-$name.log"
}

install_packages
golden O0 -DCMAKE_BUILD_TYPE=Debug
golden asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMICROGPT_SANITIZE=address,undefined
golden march -DCMAKE_BUILD_TYPE=Release -DMICROGPT_MARCH=x86-64-v3
if command -v clang++ >/dev/null; then
    golden clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++
else
    echo "same_bits: clang++ is not installed, so it was not tried"
fi
if command -v aarch64-linux-gnu-g++ qemu-aarch64-static >/dev/null; then
    # Straight from the sources: the other layers need an MPI of that architecture.
    mkdir -p build-aarch64
    aarch64-linux-gnu-g++ -std=c++20 -O2 -ffp-contract=off -Wno-psabi -DMICROGPT_VERSION='"same_bits"' \
        -Iinclude -Isrc -Isrc/autograd -idirafter /usr/include \
        src/core/*.cpp src/autograd/*.cpp src/autograd/ops/*.cpp src/model/*.cpp \
        src/training/*.cpp tests/training/golden_test.cpp \
        -o build-aarch64/golden_test -lgtest -lgtest_main -lhwy -lfmt -lnettle -lutf8proc
    qemu-aarch64-static build-aarch64/golden_test --gtest_brief=1
    echo "same_bits: aarch64: the same"
else
    echo "same_bits: no compiler and emulator for aarch64 are installed, so it was not tried"
fi
