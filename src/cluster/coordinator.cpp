#include <algorithm>

#include "messages.hpp"
#include "ranks.hpp"

namespace microgpt {

namespace {

/// Scatters tasks and gathers results, as many at a time as there are workers.
class WaveEvaluator final : public Evaluator {
 public:
  explicit WaveEvaluator(const boost::mpi::communicator& world) : world_(world) {}

  ~WaveEvaluator() override {
    std::vector<WorkOrder> orders(ranks(), WorkOrder{.dismissed = true, .task = {}});
    WorkOrder own;
    boost::mpi::scatter(world_, orders, own, 0);
  }

  std::vector<TimedResult> evaluate(std::span<const Task> tasks) override {
    std::vector<TimedResult> results;
    while (!tasks.empty()) {
      const std::size_t count = std::min(tasks.size(), ranks() - 1);
      run_wave(tasks.first(count), results);
      tasks = tasks.subspan(count);
    }
    return results;
  }

 private:
  std::size_t ranks() const { return static_cast<std::size_t>(world_.size()); }

  void run_wave(std::span<const Task> tasks, std::vector<TimedResult>& results) {
    std::vector<WorkOrder> orders(ranks());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      orders[i + 1] = {.dismissed = false, .has_task = true, .task = tasks[i]};
    }
    WorkOrder own_order;
    boost::mpi::scatter(world_, orders, own_order, 0);
    std::vector<WorkReport> reports;
    boost::mpi::gather(world_, WorkReport{}, reports, 0);
    for (WorkReport& report : reports) {
      if (report.has_result) results.push_back(std::move(report.result));
    }
  }

  boost::mpi::communicator world_;
};

}  // namespace

std::unique_ptr<Evaluator> wave_evaluator(const boost::mpi::communicator& world) {
  return std::make_unique<WaveEvaluator>(world);
}

}  // namespace microgpt
