#include "microgpt/cluster/mail.hpp"

#include <chrono>
#include <deque>
#include <exception>
#include <thread>

#include "messages.hpp"
#include "microgpt/core/error.hpp"
#include "ranks.hpp"

namespace microgpt {

namespace {

class LocalMail final : public Mail {
 public:
  void send(const Migrant& migrant) override { letters_.emplace_back(migrant); }
  void send(const News& news) override { letters_.emplace_back(news); }

  std::optional<Letter> look() override {
    if (letters_.empty()) return std::nullopt;
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    return letter;
  }

  Letter wait() override {
    require(!letters_.empty(), "waiting for a letter that nobody will send");
    return *look();
  }

 private:
  std::deque<Letter> letters_;
};

/// Between processes. What a coordinator sends to itself does not travel. Sending never waits: the
/// one who shall receive may be busy with its workers, or be sending itself.
class RankMail final : public Mail {
 public:
  RankMail(const boost::mpi::communicator& coordinators, Pulse& pulse)
      : coordinators_(coordinators), pulse_(pulse) {}

  /// Waits until all letters are on their way; not if the run breaks off, and nobody reads them.
  ~RankMail() override {
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

  void send(const News& news) override {
    if (coordinators_.rank() == 0) {
      own_.send(news);
    } else {
      post(0, kNewsTag, news);
    }
  }

  std::optional<Letter> look() override {
    if (std::optional<Letter> own = own_.look()) return own;
    const auto status = coordinators_.iprobe(boost::mpi::any_source, boost::mpi::any_tag);
    if (!status) return std::nullopt;
    return receive(*status);
  }

  Letter wait() override {
    if (std::optional<Letter> own = own_.look()) return *own;
    return receive(wait_politely(coordinators_, boost::mpi::any_source, boost::mpi::any_tag,
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

  Letter receive(const boost::mpi::status& status) {
    if (status.tag() == kMigrantTag) return receive<Migrant>(status);
    return receive<News>(status);
  }

  template <class T>
  T receive(const boost::mpi::status& status) {
    T letter;
    coordinators_.recv(status.source(), status.tag(), letter);
    return letter;
  }

  boost::mpi::communicator coordinators_;
  Pulse& pulse_;
  std::vector<boost::mpi::request> on_their_way_;
  LocalMail own_;
};

}  // namespace

std::unique_ptr<Mail> local_mail() { return std::make_unique<LocalMail>(); }

std::unique_ptr<Mail> rank_mail(const boost::mpi::communicator& coordinators, Pulse& pulse) {
  return std::make_unique<RankMail>(coordinators, pulse);
}

}  // namespace microgpt
