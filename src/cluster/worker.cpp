#include "messages.hpp"
#include "ranks.hpp"
#include "timed_evaluation.hpp"

namespace microgpt {

void work_on_demand(const boost::mpi::communicator& world, const EvaluateFunction& function) {
  while (true) {
    wait_politely(world, 0, kOrderTag);
    WorkOrder order;
    world.recv(0, kOrderTag, order);
    if (order.dismissed) return;
    world.send(0, kReportTag,
               WorkReport{.has_result = true,
                          .result = timed_evaluation(order.task, function, world.rank())});
  }
}

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
