#pragma once

#include "microgpt/layers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace microgpt::autograd {

/// A growing array of plain numbers or records, aligned to a cache line (and so to the widest
/// vector register). New elements are uninitialised; shrinking keeps the memory.
template <class T>
class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;
  /// The initial capacity: a megabyte and a half. Unused pages take address space only, and small
  /// models never have to grow a buffer.
  static constexpr std::size_t kFirst = (std::size_t{3} << 19) / sizeof(T);

  T& operator[](std::size_t i) { return memory_[i]; }
  const T& operator[](std::size_t i) const { return memory_[i]; }
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

  /// Throws std::bad_alloc. Growing invalidates pointers into the buffer.
  void resize(std::size_t size) {
    if (size > capacity_) reserve(std::max({size, capacity_ * 2, kFirst}));
    size_ = size;
  }
  void push_back(const T& element) {
    resize(size_ + 1);
    memory_[size_ - 1] = element;
  }

 private:
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };

  static constexpr std::size_t kHugePage = 2 << 20;

  void reserve(std::size_t capacity) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t wanted = capacity * sizeof(T);
    const std::size_t alignment = wanted < 2 * kHugePage ? kAlignment : kHugePage;
    const std::size_t bytes = (wanted + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    if (alignment == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
    if (size_ > 0) std::memcpy(memory, memory_.get(), size_ * sizeof(T));
    memory_.reset(static_cast<T*>(memory));
    capacity_ = capacity;
  }

  std::unique_ptr<T[], Free> memory_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace microgpt::autograd
