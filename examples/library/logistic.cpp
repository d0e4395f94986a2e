// Autograd for something other than a GPT: logistic regression on the scalar algebra. A point of
// the plane belongs to a class if it is above a line, which gradient descent finds.
#include <fmt/format.h>

#include <vector>

#include "microgpt/autograd/val.hpp"
#include "microgpt/core/random.hpp"

using namespace microgpt::autograd;

struct Point {
  double x, y, is_above;
};

std::vector<Point> some_points() {
  Rng rng(1, Stream::weights, 0);
  std::vector<Point> points;
  for (int i = 0; i < 200; ++i) {
    const double x = rng.uniform(-1, 1), y = rng.uniform(-1, 1);
    points.push_back({x, y, y > 0.5 * x + 0.2 ? 1.0 : 0.0});
  }
  return points;
}

int main() {
  const std::vector<Point> points = some_points();
  Tape<double> tape;
  // Parameters come first, and stay.
  const std::vector<Val<double>> parameters = {tape.value(0), tape.value(0), tape.value(0)};
  for (int step = 0; step <= 2000; ++step) {
    const Tape<double>::Scope scope(tape);  // takes back what the step computes
    Val<double> loss = tape.value(0);
    for (const Point& point : points) {
      const auto score = parameters[0] * point.x + parameters[1] * point.y + parameters[2];
      loss = loss + log(1.0 + exp(score)) - score * point.is_above;
    }
    loss = loss / static_cast<double>(points.size());
    tape.backward(loss);
    if (step % 500 == 0) fmt::print("step {:4}: loss {:.4f}\n", step, loss.data());
    for (const Val<double>& each : parameters) each.set(each.data() - 2 * each.grad());
  }
  const double a = parameters[0].data(), b = parameters[1].data(), c = parameters[2].data();
  fmt::print("the line: y = {:.2f} x + {:.2f}\n", -a / b, -c / b);
}
