#include "messages.hpp"
#include "ranks.hpp"
#include "timed_evaluation.hpp"

namespace microgpt {

void work_in_waves(const boost::mpi::communicator& world, const EvaluateFunction& function) {
  while (true) {
    WorkOrder order;
    boost::mpi::scatter(world, order, 0);
    if (order.dismissed) return;
    WorkReport report;
    if (order.has_task) {
      report = {.has_result = true, .result = timed_evaluation(order.task, function, world.rank())};
    }
    boost::mpi::gather(world, report, 0);
  }
}

}  // namespace microgpt
