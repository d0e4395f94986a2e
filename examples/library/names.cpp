// A GPT, trained on the names of a file and asked for new ones.
// usage: names FILE
#include <fmt/format.h>

#include "microgpt/model/sampler.hpp"
#include "microgpt/training/scoring.hpp"
#include "microgpt/training/trainer.hpp"

using namespace microgpt::training;

int main(int argc, char** argv) try {
  require(argc == 2, "usage: names FILE");
  const Dataset dataset = load_dataset(argv[1], /*seed=*/1);  // split into three parts

  // All numbers stand on a tape; the weights of the GPT come first, and stay.
  Tape<float> tape;
  Gpt<float> gpt(tape, {.n_vocab = dataset.vocabulary.size(),
                        .n_emb = 32,
                        .n_ctx = 16,
                        .n_layer = 1,
                        .n_head = 4,
                        .n_ff_exp = 4});
  Rng weights(1, Stream::weights, 0);
  gpt.initialise(weights);

  Trainer<float> trainer(gpt, dataset.training, {.steps = 1000, .batch = 8, .learning_rate = 0.01});
  while (!trainer.finished()) {
    const double loss = trainer.step();
    if (trainer.steps_done() % 250 == 0) {
      fmt::print("step {:4}: loss {:.3f}\n", trainer.steps_done(), loss);
    }
  }
  fmt::print("on names that it has not seen: {:.3f} nats per character\n",
             held_out_loss(gpt, dataset.test));

  for (std::uint64_t i = 0; i < 5; ++i) {
    Rng rng(1, Stream::names, i);  // each name has random numbers of its own
    const auto name = sample(gpt, dataset.vocabulary.delimiter(), {.temperature = 0.8}, rng);
    fmt::print("{}\n", dataset.vocabulary.decode(name));
  }
} catch (const Error& error) {
  fmt::print(stderr, "names: {}\n", error.what());
  return 2;
}
