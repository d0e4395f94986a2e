#include "messages.hpp"
#include "ranks.hpp"
#include "timed_evaluation.hpp"

namespace microgpt::cluster {

void work_on_demand(const boost::mpi::communicator& group, const EvaluateFunction& function,
                    int rank, Heartbeat& pulse) {
  while (true) {
    wait_with_backoff(group, 0, kOrderTag, [&] { pulse.tick(); });
    WorkOrder order;
    group.recv(0, kOrderTag, order);
    if (order.dismissed) return;
    try {
      group.send(
          0, kReportTag,
          WorkReport{.has_result = true, .result = timed_evaluation(order.task, function, rank)});
    } catch (const Dismissed&) {  // the order says so too, and is read next
    }
  }
}

void work_in_waves(const boost::mpi::communicator& group, const EvaluateFunction& function,
                   int rank) {
  while (true) {
    WorkOrder order;
    boost::mpi::scatter(group, order, 0);
    if (order.dismissed) return;
    WorkReport report;
    if (order.has_task) {
      report = {.has_result = true, .result = timed_evaluation(order.task, function, rank)};
    }
    boost::mpi::gather(group, report, 0);
  }
}

}  // namespace microgpt::cluster
