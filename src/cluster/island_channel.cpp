#include "microgpt/evolution/island_channel.hpp"

#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "messages.hpp"
#include "ranks.hpp"

namespace microgpt::cluster {

namespace {

/// Between processes. Sending never waits: the receiver may be busy with its workers, or be sending
/// itself.
class RankChannel final : public IslandChannel {
 public:
  RankChannel(const boost::mpi::communicator& coordinators, Heartbeat& heartbeat)
      : coordinators_(coordinators), heartbeat_(heartbeat) {}

  /// Waits until all messages have left; not if the run breaks off, and nobody reads them.
  ~RankChannel() override {
    const int unwinding = std::uncaught_exceptions();
    while (unwinding == 0 && !all_have_left()) {
      heartbeat_.tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void send(const Migrant& migrant) override {
    post(static_cast<int>(migrant.island) % coordinators_.size(), kMigrantTag, migrant);
  }

  void send(const GenerationReport& report) override { post(0, kGenerationReportTag, report); }

  std::optional<Message> poll() override {
    const auto status = coordinators_.iprobe(boost::mpi::any_source, boost::mpi::any_tag);
    if (!status) return std::nullopt;
    return receive(*status);
  }

  Message wait() override {
    return receive(wait_with_backoff(coordinators_, boost::mpi::any_source, boost::mpi::any_tag,
                                     [&] { heartbeat_.tick(); }));
  }

 private:
  bool all_have_left() {
    std::erase_if(on_their_way_, [](boost::mpi::request& r) { return r.test().has_value(); });
    return on_their_way_.empty();
  }

  template <class T>
  void post(int to, int tag, const T& message) {
    all_have_left();
    on_their_way_.push_back(coordinators_.isend(to, tag, message));
  }

  Message receive(const boost::mpi::status& status) {
    if (status.tag() == kMigrantTag) return receive<Migrant>(status);
    return receive<GenerationReport>(status);
  }

  template <class T>
  T receive(const boost::mpi::status& status) {
    T message;
    coordinators_.recv(status.source(), status.tag(), message);
    return message;
  }

  boost::mpi::communicator coordinators_;
  Heartbeat& heartbeat_;
  std::vector<boost::mpi::request> on_their_way_;
};

}  // namespace

std::unique_ptr<IslandChannel> rank_channel(const boost::mpi::communicator& coordinators,
                                            Heartbeat& heartbeat) {
  return std::make_unique<RankChannel>(coordinators, heartbeat);
}

}  // namespace microgpt::cluster
