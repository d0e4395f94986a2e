// Counts what a training step takes from the heap: nothing, once the tape has seen the longest
// document. The operators below replace those of this whole executable.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "../support/corpus.hpp"
#include "../support/gpts.hpp"
#include "microgpt/training/trainer.hpp"

namespace {
std::size_t allocation_count = 0;

void* counted(void* memory) {
  ++allocation_count;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

// Out of line: inlined, they look to the compiler like new paired with free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return counted(std::malloc(std::max<std::size_t>(size, 1)));
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return counted(std::malloc(std::max<std::size_t>(size, 1)));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace microgpt::test {

using namespace training;
namespace {

TEST(Allocation, the_counter_counts) {
  const std::size_t before = allocation_count;
  ::operator delete(::operator new(100));
  EXPECT_EQ(allocation_count, before + 1);
}

template <class Real>
class Allocation : public ::testing::Test {};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Allocation, Precisions);

TYPED_TEST(Allocation, a_training_step_takes_nothing_after_the_first_round) {
  const Documents documents = some_names();
  const GptConfig plain = {.n_layer = 2};
  const GptConfig every_gene = {.n_layer = 2,
                                .activation = Activation::swiglu,
                                .position = Position::both,
                                .qk_norm = true,
                                .tie = true,
                                .lookback = 2,
                                .ngram = 3,
                                .ngram_rows = 64};
  for (const auto& [config, batch] :
       {std::pair(plain, 1U), {plain, 7U}, {every_gene, 1U}, {every_gene, 7U}}) {
    SomeGpt<TypeParam> some(config, 1);
    Trainer<TypeParam> trainer(some.gpt, documents,
                               {.steps = 10 * documents.size(),
                                .batch = batch,
                                .dropout = config.tie ? 0.1 : 0.0,
                                .ngram_dropout = config.tie ? 0.5 : 0.0});
    while (trainer.steps_done() < documents.size()) trainer.step();
    const std::size_t before = allocation_count;
    // The tape takes its memory without operator new; if it grew, its numbers would have moved.
    const TypeParam* const data = some.gpt.weights().data();
    const TypeParam* const gradients = some.gpt.gradients().data();
    trainer.run();
    EXPECT_EQ(allocation_count, before);
    EXPECT_EQ(some.gpt.weights().data(), data);
    EXPECT_EQ(some.gpt.gradients().data(), gradients);
  }
}

}  // namespace
}  // namespace microgpt::test
