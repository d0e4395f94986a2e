#include "messages.hpp"
#include "ranks.hpp"
#include "run_trial.hpp"

namespace microgpt::cluster {

namespace {

/// What the coordinator says next.
template <class Order>
Order next_order(const boost::mpi::communicator& group, Heartbeat& heartbeat) {
  wait_with_backoff(group, 0, kOrderTag, [&] { heartbeat.tick(); });
  Order order{};
  group.recv(0, kOrderTag, order);
  return order;
}

}  // namespace

void work_on_demand(const boost::mpi::communicator& group, const EvaluateFunction& function,
                    int rank, Heartbeat& heartbeat) {
  while (true) {
    const auto order = next_order<WorkOrder>(group, heartbeat);
    if (order.dismissed) return;
    try {
      group.send(0, kReportTag,
                 WorkReport{.has_trial = true, .trial = run_trial(order.task, function, rank)});
    } catch (const Dismissed&) {  // the order says so too, and is read next
    }
  }
}

void work_in_waves(const boost::mpi::communicator& group, const EvaluateFunction& function,
                   int rank, Heartbeat& heartbeat) {
  while (next_order<Wave>(group, heartbeat) == Wave::scatter) {
    WorkOrder order;
    boost::mpi::scatter(group, order, 0);
    WorkReport report{.has_trial = order.has_task};
    try {
      if (order.has_task) report.trial = run_trial(order.task, function, rank);
    } catch (const Dismissed&) {
      continue;  // the next order says so too
    }
    group.send(0, kReportTag);  // it waits for that with heartbeats, as it could not in gather
    if (next_order<Wave>(group, heartbeat) == Wave::over) return;
    boost::mpi::gather(group, report, 0);
  }
}

}  // namespace microgpt::cluster
