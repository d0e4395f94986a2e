#include "microgpt/cluster/island_channel.hpp"

#include <chrono>
#include <deque>
#include <exception>
#include <thread>

#include "messages.hpp"
#include "microgpt/core/error.hpp"
#include "ranks.hpp"

namespace microgpt::cluster {

namespace {

class LocalChannel final : public IslandChannel {
 public:
  void send(const Migrant& migrant) override { letters_.emplace_back(migrant); }
  void send(const GenerationReport& news) override { letters_.emplace_back(news); }

  std::optional<Message> look() override {
    if (letters_.empty()) return std::nullopt;
    Message letter = std::move(letters_.front());
    letters_.pop_front();
    return letter;
  }

  Message wait() override {
    require(!letters_.empty(), "waiting for a letter that nobody will send");
    return *look();
  }

 private:
  std::deque<Message> letters_;
};

/// Between processes. What a coordinator sends to itself does not travel. Sending never waits: the
/// one who shall receive may be busy with its workers, or be sending itself.
class RankChannel final : public IslandChannel {
 public:
  RankChannel(const boost::mpi::communicator& coordinators, Heartbeat& pulse)
      : coordinators_(coordinators), pulse_(pulse) {}

  /// Waits until all letters are on their way; not if the run breaks off, and nobody reads them.
  ~RankChannel() override {
    const int unwinding = std::uncaught_exceptions();
    while (unwinding == 0 && !all_have_left()) {
      pulse_.tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void send(const Migrant& migrant) override {
    const int to = static_cast<int>(migrant.island) % coordinators_.size();
    if (to == coordinators_.rank()) {
      own_.send(migrant);
    } else {
      post(to, kMigrantTag, migrant);
    }
  }

  void send(const GenerationReport& news) override {
    if (coordinators_.rank() == 0) {
      own_.send(news);
    } else {
      post(0, kGenerationReportTag, news);
    }
  }

  std::optional<Message> look() override {
    if (std::optional<Message> own = own_.look()) return own;
    const auto status = coordinators_.iprobe(boost::mpi::any_source, boost::mpi::any_tag);
    if (!status) return std::nullopt;
    return receive(*status);
  }

  Message wait() override {
    if (std::optional<Message> own = own_.look()) return *own;
    return receive(wait_with_backoff(coordinators_, boost::mpi::any_source, boost::mpi::any_tag,
                                     [&] { pulse_.tick(); }));
  }

 private:
  bool all_have_left() {
    std::erase_if(on_their_way_, [](boost::mpi::request& r) { return r.test().has_value(); });
    return on_their_way_.empty();
  }

  template <class T>
  void post(int to, int tag, const T& letter) {
    all_have_left();
    on_their_way_.push_back(coordinators_.isend(to, tag, letter));
  }

  Message receive(const boost::mpi::status& status) {
    if (status.tag() == kMigrantTag) return receive<Migrant>(status);
    return receive<GenerationReport>(status);
  }

  template <class T>
  T receive(const boost::mpi::status& status) {
    T letter;
    coordinators_.recv(status.source(), status.tag(), letter);
    return letter;
  }

  boost::mpi::communicator coordinators_;
  Heartbeat& pulse_;
  std::vector<boost::mpi::request> on_their_way_;
  LocalChannel own_;
};

}  // namespace

std::unique_ptr<IslandChannel> local_channel() { return std::make_unique<LocalChannel>(); }

std::unique_ptr<IslandChannel> rank_channel(const boost::mpi::communicator& coordinators,
                                            Heartbeat& pulse) {
  return std::make_unique<RankChannel>(coordinators, pulse);
}

}  // namespace microgpt::cluster
